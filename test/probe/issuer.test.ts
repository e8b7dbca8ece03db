/** `--issuer`: whether an authorization server issues for the resource that is asked for, and for no other. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { inProcess } from '../cli/in-process.ts';
import { createTools, listen } from '../e2e/oidc/mcp-server.ts';
import { scratch } from '../e2e/start.ts';
import { type Behaviour, type Login, SECRET, startLogin } from './login.ts';
import { metadataOf, type ProbeReport, patient, startHttp, verdicts } from './world.ts';

const FILES = 'https://files.example.com/mcp';
const BILLING = 'https://billing.example.com/mcp';
const CANARY = 'https://canary.example.com/mcp';
const known = (resource: string) => ([FILES, BILLING, CANARY].includes(resource) ? {} : null);

async function ask(
  issuer: string,
  args: readonly string[] = [],
  servers: object = { files: FILES, billing: BILLING },
  password = SECRET,
) {
  const folder = await scratch();
  const records = Object.entries(servers).map(([key, resource]) => [
    key,
    { resource, issuers: ['login'], max_lifetime_seconds: 300 },
  ]);
  const record = { issuer, jwks_uri: `${issuer}/jwks`, algorithms: ['ES256'] };
  const registry = join(folder, 'registry.json');
  const secret = join(folder, 'secret');
  await writeFile(registry, JSON.stringify({ issuers: { login: record }, servers: Object.fromEntries(records) }));
  await writeFile(secret, `${password}\n`);
  const client = ['--client-id', 'audgate-probe', '--client-secret-file', secret];
  const ran = await inProcess(['probe', '--registry', registry, ...client, '--json', ...patient(args)]);
  const report = ran.stdout === '' ? null : (JSON.parse(ran.stdout) as ProbeReport);
  for (const text of [ran.stdout, ran.stderr]) for (const bad of [password, 'eyJ']) expect(text).not.toContain(bad);
  const attempts = report?.issuers[0]?.attempts ?? [];
  return {
    ...ran,
    report,
    attempts,
    found: Object.fromEntries(attempts.map(({ target, verdict }) => [target, verdict])),
  };
}

const HONOURED = { first: 'honoured', second: 'honoured', unknown: 'honoured', two: 'honoured', none: 'honoured' };

describe('oidc-provider', () => {
  test.each(['client_secret_basic', 'client_secret_post'] as const)(
    'with resource indicators honours each, by %s',
    async (method) => {
      const { issuer, asked } = await startLogin({ resources: known, method });
      const { code, found, attempts, stderr } = await ask(issuer, ['--issuer', 'login']);
      expect(found, stderr).toEqual(HONOURED);
      expect(attempts[0]).toMatchObject({ resources: [BILLING], found: `a token with aud ${BILLING}` });
      expect(attempts[2]).toMatchObject({ found: 'the error invalid_target' });
      expect(asked.map((form) => form.getAll('grant_type'))).toEqual(Array(5).fill(['client_credentials']));
      expect(code).toBe(0);
    },
  );

  test.each<[string, Behaviour, object]>([
    [
      'without them issues opaque tokens for anything',
      { resources: null },
      { first: 'unclear', second: 'unclear', unknown: 'ignored', two: 'unclear', none: 'honoured' },
    ],
    [
      'that issues for its platform is found',
      { resources: () => ({ audience: 'api://default' }) },
      { ...HONOURED, first: 'ignored', second: 'ignored', unknown: 'ignored' },
    ],
    [
      'that issues one server’s tokens for all is found',
      { resources: () => ({ audience: FILES }), default: FILES },
      { ...HONOURED, first: 'ignored', unknown: 'ignored', none: 'ignored' },
    ],
    ['that issues for whatever is asked is found', { resources: () => ({}) }, { ...HONOURED, unknown: 'ignored' }],
    [
      'that does not know the servers says nothing',
      { resources: () => null },
      { ...HONOURED, first: 'unclear', second: 'unclear' },
    ],
  ])('%s', async (_, behaviour, expected) => {
    const { issuer } = await startLogin(behaviour);
    const { code, found, attempts } = await ask(issuer, ['--issuer', 'login']);
    expect(found).toEqual(expected);
    expect(code).toBe(Object.values(expected).includes('ignored') ? 1 : 3);
    for (const { verdict, remedy } of attempts) if (verdict !== 'honoured') expect(remedy).not.toBe('');
  });

  test('one server has no second', async () => {
    const { issuer } = await startLogin({ resources: known });
    const { code, found } = await ask(issuer, ['--issuer', 'login'], { files: FILES });
    expect(found).toEqual({ ...HONOURED, second: 'not_sent', two: 'not_sent' });
    expect(code).toBe(0);
    expect((await ask(issuer, ['--issuer', 'login', '--server', 'files', '--require-all'])).code).toBe(1);
  });

  test('a client that is refused is not tried again', async () => {
    const { issuer, asked } = await startLogin({ resources: known });
    const { found, attempts, code } = await ask(issuer, ['--issuer', 'login'], { files: FILES }, 'another secret');
    expect(new Set(Object.values(found))).toEqual(new Set(['unclear', 'not_sent']));
    expect(attempts[0]?.found).toBe('the error invalid_client');
    expect([asked.length, code]).toEqual([1, 3]);
  });
});

describe('an authorization server of which little is known', () => {
  /** @param tokens what its token endpoint answers, in this order, and the last from then on */
  const fake = async (metadata: (origin: string) => object, ...tokens: readonly unknown[]) => {
    let at = 0;
    const origin = await startHttp((request, response) => {
      response.setHeader('content-type', 'application/json');
      if (request.url?.startsWith('/.well-known/')) return response.end(JSON.stringify(metadata(origin)));
      const body = tokens[Math.min(at++, tokens.length - 1)];
      return response.writeHead(body === undefined ? 500 : 200).end(JSON.stringify(body ?? {}));
    });
    return origin;
  };
  const jwt = (claims: object) => ({
    access_token: `eyJhbGciOiJFUzI1NiJ9.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`,
  });
  const right = (origin: string) => ({ issuer: origin, token_endpoint: `${origin}/token` });

  test('one token for two resources is found, and one for either is not', async () => {
    const [one, other] = [jwt({ aud: BILLING }), jwt({ aud: [FILES] })];
    const both = await fake(right, one, other, {}, jwt({ aud: [FILES, BILLING] }), jwt({}));
    expect((await ask(both, ['--issuer', 'login'])).found).toEqual({ ...HONOURED, unknown: 'unclear', two: 'ignored' });
    const narrow = await fake(right, one, other, {}, one, jwt({ aud: 'urn:x' }));
    expect((await ask(narrow, ['--issuer', 'login'])).found).toEqual({ ...HONOURED, unknown: 'unclear' });
    const wide = await fake(
      right,
      jwt({ aud: [BILLING, 'account'] }),
      other,
      {},
      one,
      jwt({ aud: [FILES, 'account'] }),
    );
    const ran = await ask(wide, ['--issuer', 'login']);
    expect(ran.found).toEqual({ ...HONOURED, first: 'ignored', unknown: 'unclear', none: 'ignored' });
    expect(ran.attempts.at(-1)?.found).toMatch(/which opens files$/);
  });

  test.each<[string, (origin: string) => object, number, RegExp]>([
    ['another issuer', (origin) => ({ ...right(origin), issuer: `${origin}/` }), 1, /another issuer/],
    [
      'a token endpoint without TLS',
      (origin) => ({ ...right(origin), token_endpoint: 'http://x.example/t' }),
      1,
      /https/,
    ],
    ['no token endpoint', (origin) => ({ issuer: origin }), 1, /no token_endpoint/],
    ['no such grant', (origin) => ({ ...right(origin), grant_types_supported: ['implicit'] }), 3, /client_credentials/],
  ])('metadata with %s: the secret is not sent', async (_, metadata, code, told) => {
    const ran = await ask(await fake(metadata, jwt({ aud: FILES })), ['--issuer', 'login']);
    expect(ran.code).toBe(code);
    expect(new Set(Object.values(ran.found))).toEqual(new Set(['not_sent']));
    expect(ran.report?.issuers[0]?.checks[0]?.found[0]).toMatch(told);
  });

  test('one that fails is unclear', async () => {
    const ran = await ask(await fake(right, undefined), ['--issuer', 'login']);
    expect([ran.code, new Set(Object.values(ran.found))]).toEqual([3, new Set(['unclear'])]);
  });
});

