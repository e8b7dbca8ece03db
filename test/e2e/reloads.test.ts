/** Reload after reload under load: every answer is wholly of one revision, registry and rules alike, and none is missing. */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Decision } from '../../src/decision/decision.ts';
import { build } from './bundles.ts';
import { flood } from './flood.ts';
import { BILLING, FILES, type Issuer, readFile, registryOf, startIssuer } from './issue.ts';
import { scratch, start, until } from './start.ts';

/** By registry and by rule: each revision allows what the other one denies. */
const registries = (issuer: Issuer) =>
  ['files:read', 'files:admin'].map((scope) =>
    registryOf(issuer, { files: FILES, billing: BILLING }, { tools: { read_file: { scopes: [scope] } } }),
  );
const rule = (hour: string) => `package custom.hours

satisfied if input.context.extra.hour == "${hour}"

denials contains {"code": "closed"} if input.context.extra.hour != "${hour}"
`;
const HOURS = ['day', 'night'] as const;

/** A fifth of what the issue asks for, at the same pace; the whole minute is in the benchmark (npm run bench:reloads). */
const RELOADS = 40;
const PAUSE_MS = 300;

test('40 reloads, every fourth of them bad: no error, no decision by a mixture', { timeout: 240_000 }, async () => {
  const issuer = await startIssuer();
  const bundles = await Promise.all(HOURS.map((hour) => build({ 'hours.rego': rule(hour) })));
  expect(bundles.map(({ code }) => code)).toEqual([0, 0]);
  const written = registries(issuer);
  const bundle = join(await scratch(), 'rules.tar.gz');
  await copyFile(bundles[0]?.bundle ?? '', bundle);
  const audgate = await start({ registry: written[0] ?? {}, config: { bundle } });

  // Two probes, of which each revision allows exactly one.
  const narrow = await issuer.token(FILES, { claims: { scope: 'files:read' } });
  const wide = await issuer.token(FILES, { claims: { scope: 'files:admin' } });
  const probes = [
    { token: narrow, hour: 'day' },
    { token: wide, hour: 'night' },
  ] as const;
  let reloading = true;
  function* questions() {
    for (let at = 0; reloading; at++) yield probes[at % 2 === 0 ? 0 : 1];
  }
  const answers = new Map<string, number>();
  const load = flood(
    audgate.port,
    questions(),
    ({ token, hour }) => ({ ...readFile(FILES, token), context: { extra: { hour } } }),
    ({ hour }, { status, body }) => {
      const { decision, reasons, revision } = JSON.parse(body) as Decision;
      const answer = [revision, hour, status, decision, ...reasons.map(({ code }) => code)].join(' ');
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    },
  );

  const outcomes: string[] = [];
  const revisions = new Set([audgate.revision]);
  /** Answers to either probe by one revision so far. */
  const seen = (revision: string) =>
    HOURS.map((hour) =>
      [...answers].reduce((sum, [answer, times]) => (answer.startsWith(`${revision} ${hour} `) ? sum + times : sum), 0),
    );
  let last: string | undefined;
  for (let at = 1; at <= RELOADS; at++) {
    const next = at % 2;
    const bad = at % 4 === 3;
    await audgate.writeRegistry(written[next] ?? {});
    // One that is half of a revision, and broken: nothing of it may come into force.
    if (bad) await writeFile(bundle, 'half a bundle');
    else await copyFile(bundles[next]?.bundle ?? '', bundle);
    const pause = new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    audgate.signal('SIGHUP');
    const status = await until(
      () => audgate.status(),
      ({ last_reload }) => last_reload !== null && last_reload.at !== last,
    );
    last = status.last_reload?.at;
    outcomes.push(`${bad ? 'bad' : 'good'} ${status.last_reload?.ok}`);
    revisions.add(status.revision);
    // Whatever is in force answers both probes before the next comes, however slow the machine is.
    const before = seen(status.revision);
    await until(
      () => seen(status.revision),
      (now) => now.every((count, probe) => count > (before[probe] ?? 0)),
    );
    await pause;
  }
  reloading = false;
  await load;

  expect(new Set(outcomes)).toEqual(new Set(['good true', 'bad false']));
  const [first, second] = revisions;
  expect(revisions.size).toBe(2);
  expect([...answers.keys()].sort()).toEqual(
    [
      `${first} day 200 allow`,
      `${first} night 200 deny custom:hours/closed scope_insufficient`,
      `${second} day 200 deny custom:hours/closed scope_insufficient`,
      `${second} night 200 allow`,
    ].sort(),
  );
});

/** As an operator writes it; some 3 MB. */
function hugeRegistry(issuer: Issuer): string {
  const servers = Array.from(
    { length: 10_000 },
    (_, at) => `  s${at}:
    resource: https://s${at}.example.com/mcp
    issuers: [corp]
    max_lifetime_seconds: 900
    tools:
      read_file: { scopes: [files:read], labels: { risk: low } }
      write_file: { scopes: [files:write], labels: { risk: high } }
`,
  );
  const files = `  files:\n    resource: ${FILES}\n    issuers: [corp]\n    max_lifetime_seconds: 900\n    tools: { read_file: {} }\n`;
  return `issuers:\n  corp: ${JSON.stringify(issuer.record)}\nservers:\n${servers.join('')}${files}`;
}

test('while a registry of 10,000 servers is read, decisions go on', { timeout: 480_000 }, async () => {
  const issuer = await startIssuer();
  const audgate = await start({ registry: registryOf(issuer, { files: FILES }) });
  const token = await issuer.token(FILES);
  const decided = async () => {
    const { decision, revision } = await audgate.decide(readFile(FILES, token));
    return `${decision} ${revision}`;
  };
  const former = `allow ${audgate.revision}`;
  // Wrong at its very end: all of the work is in the parser, which stops for nobody.
  const huge = hugeRegistry(issuer);
  await audgate.writeRegistry(`${huge}  broken: [\n`);
  audgate.signal('SIGHUP');
  // One after the other. On the thread that decides, the first few of them would wait until it is read, and the rest come after.
  for (let at = 0; at < 100; at++) expect(await decided()).toBe(former);
  expect((await audgate.status()).last_reload).toBeNull();
  const refused = await until(
    () => audgate.status(),
    ({ last_reload }) => last_reload !== null,
  );
  expect(refused.last_reload).toMatchObject({ ok: false, problems: [{ line: expect.any(Number) }] });
  expect(refused.revision).toBe(audgate.revision);
  expect(await decided()).toBe(former);

  await audgate.writeRegistry(huge);
  const answers = new Set<string>();
  let reloading = true;
  const load = (async () => {
    while (reloading) answers.add(await decided());
  })();
  const taken = await audgate.reload();
  reloading = false;
  await load;
  expect(taken.last_reload).toMatchObject({ ok: true, problems: [] });
  const latter = `allow ${taken.revision}`;
  expect([former, latter]).toEqual(expect.arrayContaining([...answers]));
  expect(await decided()).toBe(latter);
});
