/** Client certificates through every door: only from callers that are configured to forward them, and only in their form. */
import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CERTIFICATE_FORMS, type CertificateForm } from '../../src/config/callers.ts';
import { createProofs } from '../../src/facts/proof/create.ts';
import { selfSigned } from './certificates.ts';
import { envoyAt } from './gateways/grpc/envoy.ts';
import { serveGrpc } from './gateways/grpc/serve.ts';
import { type Desk, READ, serveReal } from './gateways/real.ts';
import { ask, PROFILES, TOLD } from './gateways/request.ts';
import { caller, FILES } from './serve.ts';

const mine = await selfSigned('DNS:client.example');
const others = await selfSigned('DNS:other.example');
const X5T = Buffer.from(mine.sha256, 'hex').toString('base64url');
const BOUND = { claims: { cnf: { 'x5t#S256': X5T } } };
const KEY = 'edge-key';

const proofs = () =>
  createProofs({ max_age_seconds: 60, store: { use: () => ({ kind: 'fresh' }), status: () => null } });
const callersOf = (client_certificates?: CertificateForm) => ({
  edge: { ...caller(KEY, ['files'], ['decide', 'explain']), ...(client_certificates && { client_certificates }) },
});
const der = ({ certificate }: { readonly certificate: string }) => new X509Certificate(certificate).raw;

/** The header of each form, with this certificate in it. */
const HEADER: Readonly<Record<'xfcc' | 'nginx' | 'rfc9440', (of: typeof mine) => string>> = {
  xfcc: ({ sha256 }) => `X-Forwarded-Client-Cert: Hash=${sha256.toLowerCase()}`,
  nginx: ({ certificate }) => `X-SSL-Client-Cert: ${encodeURIComponent(certificate)}`,
  rfc9440: (of) => `Client-Cert: :${der(of).toString('base64')}:`,
};
const FORMS = Object.entries(HEADER) as readonly (readonly [keyof typeof HEADER, (of: typeof mine) => string])[];
const ALL = (of: typeof mine) => FORMS.map(([, header]) => header(of));

const codes = ({ events }: Pick<Desk, 'events'>) => events.at(-1)?.decision.reasons.map(({ code }) => code);

describe.each(PROFILES)('the adapter %s', (profile) => {
  const open = async (form?: CertificateForm) => {
    const real = await serveReal({ proofs: proofs(), callers: callersOf(form) });
    const token = await real.token('files', BOUND);
    const send = async (...headers: readonly string[]) => {
      const all = [...(TOLD[profile] ?? []), `X-Audgate-Key: ${KEY}`, `Authorization: Bearer ${token}`, ...headers];
      const { status } = await ask(real.port, { target: `/v1/gateways/${profile}/files`, body: READ, headers: all });
      return [status, ...(codes(real) ?? [])];
    };
    return { real, send };
  };

  test.each(FORMS)('takes %s from a caller that forwards in it, and nothing else', async (form, header) => {
    const { real, send } = await open(form);
    expect(await send(header(mine))).toEqual([200]);
    expect(await send(header(others))).toEqual([401, 'certificate_mismatch']);
    expect(await send()).toEqual([401, 'certificate_missing']);
    expect(await send(header(mine), header(mine))).toEqual([401, 'certificate_mismatch']);
    const foreign = FORMS.filter(([name]) => name !== form).map(([, of]) => of(mine));
    expect(await send(...foreign)).toEqual([401, 'certificate_missing']);
    expect(await send(header(others), ...foreign)).toEqual([401, 'certificate_mismatch']);
    // Thumbprints may be recorded, certificates never.
    const recorded = JSON.stringify(real.events);
    for (const one of [mine, others]) {
      expect(recorded).not.toContain(der(one).toString('base64').slice(40, 80));
      expect(recorded).not.toContain(encodeURIComponent(one.certificate).slice(60, 120));
    }
  });

  test.each(['none', 'json', undefined] as const)('looks at no header of a caller with %s', async (form) => {
    const { send } = await open(form);
    expect(await send(...ALL(mine))).toEqual([401, 'certificate_missing']);
  });
});

test('an adapter without configured callers looks at no header: anyone may have sent it', async () => {
  const real = await serveReal({ proofs: proofs() });
  const headers = [`Authorization: Bearer ${await real.token('files', BOUND)}`, ...ALL(mine)];
  const { status } = await ask(real.port, { target: '/v1/gateways/envoy/files', body: READ, headers });
  expect([status, codes(real)]).toEqual([401, ['certificate_missing']]);
});

