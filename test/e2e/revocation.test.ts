/** A token that was allowed a moment ago, and is remembered, stops opening anything once it is revoked. */
import { appendFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FILES, readFile, registryOf, startIssuer } from './issue.ts';
import { scratch, start, until } from './start.ts';

const CORP = { issuer: 'corp' };
const line = (entry: object) => `${JSON.stringify({ ...CORP, ...entry })}\n`;

it('stops at the next decision after the file was read, for jti, sub, client and time of issue', async () => {
  const issuer = await startIssuer();
  const list = join(await scratch(), 'revoked.jsonl');
  await writeFile(list, '# who was revoked\n');
  const registry = registryOf(issuer, { files: FILES });
  const service = await start({ registry, config: { revocation: { file: list, max_staleness_seconds: 3600 } } });
  const tokens = await Promise.all(
    ['a', 'b', 'c', 'd', 'e'].map((sub) =>
      issuer.token(FILES, { claims: { sub, client_id: `app-${sub}`, jti: `id-${sub}` } }),
    ),
  );
  const answers = async () => {
    const all = await Promise.all(tokens.map((token) => service.decide(readFile(FILES, token))));
    return all.map(({ reasons: [first] }) => first?.code ?? 'allow');
  };
  const revoked = 'token_revoked';
  expect(await answers()).toEqual(['allow', 'allow', 'allow', 'allow', 'allow']);

  await appendFile(list, line({ by: 'jti', value: 'id-a' }));
  await until(answers, ([a]) => a === revoked);
  await appendFile(list, line({ by: 'sub', value: 'b' }) + line({ by: 'client_id', value: 'app-c' }));
  await until(answers, ([, b, c]) => b === revoked && c === revoked);
  const soon = new Date(Date.now() + 60_000).toISOString();
  await appendFile(list, line({ by: 'issued_before', value: soon, sub: 'd' }));
  await until(answers, ([, , , d]) => d === revoked);
  expect(await answers()).toEqual([revoked, revoked, revoked, revoked, 'allow']);

  // A broken file revokes what is right in it, and ends nothing.
  await writeFile(`${list}.new`, `{"by": "jti"\n${line({ by: 'sub', value: 'e' })}`);
  await rename(`${list}.new`, list);
  await until(answers, ([, , , , e]) => e === revoked);
  expect(await answers()).toEqual([revoked, revoked, revoked, revoked, revoked]);
  const status = (await (await service.get('/v1/status')).json()) as { revocation: object };
  expect(status.revocation).toMatchObject({
    available: true,
    sources: [{ source: 'file', last_error: { problems: [expect.stringMatching(/^line 1: /)] } }],
  });

  // A right one ends what it no longer holds.
  await writeFile(`${list}.new`, line({ by: 'sub', value: 'e' }));
  await rename(`${list}.new`, list);
  await until(answers, ([a]) => a === 'allow');
  expect(await answers()).toEqual(['allow', 'allow', 'allow', 'allow', revoked]);
  expect(service.stdout()).not.toContain(tokens[0]);
});

it('allows nothing while the file cannot be read for longer than it may be old, and denies what was revoked', async () => {
  const issuer = await startIssuer();
  const list = join(await scratch(), 'revoked.jsonl');
  await writeFile(list, line({ by: 'sub', value: 'gone' }));
  const registry = registryOf(issuer, { files: FILES });
  const config = { revocation: { file: list, max_staleness_seconds: 2 } };
  const service = await start({ registry, config });
  const good = readFile(FILES, await issuer.token(FILES));
  const gone = readFile(FILES, await issuer.token(FILES, { claims: { sub: 'gone' } }));
  expect((await service.decide(good)).decision).toBe('allow');
  await rename(list, `${list}.away`);
  const refused = await until(
    () => service.decide(good),
    ({ decision }) => decision !== 'allow',
  );
  expect(refused).toMatchObject({ decision: 'indeterminate', reasons: [{ code: 'revocation_unavailable' }] });
  expect((await service.decide(gone)).reasons.map(({ code }) => code)).toEqual(['token_revoked']);
  const metrics = await (await service.get('/metrics')).text();
  expect(metrics).toMatch(/^audgate_revocation_available 0$/m);
  await rename(`${list}.away`, list);
  await until(
    () => service.decide(good),
    ({ decision }) => decision === 'allow',
  );
});

it.each([
  ['broken', '{"by":"sub","issuer":"corp"}\n', /revocation\.file .*revoked\.jsonl: line 1: \/value/],
  ['no list', '["a"]\n', /line 1/],
])('does not start with a file that is %s', async (_, text, told) => {
  const issuer = await startIssuer();
  const list = join(await scratch(), 'revoked.jsonl');
  await writeFile(list, text);
  const registry = registryOf(issuer, { files: FILES });
  await expect(start({ registry, config: { revocation: { file: list } } })).rejects.toThrow(told);
});

it('tells of entries and transmitters whose issuers are not registered, and of no others', async () => {
  const issuer = await startIssuer();
  const list = join(await scratch(), 'revoked.jsonl');
  await writeFile(
    list,
    line({ by: 'sub', value: 'a' }) + line({ by: 'sub', value: 'a', issuer: 'https://login.example.com' }),
  );
  const events = { issuers: { sse: { audience: 'us', subjects_of: ['corp', 'partner'] } } };
  const service = await start({
    registry: registryOf(issuer, { files: FILES }),
    config: { revocation: { file: list, events } },
  });
  await until(service.stderr, (text) => text.includes('issuers that are not registered, and revoke nothing'));
  expect(service.stderr()).toMatch(/revoke nothing: \W*https:\/\/login\.example\.com\W*"/);
  expect(service.stderr()).toContain('revocation.events names sse, partner for transmitter sse');
  await appendFile(list, line({ by: 'sub', value: 'a', issuer: 'crop' }));
  await until(service.stderr, (text) => text.includes('crop'));
});
