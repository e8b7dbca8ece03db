/** Servers that answer in ways that say little: each verdict, and what was sent to get it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { decodeProtectedHeader } from 'jose';
import { describe, expect, test } from 'vitest';
import { type Answering, createKeys, differing, metadataOf, probe, startHttp, verdicts, writeFiles } from './world.ts';

const KINDS = ['absent', 'unsigned', 'stranger_key', 'foreign_audience', 'parent_audience', 'two_audiences', 'expired'];
const all = (verdict: string) => Object.fromEntries(KINDS.map((kind) => [kind, verdict]));
const json = (response: ServerResponse, status: number, body: unknown, headers = {}) =>
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
const error = (code: number) => ({ jsonrpc: '2.0', id: 1, error: { code, message: 'no' } });

interface Asked {
  readonly method: string;
  readonly token: string | null;
  readonly message: { readonly method?: string };
}

/** One server `files`; its metadata are right, and `answer` has the rest. */
async function probed(answer: Answering, args: readonly string[] = [], more: object = {}) {
  const asked: Asked[] = [];
  const keys = await createKeys();
  const place = { resource: '' };
  const origin = await startHttp(async (request, response) => {
    if (request.url?.startsWith('/.well-known/')) {
      const { resource } = place;
      return void json(response, 200, { resource, authorization_servers: ['https://login.example.com'] });
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const message = text === '' ? {} : (JSON.parse(text) as Asked['message']);
    const token = request.headers.authorization?.replace(/^\w+ /, '') ?? null;
    asked.push({ method: request.method ?? '', token, message });
    return answer(request, response, { message, token, resource: place.resource });
  });
  place.resource = `${origin}/mcp`;
  const ran = await probe(await writeFiles(keys, { files: place.resource }, more), ...args);
  return { ...ran, asked, resource: place.resource };
}

const found = ({ report }: Awaited<ReturnType<typeof probed>>, kind: string) =>
  report?.servers[0]?.attempts.find((one) => one.kind === kind);

const challenged = (response: ServerResponse, resource: string, status = 401, more = ', error="invalid_token"') =>
  response.writeHead(status, { 'www-authenticate': `Bearer resource_metadata="${metadataOf(resource)}"${more}` }).end();

describe('what is no verdict', () => {
  test.each<[string, Answering, RegExp]>([
    ['a redirect', (_, response) => response.writeHead(302, { location: '/elsewhere' }).end(), /redirect \(302\)/],
    ['an outage', (_, response) => response.writeHead(503).end(), /HTTP status 503/],
    [
      'a page',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Hi'),
      /200 with a page/,
    ],
    ['nothing that is JSON-RPC', (_, response) => json(response, 200, { fine: true }), /no JSON-RPC answer/],
    [
      'a JSON-RPC error with 200',
      (_, response) => json(response, 200, error(-32001)),
      /200 with JSON-RPC error -32001/,
    ],
    ['an unknown method for everybody', (_, response) => json(response, 200, error(-32601)), /JSON-RPC error -32601/],
    [
      'another scheme',
      (_, response) => response.writeHead(401, { 'www-authenticate': 'Basic realm="staging"' }).end(),
      /another scheme/,
    ],
    ['a page that forbids', (_, response) => response.writeHead(403, { 'content-type': 'text/html' }).end(), /403/],
  ])('%s is unclear', async (_, answer, told) => {
    const ran = await probed(answer);
    expect(verdicts(ran.report)).toEqual(all('unclear'));
    expect(found(ran, 'foreign_audience')?.found).toMatch(told);
    expect(found(ran, 'foreign_audience')?.remedy).not.toBe('');
    expect(ran.code).toBe(3);
  });

  test('a redirect is not followed, with whatever token', async () => {
    const { asked } = await probed((_, response) => response.writeHead(307, { location: '/mcp/' }).end());
    expect(asked.length).toBe(KINDS.length * 3);
  });

  test('a server that hangs is shown no token', async () => {
    const ran = await probed(() => {}, ['--timeout-ms', '300']);
    expect(verdicts(ran.report)).toEqual({ ...all('not_sent'), absent: 'unclear' });
    expect(found(ran, 'absent')?.found).toBe('no answer within 300 ms');
    expect(ran.asked.filter(({ token }) => token !== null)).toEqual([]);
    expect(ran.code).toBe(3);
  });

  test('a scope that is missing: the token was judged good but for that', async () => {
    const ran = await probed((_, response, { token, resource }) =>
      token === null
        ? challenged(response, resource, 401, '')
        : challenged(response, resource, 403, ', error="insufficient_scope", scope="a"'),
    );
    expect(verdicts(ran.report)).toEqual({ ...all('unclear'), absent: 'refused' });
    expect(found(ran, 'expired')?.remedy).toMatch(/before scopes/);
  });
});

describe('what is refused as if it were good', () => {
  test('403 where a stranger’s token gets 401', async () => {
    let signatures = 0;
    const ran = await probed((_, response, { token, resource }) => {
      if (token !== null && decodeProtectedHeader(token).alg !== 'none') signatures += 1;
      // The first is the stranger's.
      return signatures > 1 ? response.writeHead(403).end() : challenged(response, resource);
    });
    const { absent, unsigned, stranger_key, ...signed } = verdicts(ran.report);
    expect([absent, unsigned, stranger_key]).toEqual(['refused', 'refused', 'refused']);
    expect(new Set(Object.values(signed))).toEqual(new Set(['unclear']));
    expect(differing(ran.report)).toEqual(['challenge-status']);
    expect(ran.code).toBe(1);
  });

  test('403 for everything is a refusal, in a form that no client understands', async () => {
    const ran = await probed((_, response) => response.writeHead(403).end());
    expect(verdicts(ran.report)).toEqual(all('refused'));
    expect(differing(ran.report)).toEqual(['challenge-status']);
  });

  test('a clock that differs is told', async () => {
    const date = new Date(Date.now() + 600_000).toUTCString();
    const ran = await probed((_, response, { resource }) => {
      response.setHeader('date', date);
      return challenged(response, resource);
    });
    expect(ran.report?.servers[0]?.notes).toEqual([expect.stringMatching(/clock is (59\d|600) s ahead of/)]);
  });
});

describe('what was accepted', () => {
  const onlyWithout = (answer: (response: ServerResponse, method: string) => unknown): Answering => {
    return (_, response, { token, resource, message }) =>
      token === null ? challenged(response, resource, 401, '') : answer(response, message.method ?? '');
  };

  test.each<[string, (response: ServerResponse, method: string) => unknown, string]>([
    ['a method that is unknown behind the check', (response) => json(response, 200, error(-32601)), 'server/discover'],
    ['the same with 404', (response) => json(response, 404, error(-32601)), 'server/discover'],
    [
      'a handshake, where nothing else is known',
      (response, method) =>
        method === 'initialize'
          ? json(response, 200, { jsonrpc: '2.0', id: 1, result: {} })
          : json(response, 400, error(-32000)),
      'initialize',
    ],
    [
      'a list that is longer than is read',
      (response) => json(response, 200, { jsonrpc: '2.0', id: 1, result: { tools: ['x'.repeat(100_000)] } }),
      'server/discover',
    ],
    [
      'a stream that stays open',
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(': hello\n\ndata: {"jsonrpc":"2.0","method":"notifications/message"}\n\n');
        response.write('event: message\r\ndata: {"jsonrpc":"2.0",\r\ndata: "id":1,"result":{}}\r\n\r\n');
      },
      'server/discover',
    ],
    ['a message that is taken', (response) => response.writeHead(202).end(), 'server/discover'],
  ])('%s', async (_, answer, method) => {
    const ran = await probed(onlyWithout(answer));
    expect(verdicts(ran.report)).toEqual({ ...all('accepted'), absent: 'refused' });
    expect(found(ran, 'unsigned')).toMatchObject({ method });
    expect(ran.code).toBe(1);
  });

  test('a session that the handshake opened is ended', async () => {
    const { asked } = await probed((request, response, { message, token, resource }) => {
      if (token === null) return challenged(response, resource, 401, '');
      if (request.method === 'DELETE') return response.writeHead(204).end();
      if (message.method !== 'initialize') return json(response, 400, error(-32000));
      return json(response, 200, { jsonrpc: '2.0', id: 1, result: {} }, { 'mcp-session-id': 'session-1' });
    });
    expect(asked.filter(({ method }) => method === 'DELETE')).toHaveLength(KINDS.length - 1);
  });

  test('a server without any check', async () => {
    const ran = await probed((_, response) => json(response, 200, { jsonrpc: '2.0', id: 1, result: {} }));
    expect(verdicts(ran.report)).toEqual(all('accepted'));
    expect(found(ran, 'absent')?.remedy).toMatch(/Anybody who reaches it/);
  });
});

