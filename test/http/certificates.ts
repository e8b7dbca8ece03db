/** Certificates as operators make them, with openssl; and a client that shows them. */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Certificate {
  /** PEM */
  readonly certificate: string;
  /** PEM */
  readonly key: string;
  /** SHA-256 of the DER, 64 hex digits. */
  readonly sha256: string;
}

export interface Authority extends Certificate {
  /** @param names as openssl takes them: `DNS:edge.example,URI:spiffe://example/edge` */
  issue(names: string, usage?: 'clientAuth' | 'serverAuth'): Promise<Certificate>;
}

const run = promisify(execFile);
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];

export async function createAuthority(): Promise<Authority> {
  const root = await make([], ['basicConstraints=critical,CA:TRUE']);
  return {
    ...root,
    issue: (names, usage = 'clientAuth') =>
      make([root], ['basicConstraints=CA:FALSE', `subjectAltName=${names}`, `extendedKeyUsage=${usage}`]),
  };
}

/** A certificate that nobody else stands for. */
export const selfSigned = (names: string) => make([], ['basicConstraints=CA:FALSE', `subjectAltName=${names}`]);

async function make(by: readonly Certificate[], extensions: readonly string[]): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'audgate-certificates-'));
  const file = (name: string) => join(folder, name);
  try {
    const signed: string[] = [];
    for (const { certificate, key } of by) {
      await writeFile(file('ca.pem'), certificate);
      await writeFile(file('ca.key'), key);
      signed.push('-CA', file('ca.pem'), '-CAkey', file('ca.key'));
    }
    const added = extensions.flatMap((extension) => ['-addext', extension]);
    const out = ['-keyout', file('key'), '-out', file('pem'), '-subj', '/CN=audgate test'];
    await run('openssl', ['req', '-x509', ...NEW_KEY, ...out, ...signed, ...added]);
    const certificate = await readFile(file('pem'), 'utf8');
    const sha256 = new X509Certificate(certificate).fingerprint256.replaceAll(':', '');
    return { certificate, key: await readFile(file('key'), 'utf8'), sha256 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface Asking {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; then it is a POST. */
  readonly body?: object;
  /** Of the client. */
  readonly certificate?: Certificate;
  /** What the server's certificate is verified with. */
  readonly ca: string;
}

/** One request over a connection of its own. @returns its status and body */
export function askOverTls(port: number, { path = '/v1/status', headers = {}, body, certificate, ca }: Asking) {
  const method = body === undefined ? 'GET' : 'POST';
  const sent = body === undefined ? {} : { 'content-type': 'application/json' };
  const shown = certificate && { cert: certificate.certificate, key: certificate.key };
  return new Promise<{ readonly status: number | undefined; readonly body: string }>((resolve, reject) => {
    const options = {
      port,
      host: '127.0.0.1',
      method,
      path,
      headers: { ...sent, ...headers },
      agent: false,
      ca,
      ...shown,
    };
    request(options, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      answer.on('end', () => resolve({ status: answer.statusCode, body: text }));
    })
      .on('error', reject)
      .end(body && JSON.stringify(body));
  });
}
