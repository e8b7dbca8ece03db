/** DPoP through every door: the client's proof is handed on as it was sent, and what the client must get comes back. */
import { describe, expect, test } from 'vitest';
import { createProofs } from '../../src/facts/proof/create.ts';
import { createNonces } from '../../src/facts/proof/nonces.ts';
import { createProofKey, prove } from '../../src/testing/prove.ts';
import { envoyAt, headersOf } from './gateways/grpc/envoy.ts';
import { serveGrpc } from './gateways/grpc/serve.ts';
import { type Desk, NOW, READ, serveReal } from './gateways/real.ts';
import { ask, TOLD } from './gateways/request.ts';
import { FILES } from './serve.ts';

const HOLDER = await createProofKey();
const NONCES = createNonces({ secrets: [Buffer.alloc(32, 1)], max_age_seconds: 300 });
/** Good once more, so that the next one comes with an allow. */
const AGEING = NONCES.issue('files', NOW - 200);
const NEXT = NONCES.issue('files', NOW);

/** Remembers what was used, as the service does. */
function proofs() {
  const used = new Set<string>();
  return createProofs({
    max_age_seconds: 60,
    nonces: NONCES,
    store: {
      use(key, _, mark) {
        if (used.has(key)) return { kind: 'replayed' };
        if (mark) used.add(key);
        return { kind: 'fresh' };
      },
      status: () => null,
    },
  });
}

/** What a door says: its decision, the first reason's code where it tells one, and the nonce for the client. */
interface Said {
  readonly allowed: boolean;
  readonly nonce: string | undefined;
  /** Of the challenge; undefined where nothing was refused. */
  readonly challenge: string | undefined;
}
interface Door extends Omit<Desk, 'decider'> {
  ask(token: string, dpop: readonly string[]): Promise<Said>;
}

const CALL = { method: 'tools/call', tool: 'read_file', arguments: {} };
const HTTP = { method: 'POST' };

interface Answered {
  readonly decision: string;
  readonly challenge?: { readonly headers: Readonly<Record<string, readonly string[]>> };
  readonly response_headers?: Readonly<Record<string, readonly string[]>>;
}
const saidBy = ({ decision, challenge, response_headers }: Answered): Said => ({
  allowed: decision === 'allow',
  nonce: (response_headers ?? challenge?.headers)?.['dpop-nonce']?.[0],
  challenge: challenge?.headers['www-authenticate']?.[0],
});

async function native(path: string, question: (token: string, dpop: readonly string[]) => object): Promise<Door> {
  const real = await serveReal({ proofs: proofs() });
  return {
    ...real,
    async ask(token, dpop) {
      const answer = await real.post(question(token, dpop), {}, path);
      if (path === '/v1/enforce')
        return {
          allowed: answer.status === 200,
          nonce: answer.headers.get('dpop-nonce') ?? undefined,
          challenge: answer.headers.get('www-authenticate') ?? undefined,
        };
      const body = (await answer.json()) as {
        readonly result?: Answered;
        readonly context?: Answered & { readonly outcome: string };
      } & Answered;
      const { result, context } = body;
      return saidBy(result ?? (context ? { ...context, decision: context.outcome } : body));
    },
  };
}

async function adapter(profile: string): Promise<Door> {
  const real = await serveReal({ proofs: proofs() });
  return {
    ...real,
    async ask(token, dpop) {
      const headers = [
        ...(TOLD[profile] ?? []),
        `Authorization: DPoP ${token}`,
        ...dpop.map((proof) => `DPoP: ${proof}`),
      ];
      const answer = await ask(real.port, { target: `/v1/gateways/${profile}/files`, body: READ, headers });
      return {
        allowed: answer.status === 200,
        nonce: answer.headers.get('dpop-nonce'),
        challenge: answer.headers.get('www-authenticate'),
      };
    },
  };
}

async function grpc(): Promise<Door> {
  const served = await serveGrpc({ proofs: proofs() });
  const envoy = envoyAt(served.listening.address);
  return {
    ...served,
    async ask(token, dpop) {
      const pairs = [['authorization', `DPoP ${token}`], ...dpop.map((proof) => ['dpop', proof])];
      const headers = pairs.map(([key = '', value = '']) => ({ key, raw_value: Buffer.from(value) }));
      const http = { method: 'POST', path: '/mcp', header_map: { headers }, raw_body: Buffer.from(READ) };
      const answer = await envoy.check({ route: { audgate_server: 'files' }, http });
      const { ok_response, denied_response } = answer;
      const given = headersOf(denied_response?.headers ?? ok_response?.response_headers_to_add);
      return {
        allowed: (answer.status.code ?? 0) === 0,
        nonce: given['dpop-nonce'],
        challenge: given['www-authenticate'],
      };
    },
  };
}