describe('gRPC', () => {
  const open = async (form?: CertificateForm) => {
    const served = await serveGrpc({ proofs: proofs(), callers: callersOf(form) });
    const envoy = envoyAt(served.listening.address);
    const token = await served.token('files', BOUND);
    return async (certificate: string, ...lines: readonly string[]) => {
      const all = [`authorization: Bearer ${token}`, ...lines];
      const headers = all.map((line) => {
        const at = line.indexOf(': ');
        return { key: line.slice(0, at).toLowerCase(), raw_value: Buffer.from(line.slice(at + 2)) };
      });
      const http = { method: 'POST', path: '/mcp', header_map: { headers }, raw_body: Buffer.from(READ) };
      const metadata = [['x-audgate-key', KEY]] as const;
      const answer = await envoy.check({ route: { audgate_server: 'files' }, http, metadata, certificate });
      return [answer.status.code ?? 0, ...(codes(served) ?? [])];
    };
  };
  const escaped = (of: typeof mine) => encodeURIComponent(of.certificate);

  test('takes the certificate of the question from a caller with json, and no header', async () => {
    const check = await open('json');
    expect(await check(escaped(mine))).toEqual([0]);
    expect(await check(escaped(mine), ...ALL(others))).toEqual([0]);
    expect(await check(escaped(others), ...ALL(mine))).toEqual([16, 'certificate_mismatch']);
    expect(await check('', ...ALL(mine))).toEqual([16, 'certificate_missing']);
    expect(await check('%zz')).toEqual([16, 'certificate_mismatch']);
  });

  test.each(FORMS)('takes %s from a caller that forwards in it, and not that of the question', async (form, header) => {
    const check = await open(form);
    expect(await check('', header(mine))).toEqual([0]);
    expect(await check(escaped(others), header(mine))).toEqual([0]);
    expect(await check(escaped(mine))).toEqual([16, 'certificate_missing']);
    expect(await check(escaped(mine), header(others))).toEqual([16, 'certificate_mismatch']);
  });

  test('looks at nothing of a caller that forwards none', async () => {
    const check = await open();
    expect(await check(escaped(mine), ...ALL(mine))).toEqual([16, 'certificate_missing']);
  });
});

const question = (token: string, client_certificate?: string) => ({
  ...{ server: FILES, token, call: { method: 'tools/call', tool: 'read_file', arguments: {} } },
  ...(client_certificate !== undefined && { proof: { client_certificate } }),
});
const evaluation = (token: string, client_certificate?: string) => ({
  subject: {
    type: 'access_token',
    id: token,
    properties: { ...(client_certificate !== undefined && { client_certificate }) },
  },
  action: { name: 'tools/call', properties: { arguments: {} } },
  resource: { type: 'tool', id: 'read_file', properties: { server: FILES } },
});
interface Told {
  readonly decision?: unknown;
  readonly would_decide?: { readonly decision: string };
  readonly result?: { readonly decision: string };
}
const POINTER = '/proof/client_certificate';
const JSON_DOORS = [
  ['/v1/decide', question, POINTER],
  ['/v1/enforce', question, POINTER],
  ['/v1/explain', question, POINTER],
  [
    '/v1/data/audgate/decide',
    (...asked: Parameters<typeof question>) => ({ input: question(...asked) }),
    `/input${POINTER}`,
  ],
  ['/access/v1/evaluation', evaluation, '/subject/properties/client_certificate'],
] as const;

describe.each(JSON_DOORS)('%s', (path, body, pointer) => {
  const open = async (form?: CertificateForm, open = false) => {
    const real = await serveReal({ proofs: proofs(), ...(!open && { callers: callersOf(form) }) });
    const token = await real.token('files', BOUND);
    return async (certificate?: string) => {
      const headers = open ? {} : { 'x-audgate-key': KEY };
      const answer = await real.post(body(token, certificate), headers, path);
      const text = await answer.text();
      // The problems of APIs that are not ours look otherwise; what they say is the same.
      if (answer.status === 400) return { allowed: false, problem: text };
      if (path === '/v1/enforce') return { allowed: answer.status === 200 };
      const told = JSON.parse(text) as Told;
      const decision = told.would_decide?.decision ?? told.result?.decision ?? told.decision;
      return { allowed: decision === 'allow' || decision === true };
    };
  };

  test.each(CERTIFICATE_FORMS.filter((form) => form !== 'none'))('takes PEM from a caller with %s', async (form) => {
    const post = await open(form);
    expect(await post(mine.certificate)).toEqual({ allowed: true });
    expect(await post(others.certificate)).toEqual({ allowed: false });
    expect(await post()).toEqual({ allowed: false });
    expect(await post('')).toEqual({ allowed: false });
    expect(await post(encodeURIComponent(mine.certificate))).toEqual({ allowed: false });
  });

  test('takes PEM where no callers are configured', async () => {
    const post = await open(undefined, true);
    expect(await post(mine.certificate)).toEqual({ allowed: true });
  });

  test.each(['none', undefined] as const)(
    'is a problem from a caller with %s, which names the setting',
    async (form) => {
      const post = await open(form);
      const { allowed, problem } = await post(mine.certificate);
      expect(allowed).toBe(false);
      expect(problem).toContain(pointer);
      expect(problem).toContain('client_certificates: json');
    },
  );
});

test('of AuthZEN’s list, an evaluation that may not tell a certificate fails alone', async () => {
  const real = await serveReal({ proofs: proofs(), callers: callersOf() });
  const free = await real.token('files');
  const evaluations = [evaluation(free, mine.certificate), evaluation(free)];
  const answer = await real.post({ evaluations }, { 'x-audgate-key': KEY }, '/access/v1/evaluations');
  expect(await answer.json()).toMatchObject({
    evaluations: [{ decision: false, context: { error: { status: 400 } } }, { decision: true }],
  });
});
