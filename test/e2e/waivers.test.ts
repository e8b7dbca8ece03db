/** Waivers while the program runs: what is observed, who uses which, and an end to the second. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BILLING, FILES, readFile, registryOf, startIssuer } from './issue.ts';
import { run, scratch, start, until } from './start.ts';

const DAY = 86_400;
/** Whole seconds from now, as a waiver's end is written. */
const inSeconds = (seconds: number) =>
  `${new Date((Math.floor(Date.now() / 1000) + seconds) * 1000).toISOString().slice(0, 19)}Z`;

const observing = (client_id: string, end: string) => ({
  what: 'observe',
  issuer: 'corp',
  client_id,
  operations: ['tools/call read_file', 'tools/list'],
  codes: ['audience_mismatch', 'scope_insufficient'],
  owner: 'team-files',
  reason: 'counted first',
  until: end,
});

test('what is observed is allowed and told, and ends to the second for a token that was verified before', async () => {
  const issuer = await startIssuer();
  const long = inSeconds(20 * DAY);
  const billing = registryOf(issuer, { billing: BILLING });
  const all = (end: string) => {
    const waivers = [observing('client-1', long), observing('kiosk', end)];
    const registry = registryOf(issuer, { files: FILES }, { waivers });
    return { ...registry, servers: { ...Object(registry).servers, ...Object(billing).servers } };
  };
  const audgate = await start({ registry: all(long) });
  const [unbound, foreign, kiosk] = await Promise.all([
    issuer.token('api://default'),
    issuer.token(BILLING),
    issuer.token('api://default', { claims: { client_id: 'kiosk' } }),
  ]);
  const used = (end: string) => [{ what: 'observe', owner: 'team-files', until: end }];

  expect(await audgate.decide(readFile(FILES, unbound))).toMatchObject({
    decision: 'allow',
    advice: { waivers: used(long), would_deny: ['audience_mismatch'] },
  });
  const refused = await audgate.decide(readFile(FILES, foreign));
  expect(refused.reasons.map(({ code }) => code)).toEqual(['audience_mismatch']);
  const opened = await (await audgate.post('/v1/allowed', { server: FILES, token: unbound })).json();
  expect(opened).toMatchObject({ decision: 'allow', tools: ['read_file'], methods: ['tools/list'] });
  expect(Object(opened).advice).toEqual({ waivers: used(long), would_deny: ['audience_mismatch'] });

  // Soon, but late enough that this machine, however busy, asks before: else with more time.
  let short = '';
  for (let seconds = 4; ; seconds *= 2) {
    short = inSeconds(seconds);
    await audgate.writeRegistry(all(short));
    await audgate.reload();
    const early = await audgate.decide(readFile(FILES, kiosk));
    if (Date.now() >= Date.parse(short)) continue;
    expect(early).toMatchObject({
      decision: 'allow',
      valid_until: short,
      advice: { waivers: used(short), would_deny: ['audience_mismatch'] },
    });
    break;
  }
  await until(
    () => Date.now(),
    (now) => now >= Date.parse(short),
  );
  const late = await audgate.decide(readFile(FILES, kiosk));
  expect(late.decision).toBe('deny');
  expect(late.reasons.map(({ code }) => code)).toEqual(['audience_mismatch', 'waiver_expired']);
});

test('audgate waivers tells who uses which, from a decision log or from a running audgate', async () => {
  const issuer = await startIssuer();
  const lifetime = { ...observing('client-1', inSeconds(80 * DAY)), what: 'lifetime', max_lifetime_seconds: 7200 };
  const { codes: _, ...unused } = lifetime;
  const waivers = [observing('client-1', inSeconds(20 * DAY)), unused];
  const registry = registryOf(issuer, { files: FILES }, { waivers });
  const audgate = await start({ registry });
  const token = await issuer.token(FILES, { claims: { scope: '' } });
  for (let times = 0; times < 3; times++) await audgate.decide(readFile(FILES, token));
  // An explanation is no use of it.
  await audgate.post('/v1/explain', readFile(FILES, token));
  await until(audgate.stdout, (text) => text.split('"would_deny"').length > 4);

  const folder = await scratch();
  const [log, file] = [join(folder, 'decisions.jsonl'), join(folder, 'registry.json')];
  await writeFile(log, `${audgate.stdout()}\nnot a record\n`);
  await writeFile(file, JSON.stringify(registry));
  const told = async (...args: readonly string[]) => {
    const { code, stdout } = await run(['src/main.ts', 'waivers', '--registry', file, ...args, '--json']);
    return { code, ...(JSON.parse(stdout) as { waivers: readonly object[]; elsewhere: number }) };
  };
  const byLog = await told('--log', log);
  expect(byLog).toMatchObject({
    code: 0,
    elsewhere: 0,
    waivers: [
      { server: 'files', what: 'observe', client_id: 'client-1', state: 'in_force', days_left: 19, uses: 3 },
      { server: 'files', what: 'lifetime', uses: 0, last_use: null },
    ],
  });
  expect(byLog.waivers[0]).toHaveProperty('last_use', expect.stringMatching(/^\d{4}-/));
  expect(await told('--url', audgate.url)).toMatchObject({
    code: 0,
    elsewhere: 0,
    waivers: [{ uses: 3 }, { uses: 0 }],
  });
  expect(await told()).toMatchObject({ code: 0, waivers: [{ uses: null }, { uses: null }] });
  const table = await run(['src/main.ts', 'waivers', '--registry', file, '--log', log]);
  expect(table.stdout).toContain('unused');
  expect(table.stdout).not.toContain(token);

  const ending = registryOf(issuer, { files: FILES }, { waivers: [observing('client-1', inSeconds(13 * DAY))] });
  await writeFile(file, JSON.stringify(ending));
  expect(await told('--log', log)).toMatchObject({ code: 1, elsewhere: 3, waivers: [{ state: 'ends_soon', uses: 0 }] });
  const both = await run(['src/main.ts', 'waivers', '--registry', file, '--log', log, '--url', audgate.url]);
  expect(both.code).toBe(2);
  const nobody = await run(['src/main.ts', 'waivers', '--registry', file, '--url', 'http://127.0.0.1:1']);
  expect(nobody).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be reached') });
});
