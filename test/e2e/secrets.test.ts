/** No token, proof or key ever reaches a log, a record, a metric, an error or an answer (design 2). */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { BILLING, FILES, readFile, registryOf, startIssuer } from './issue.ts';
import { start, until } from './start.ts';

const KEY = 'caller-key-71f09c';
const WRONG_KEY = 'wrong-caller-key-5ad2';

test('after allows, denials, outages, malformed and misplaced tokens no part of a token or key stands anywhere', async () => {
  const issuer = await startIssuer();
  const key_sha256 = [createHash('sha256').update(KEY).digest('hex')];
  const may = ['decide', 'explain', 'read', 'metrics'];
  const audgate = await start({
    registry: registryOf(issuer, { files: FILES, billing: BILLING }),
    config: {
      callers: { ops: { key_sha256, servers: '*', may } },
      keys: { cooldown_seconds: 1 },
      record: { arguments: true },
    },
  });
  const key = { 'x-audgate-key': KEY };
  const answers: string[] = [];
  const post = async (path: string, body: unknown, headers: Record<string, string> = key) => {
    const answer = await audgate.post(path, body, headers);
    answers.push(`${answer.status} ${JSON.stringify([...answer.headers])} ${await answer.text()}`);
  };

  const right = await issuer.token(FILES);
  const tokens = [
    right,
    await issuer.token(BILLING),
    await issuer.token(FILES, { claims: { exp: '-60', iat: '-600' } }),
    await issuer.token(FILES, { sign: 'foreign_key' }),
    await issuer.token(FILES, { sign: 'broken' }),
    await issuer.token(FILES, { sign: 'none' }),
    await issuer.token(FILES, { header: { alg: 'HS256' } }),
    await issuer.token(FILES, { header: { kid: 'nobody' } }),
    await issuer.token(FILES, { header: { typ: 'JWT' } }),
    await issuer.token(FILES, { header: { jku: 'https://evil.example.com/jwks' } }),
    await issuer.token(FILES, { claims: { iss: 'https://stranger.example.com' } }),
    await issuer.token(FILES, { claims: { aud: 17 } }),
    right.slice(0, -5),
    `${right}.more`,
    `Bearer ${right}`,
    right.replaceAll('.', ' '),
    `\u0000${right}\r\nx-header: 1`,
    'opaque-token-c0ffee-5151',
    'x'.repeat(20_000),
  ];
  await issuer.down();
  for (const token of tokens) await post('/v1/decide', readFile(FILES, token));
  await issuer.up();
  await until(
    () => audgate.decide(readFile(FILES, right), key),
    ({ decision }) => decision === 'allow',
  );
  for (const token of tokens) {
    for (const path of ['/v1/decide', '/v1/explain']) await post(path, readFile(FILES, token));
    await post('/v1/decide', readFile(`${FILES}/`, token));
    await post('/v1/decide', { ...readFile(FILES, token), scheme: 'Basic' });
    await post('/v1/decide', { ...readFile(FILES, token), call: { method: 'tools/call', tool: 'delete_file' } });
    // What a gateway may write wrong: problems never repeat a value.
    await post('/v1/decide', { ...readFile(FILES, null), token: [token] });
    await post('/v1/decide', { ...readFile(FILES, null), tokn: token });
    await post('/v1/decide', { ...readFile(FILES, null), scheme: token });
    await post('/v1/decide', { ...readFile(FILES, null), proof: { dpop: [token] } });
    await post('/v1/decide', { ...readFile(FILES, null), http: { headers: { authorization: token } } });
    await post('/v1/decide', {
      ...readFile(FILES, null),
      http: { headers: { authorization: [token], cookie: [token] } },
    });
    await post('/v1/decide', `{"server": "${FILES}", "token": "${token}", "token": "${token}"}`);
    await post('/v1/decide', `{"server": "${FILES}", "token": "${token}`);
    await post('/v1/decide', readFile(FILES, token), {});
    await post('/v1/decide', readFile(FILES, token), { 'x-audgate-key': WRONG_KEY });
    await post('/v1/decide', readFile(FILES, token), { ...key, 'content-type': 'text/plain' });
    await post(`/v1/decide?access_token=${encodeURIComponent(token.slice(0, 4000))}`, readFile(FILES, token));
  }
  for (const path of ['/metrics', '/v1/status', '/v1/servers', '/v1/servers/files', '/openapi.json'])
    answers.push(await (await audgate.get(path, key)).text());
  audgate.signal('SIGHUP');
  const { code, stdout, stderr } = await audgate.stop();
  expect(code).toBe(0);
  // The batch did what it should: of every kind of answer there was one.
  const joined = answers.join('\n');
  for (const kind of ['"allow"', '"deny"', '"indeterminate"', 'would_decide', '400 ', '401 ', '415 '])
    expect(joined).toContain(kind);
  expect(stdout.split('\n').length).toBeGreaterThan(100);

  const places = { stdout, stderr, answers: joined };
  // Each token whole, and each of its parts that is long enough to be nothing else.
  const parts = tokens.flatMap((token) => [token, ...token.split(/[^\w-]+/)]).filter((part) => part.length >= 20);
  const secrets = [...new Set([...parts, KEY, WRONG_KEY, ...key_sha256])];
  const { y } = issuer.key.jwk;
  for (const [place, text] of Object.entries(places)) {
    const found = [...secrets, String(y)].filter((secret) => text.includes(secret));
    expect(found, place).toEqual([]);
  }
});
