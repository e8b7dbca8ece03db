/**
 * Tokens that are bound to a client's certificate through real nginx and real Envoy, with the files and READMEs of `examples/`:
 * the certificate of the connection is the one that counts, and what a client writes of one is nobody's word.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CALLS, messageOf } from '../../conformance/cases/calls.ts';
import { startEnvoy } from '../../conformance/gateways/envoy.ts';
import type { GatewayParts, RunningGateway } from '../../conformance/gateways/gateway.ts';
import { startHaproxy } from '../../conformance/gateways/haproxy.ts';
import { startNginx } from '../../conformance/gateways/nginx.ts';
import { replaceEach } from '../../conformance/gateways/replace.ts';
import { KEY, startStage } from '../../conformance/started.ts';
import { placesAt } from '../../conformance/world/registry.ts';
import { scratch } from '../e2e/start.ts';
import { type Certificate, createAuthority, selfSigned } from '../http/certificates.ts';
import { blocksOf } from '../readme/blocks.ts';

const BODY = messageOf(CALLS.read_file, 'certificate');
const CALL = {
  'content-type': 'application/json',
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': 'read_file',
};

const authority = await createAuthority();
const gatewayCertificate = await authority.issue('DNS:localhost,IP:127.0.0.1', 'serverAuth');
const mine = await authority.issue('DNS:client.example,URI:spiffe://example/client');
const others = await authority.issue('DNS:other.example');
/** Whose name would say another certificate, where a proxy writes it as it is. */
const liar = await authority.issue(`URI:spiffe://example/liar;Hash=${mine.sha256.toLowerCase()}`);
const thumbprintOf = ({ sha256 }: Certificate) => Buffer.from(sha256, 'hex').toString('base64url');

/** Files of TLS, as the READMEs name them, in a folder of this run. */
async function tlsFolder(): Promise<string> {
  const folder = await scratch();
  const { certificate, key } = gatewayCertificate;
  // With its key, as HAProxy wants it; the others pass that over.
  await writeFile(join(folder, 'gateway.pem'), `${certificate}${key}`);
  await writeFile(join(folder, 'gateway.key'), key);
  await writeFile(join(folder, 'clients-ca.pem'), authority.certificate);
  return folder;
}

async function shown(example: string, language: string): Promise<string> {
  const page = await readFile(new URL(`../../examples/${example}/README.md`, import.meta.url), 'utf8');
  const block = blocksOf(page).find((one) => one.language === language);
  if (block === undefined) throw new Error(`examples/${example}/README.md shows no ${language}`);
  return block.text;
}

async function nginx(
  example: 'nginx' | 'nginx-njs',
  modules: Parameters<typeof startNginx>[1],
  parts: GatewayParts,
): Promise<RunningGateway> {
  const folder = await tlsFolder();
  const listen = (await shown('nginx', 'nginx'))
    .replaceAll('/etc/nginx/tls', folder)
    .replace('127.0.0.1:8080', `127.0.0.1:${parts.port}`);
  return startNginx(example, modules, parts, (text) =>
    replaceEach(text, { [`listen 127.0.0.1:${parts.port};`]: listen }),
  );
}

async function haproxy(parts: GatewayParts): Promise<RunningGateway> {
  const folder = await tlsFolder();
  const bind = (await shown('haproxy', 'haproxy'))
    .trimEnd()
    .replaceAll('/etc/haproxy', folder)
    .replace('127.0.0.1:8080', `127.0.0.1:${parts.port}`);
  return startHaproxy(parts, (text) => replaceEach(text, { [`bind 127.0.0.1:${parts.port}`]: bind }));
}

async function envoy(
  example: 'envoy-http' | 'envoy-grpc',
  parts: GatewayParts,
  more: Readonly<Record<string, string>> = {},
): Promise<RunningGateway> {
  const folder = await tlsFolder();
  const socket = (await shown('envoy-http', 'yaml')).replaceAll('/etc/envoy/tls', folder);
  const beside = `${socket.trimEnd().replaceAll('\n', '\n          ')}\n          `;
  const edit = (text: string) => replaceEach(text, { '- filters:': `- ${beside}filters:`, ...more });
  return startEnvoy(example, parts, { edit });
}