describe('a canary’s token that the authorization server issues', () => {
  async function show(
    behaviour: Behaviour['resources'],
  ): Promise<Awaited<ReturnType<typeof ask>> & { login: Login; shown: string[] }> {
    const { origin, use } = await listen();
    const resource = `${origin}/mcp`;
    const login = await startLogin({ resources: behaviour });
    const shown: string[] = [];
    const tools = createTools('files');
    const metadata = { resource, authorization_servers: [login.issuer] };
    const keys = createRemoteJWKSet(new URL(`${login.issuer}/jwks`));
    use(async (request) => {
      if (request.url === metadataOf(resource)) return Response.json(metadata);
      const token = request.headers.get('authorization')?.replace('Bearer ', '') ?? '';
      if (token !== '') shown.push(token);
      // What the issuer signed is accepted, whomever it is for.
      const good = await jwtVerify(token, keys).catch(() => null);
      if (good !== null) return tools.handler.fetch(request);
      const headers = {
        'www-authenticate': `Bearer resource_metadata="${metadataOf(resource)}", error="invalid_token"`,
      };
      return new Response(null, { status: 401, headers });
    });
    const ran = await ask(login.issuer, ['--issuer-key', 'login', '--canary', CANARY], { files: resource });
    return { ...ran, login, shown };
  }

  test('is shown where it is harmless', async () => {
    const { report, code, shown } = await show(() => ({}));
    expect(verdicts(report)).toEqual({
      absent: 'refused',
      unsigned: 'refused',
      stranger_key: 'refused',
      foreign_audience: 'accepted',
      parent_audience: 'not_sent',
      two_audiences: 'not_sent',
      expired: 'not_sent',
    });
    expect(
      shown.map((token) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).aud),
    ).toEqual([CANARY, CANARY, CANARY]);
    expect(code).toBe(1);
  });

  test.each<[string, Behaviour['resources'], RegExp]>([
    ['a life of minutes', () => ({ accessTokenTTL: 300 }), /for more than 60 s/],
    ['another audience', () => ({ audience: FILES }), /not for the canary alone/],
    ['no claims that can be read', () => ({ accessTokenFormat: 'opaque' }), /opaque/],
    ['no such resource', () => null, /the error invalid_target/],
  ])('with %s is kept', async (_, behaviour, told) => {
    const { report, shown } = await show(behaviour);
    expect(report?.servers[0]?.attempts.find(({ kind }) => kind === 'foreign_audience')).toMatchObject({
      verdict: 'not_sent',
      found: expect.stringMatching(told),
    });
    expect(shown).toHaveLength(2);
  });
});

test.each<[readonly string[], RegExp]>([
  [['--issuer', 'logn'], /--issuer logn: the registry has no such key: write login/],
  [['--issuer', 'login', '--issuer-key', 'login'], /--key and --issuer-key are for servers/],
  [[], /--client-id needs --canary/],
])('%j is wrong usage', async (args, told) => {
  const ran = await ask('https://login.example.com', args);
  expect(ran).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(told) });
});