const question = (token: string, dpop: readonly string[]) => ({
  ...{ server: FILES, token, scheme: 'DPoP', call: CALL, http: HTTP, proof: { dpop } },
});
const DOORS: readonly (readonly [string, () => Promise<Door>])[] = [
  ['/v1/decide', () => native('/v1/decide', question)],
  ['/v1/enforce', () => native('/v1/enforce', question)],
  ['OPA’s Data API', () => native('/v1/data/audgate/decide', (token, dpop) => ({ input: question(token, dpop) }))],
  [
    'AuthZEN',
    () =>
      native('/access/v1/evaluation', (token, dpop) => ({
        subject: { type: 'access_token', id: token, properties: { scheme: 'DPoP', dpop } },
        action: { name: 'tools/call', properties: { arguments: {}, http_method: 'POST' } },
        resource: { type: 'tool', id: 'read_file', properties: { server: FILES } },
      })),
  ],
  ...Object.keys(TOLD).map((profile) => [profile, () => adapter(profile)] as const),
  ['gRPC', grpc],
];

describe.each(DOORS)('%s', (_, open) => {
  const bound = (door: Door) => door.token('files', { claims: { cnf: { jkt: HOLDER.jkt } } });
  const proof = (token: string, nonce: string | undefined, id = 'jti-1') =>
    prove(HOLDER, { method: 'POST', resource: FILES, token, proof_id: id, now: NOW, nonce });
  const codes = ({ events }: Door) => events.at(-1)?.decision.reasons.map(({ code }) => code);

  test('lets a proof through once, with the next nonce for its client', async () => {
    const door = await open();
    const token = await bound(door);
    const dpop = [await proof(token, AGEING)];
    expect(await door.ask(token, dpop)).toEqual({ allowed: true, nonce: NEXT, challenge: undefined });
    expect(await door.ask(token, dpop)).toMatchObject({ allowed: false, challenge: expect.stringMatching(/^DPoP /) });
    expect(codes(door)).toEqual(['proof_replayed']);
  });

  test('asks for a nonce, and gives one', async () => {
    const door = await open();
    const token = await bound(door);
    expect(await door.ask(token, [await proof(token, undefined)])).toEqual({
      allowed: false,
      nonce: NEXT,
      challenge: expect.stringMatching(/^DPoP error="use_dpop_nonce".* algs="ES256 /),
    });
    expect(codes(door)).toEqual(['proof_nonce_required']);
  });

  test('sees two proofs as two, and none as none', async () => {
    const door = await open();
    const token = await bound(door);
    const dpop = [await proof(token, NEXT), await proof(token, NEXT, 'jti-2')];
    expect(await door.ask(token, dpop)).toMatchObject({ allowed: false });
    expect(codes(door)).toEqual(['proof_invalid']);
    expect(await door.ask(token, [])).toMatchObject({ allowed: false });
    expect(codes(door)).toEqual(['proof_missing']);
  });

  test('records no proof', async () => {
    const door = await open();
    const token = await bound(door);
    const text = await proof(token, NEXT);
    await door.ask(token, [text]);
    for (const part of text.split('.')) expect(JSON.stringify(door.events)).not.toContain(part);
  });
});

test('a question of AuthZEN without the client’s method proves nothing', async () => {
  const real = await serveReal({ proofs: proofs() });
  const token = await real.token('files', { claims: { cnf: { jkt: HOLDER.jkt } } });
  const dpop = [await prove(HOLDER, { method: 'POST', resource: FILES, token, proof_id: '1', now: NOW, nonce: NEXT })];
  const subject = { type: 'access_token', id: token, properties: { scheme: 'DPoP', dpop } };
  const resource = { type: 'mcp_server', id: FILES };
  const answer = await real.post({ subject, action: { name: 'tools/list' }, resource }, {}, '/access/v1/evaluation');
  expect(await answer.json()).toMatchObject({ decision: false, context: { reasons: [{ code: 'proof_invalid' }] } });
});

test('explain tells of a use and makes none', async () => {
  const real = await serveReal({ proofs: proofs() });
  const token = await real.token('files', { claims: { cnf: { jkt: HOLDER.jkt } } });
  const dpop = [await prove(HOLDER, { method: 'POST', resource: FILES, token, proof_id: '1', now: NOW, nonce: NEXT })];
  const explain = async () => {
    const answer = await real.post(question(token, dpop), {}, '/v1/explain');
    return (await answer.json()) as { readonly would_decide: { readonly decision: string } };
  };
  for (const _ of [1, 2]) expect(await explain()).toMatchObject({ would_decide: { decision: 'allow' } });
  expect((await real.post(question(token, dpop))).status).toBe(200);
  expect(await explain()).toMatchObject({ would_decide: { reasons: [{ code: 'proof_replayed' }] } });
});