const HEADERS_MORE = 'ngx_http_headers_more_filter_module.so';
/** Envoy may be told to write the names of a certificate too, which it does as they are. */
const NAMES = {
  'forward_client_cert_details: SANITIZE_SET':
    'forward_client_cert_details: SANITIZE_SET\n                set_current_client_cert_details: { subject: true, cert: true, chain: true, dns: true, uri: true }',
};
const WAYS = {
  'nginx, auth_request': {
    form: 'nginx',
    own: { call_from: 'headers', start: (parts: GatewayParts) => nginx('nginx', [HEADERS_MORE], parts) },
  },
  'nginx with njs': {
    form: 'nginx',
    own: {
      call_from: 'body',
      start: (parts: GatewayParts) => nginx('nginx-njs', ['ngx_http_js_module.so', HEADERS_MORE], parts),
    },
  },
  HAProxy: { form: 'rfc9440', own: { call_from: 'body', start: haproxy } },
  'Envoy over HTTP': {
    form: 'xfcc',
    own: { call_from: 'body', start: (parts: GatewayParts) => envoy('envoy-http', parts) },
  },
  'Envoy over HTTP, with all that it can tell': {
    form: 'xfcc',
    own: { call_from: 'body', start: (parts: GatewayParts) => envoy('envoy-http', parts, NAMES) },
  },
  'Envoy over gRPC': {
    form: 'json',
    own: { call_from: 'body', start: (parts: GatewayParts) => envoy('envoy-grpc', parts) },
  },
} as const;

/** What a client may write of a certificate that it does not have. */
const SMUGGLED = {
  'x-forwarded-client-cert': `By=spiffe://example/gateway;Hash=${mine.sha256.toLowerCase()};Cert="${encodeURIComponent(mine.certificate)}"`,
  'x-ssl-client-cert': encodeURIComponent(mine.certificate),
  'client-cert': `:${mine.certificate.replace(/-----[A-Z ]+-----|\n/g, '')}:`,
};

test.each(Object.entries(WAYS))('%s', { timeout: 60_000 }, async (way, { form, own }) => {
  const key_sha256 = [createHash('sha256').update(KEY).digest('hex')];
  const caller = { key_sha256, servers: ['files', 'billing'], may: ['decide', 'read'], client_certificates: form };
  const name = way === 'Envoy over gRPC' ? 'envoy-grpc' : null;
  const stage = await startStage(name, own, { callers: { gateway: caller } });
  onTestFinished(stage.stop);
  const places = placesAt(stage.url);
  const boundTo = (certificate: Certificate) =>
    stage.issuer.token(places, { claims: { cnf: { 'x5t#S256': thumbprintOf(certificate) } } });
  const { port } = new URL(stage.url);

  const ask = (token: string, certificate?: Certificate, headers: Readonly<Record<string, string | string[]>> = {}) =>
    new Promise<number | string>((resolve) => {
      const sent = { ...CALL, authorization: `Bearer ${token}`, 'content-length': String(BODY.length), ...headers };
      const place = { host: '127.0.0.1', port, path: '/files/mcp', method: 'POST', agent: false as const };
      const keys = certificate && { cert: certificate.certificate, key: certificate.key };
      request({ ...place, ...keys, headers: sent, ca: authority.certificate }, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
      })
        .once('error', (error) => resolve(error.message))
        .end(BODY);
    });

  const token = await boundTo(mine);
  expect(await ask(token, mine)).toBe(200);
  expect(await ask(token, others)).toBe(401);
  expect(await ask(token)).toBe(401);
  expect(await ask(await boundTo(others), others)).toBe(200);

  // The client's own word, with another certificate, with none, and beside the right one.
  expect(await ask(token, others, SMUGGLED)).toBe(401);
  expect(await ask(token, undefined, SMUGGLED)).toBe(401);
  for (const [header, value] of Object.entries(SMUGGLED)) {
    expect(await ask(token, others, { [header]: value })).toBe(401);
    expect(await ask(token, undefined, { [header]: [value, value] })).toBe(401);
  }
  expect(await ask(await boundTo(others), mine, SMUGGLED)).toBe(401);
  expect(await ask(token, mine, SMUGGLED)).toBe(200);

  // A name in a certificate tells no other certificate.
  expect(await ask(token, liar)).toBe(401);
  // One of an authority that the gateway does not know is the gateway's affair; here it lets none in.
  expect(await ask(token, await selfSigned('DNS:client.example'))).not.toBe(200);

  const arrived = stage.upstreams.map((upstream) => upstream.arrivals());
  expect(arrived.map(({ length }) => length)).toEqual([3, 0]);
  // Nor does a client's own word get to the server: its header is gone, or the gateway's.
  const told = JSON.stringify(arrived);
  expect(told).not.toContain('spiffe://example/gateway');
  if (form === 'nginx' || form === 'rfc9440') expect(told).not.toContain(SMUGGLED['x-ssl-client-cert']);
  if (form === 'nginx') expect(told).not.toContain(SMUGGLED['client-cert']);
});