test('challenges that differ are told once, with the kinds that they were for', async () => {
  const ran = await probed((_, response, { token }) =>
    response
      .writeHead(token === null ? 401 : 400, {
        'www-authenticate': 'DPoP algs="ES256", Bearer resource_metadata="https://other.example.com/x", scope="admin"',
      })
      .end(),
  );
  expect(verdicts(ran.report)).toEqual(all('refused'));
  expect(differing(ran.report)).toEqual(['challenge-resource-metadata', 'challenge-scope', 'challenge-status']);
  const status = ran.report?.servers[0]?.checks.find(({ check }) => check === 'challenge-status');
  expect(status?.found).toEqual([`400 (${KINDS.slice(1).join(', ')})`]);
  expect(ran.code).toBe(1);
});

test('every token is a canary’s or ends, has no scope, and lives a minute; nobody calls a tool', async () => {
  const { asked, resource, stdout, stderr, code } = await probed((_, response, { token, resource: own }) =>
    challenged(response, own, 401, token === null ? '' : undefined),
  );
  expect(code).toBe(0);
  const tokens = asked.flatMap(({ token }) => token ?? []);
  const claims = tokens.map((token) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()));
  const canary = 'https://audgate-canary.invalid/mcp';
  const { origin } = new URL(resource);
  expect(claims.map(({ aud }) => aud)).toEqual([canary, canary, canary, origin, [resource, canary], resource]);
  expect(tokens.map((token) => decodeProtectedHeader(token).alg)).toEqual(['none', ...Array(5).fill('ES256')]);
  for (const { exp, iat, sub, client_id, scope } of claims) {
    expect(exp - iat).toBe(60);
    expect([sub, client_id, scope]).toEqual(['audgate-probe', 'audgate-probe', undefined]);
  }
  expect(claims.at(-1).exp).toBeLessThan(Date.now() / 1000 - 600);
  expect(new Set(asked.map(({ message }) => message.method))).toEqual(new Set(['server/discover']));
  for (const token of tokens) for (const text of [stdout, stderr]) expect(text).not.toContain(token.slice(-20));
});

test('where DPoP is required, tokens are bound and proved, with the nonce that is asked for', async () => {
  const proofs: (string | undefined)[] = [];
  const ran = await probed(
    (request: IncomingMessage, response, { token, resource }) => {
      const proof = request.headers.dpop?.toString();
      if (token !== null) proofs.push(proof);
      const nonce = proof === undefined ? undefined : JSON.parse(atob(proof.split('.')[1] ?? '')).nonce;
      const more = token === null ? '' : nonce === undefined ? ', error="use_dpop_nonce"' : ', error="invalid_token"';
      return response
        .writeHead(401, {
          'www-authenticate': `DPoP resource_metadata="${metadataOf(resource)}"${more}`,
          'dpop-nonce': 'nonce-1',
        })
        .end();
    },
    [],
    { sender_constraint: 'dpop' },
  );
  expect(verdicts(ran.report)).toEqual(all('refused'));
  expect(differing(ran.report)).toEqual(['metadata-sender-constraint']);
  expect(proofs.filter((proof) => proof === undefined)).toEqual([]);
  expect(proofs).toHaveLength(2 * (KINDS.length - 1));
});
