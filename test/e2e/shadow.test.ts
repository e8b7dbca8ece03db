/** Rules that decide nothing yet: those that only report, and a whole bundle beside the live one. */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeBundle } from '../../src/policy/bundle-write.ts';
import { build, type Rego } from './bundles.ts';
import { BILLING, FILES, readFile, registryOf, startIssuer } from './issue.ts';
import { scratch, start, until } from './start.ts';

const REPORT = '# METADATA\n# custom:\n#   enforcement: report\n';
const rule = (name: string, satisfied: string, denials: string) =>
  `package custom.${name}\n\n${satisfied}\n\ndenials contains ${denials}\n`;
const broken = (name: string) => `input.context.extra.break == "${name}"`;

/** One that denies, and three that only report: in order until told to break. */
const REPORTING: Rego = {
  'strict.rego': rule('strict', `satisfied if not ${broken('strict')}`, `{"code": "strict"} if ${broken('strict')}`),
  'silent.rego': REPORT + rule('silent', `satisfied if not ${broken('silent')}`, '{"code": "never"} if false'),
  'told.rego': REPORT + rule('told', 'satisfied if true', `{"code": "told"} if ${broken('told')}`),
  'wild.rego':
    REPORT + rule('wild', `satisfied if true\n\nsatisfied := false if ${broken('wild')}`, '{"code": "never"} if false'),
};

const metric = async (url: string, name: string) =>
  (await (await fetch(`${url}/metrics`)).text()).split('\n').filter((line) => line.startsWith(`${name}{`));

test('a rule that only reports tells and counts what it would deny, and never changes a decision, broken or not', async () => {
  const issuer = await startIssuer();
  const built = await build(REPORTING);
  expect(built).toMatchObject({ code: 0 });
  const audgate = await start({ registry: registryOf(issuer, { files: FILES }), config: { bundle: built.bundle } });
  const token = await issuer.token(FILES);
  const ask = (breaking: string) =>
    audgate.decide({ ...readFile(FILES, token), context: { extra: { break: breaking } } });

  expect(await ask('nothing')).toMatchObject({ decision: 'allow', advice: {} });
  expect(await ask('told')).toMatchObject({ decision: 'allow', advice: { would_deny: ['custom:told/told'] } });
  expect(await ask('silent')).toMatchObject({ decision: 'allow', advice: { would_deny: ['rule_not_satisfied'] } });
  const denied = await ask('strict');
  expect(denied).toMatchObject({ decision: 'deny' });
  expect(denied.reasons.map(({ code }) => code)).toEqual(['custom:strict/strict']);
  // Often, because what throws uses an instance up.
  for (let times = 0; times < 20; times++) {
    expect(await ask('wild')).toMatchObject({ decision: 'allow', advice: { would_deny: ['policy_error'] } });
  }

  const counted = await metric(audgate.url, 'audgate_reporting_rules_total');
  expect(counted).toContain('audgate_reporting_rules_total{rule="told",outcome="would_deny"} 1');
  expect(counted).toContain('audgate_reporting_rules_total{rule="silent",outcome="not_satisfied"} 1');
  expect(counted).toContain('audgate_reporting_rules_total{rule="wild",outcome="broken"} 20');
  expect(await metric(audgate.url, 'audgate_alarms_total')).toEqual([]);
  await until(audgate.stdout, (text) => text.includes('"would_deny":["custom:told/told"]'));
});

test('a shadow bundle judges beside the live one, tells what differs, and is read again at SIGHUP', async () => {
  const issuer = await startIssuer();
  const folder = await scratch();
  const shadow = join(folder, 'shadow.tar.gz');
  const office = (satisfied: string) => ({
    'office.rego': rule('office', `satisfied if ${satisfied}`, `{"code": "closed"} if not ${satisfied}`),
  });
  const [live, strict] = [
    await build(office('input.context.extra.live == 1')),
    await build(office('input.context.extra.next == 1')),
  ];
  await copyFile(strict.bundle, shadow);
  const audgate = await start({
    registry: registryOf(issuer, { files: FILES }),
    config: { bundle: live.bundle, shadow: { bundle: shadow } },
  });
  const token = await issuer.token(FILES);
  const ask = (extra: object) => audgate.decide({ ...readFile(FILES, token), context: { extra } });
  const told = (id: string) =>
    until(
      () =>
        audgate
          .stderr()
          .split('\n')
          .find((line) => line.includes(id)),
      (line) => line !== undefined,
    ).then((line): unknown => JSON.parse(line ?? ''));
  const status = async (): Promise<unknown> => (await fetch(`${audgate.url}/v1/status`)).json();

  const same = await ask({ live: 1, next: 1 });
  const narrower = await ask({ live: 1 });
  const wider = await ask({ next: 1 });
  expect([same, narrower, wider].map(({ decision }) => decision)).toEqual(['allow', 'allow', 'deny']);
  expect(await told(narrower.decision_id)).toMatchObject({
    kind: 'would_deny',
    live: [],
    shadow: ['custom:office/closed'],
  });
  expect(await told(wider.decision_id)).toMatchObject({
    kind: 'would_allow',
    live: ['custom:office/closed'],
    shadow: [],
  });
  expect(audgate.stderr()).not.toContain(same.decision_id);
  expect(audgate.stderr()).not.toContain(token);
  const counted = await metric(audgate.url, 'audgate_shadow_decisions_total');
  expect(counted.toSorted()).toEqual(
    ['same', 'would_allow', 'would_deny'].map((kind) => `audgate_shadow_decisions_total{outcome="${kind}"} 1`),
  );
  const before = await status();
  expect(before).toMatchObject({ shadow: { revision: expect.stringMatching(/^sha256:/), rules: ['office'] } });

  // A bad one holds up nothing and replaces nothing.
  await writeFile(shadow, 'no bundle');
  const { last_reload } = await audgate.reload();
  expect(last_reload).toMatchObject({
    ok: true,
    problems: [{ severity: 'warning', message: expect.stringContaining('shadow: ') }],
  });
  expect(await status()).toMatchObject({ shadow: Object(before).shadow });

  await copyFile(live.bundle, shadow);
  await audgate.reload();
  const after = await status();
  expect(Object(after).shadow).not.toEqual(Object(before).shadow);
  const alike = await ask({ live: 1 });
  await until(
    () => metric(audgate.url, 'audgate_shadow_decisions_total'),
    (lines) => lines.some((line) => line.endsWith('outcome="same"} 2')),
  );
  expect(audgate.stderr()).not.toContain(alike.decision_id);
});

/** 100^8 steps; over texts, because numbers would take memory until there is none. */
const ENDLESS = `package custom.endless

words := ${JSON.stringify(Array.from({ length: 100 }, (_, at) => `v${at}`))}

default satisfied := false

satisfied if not input.context.extra.endless

satisfied if count([[a, b, c, d, e, f, g] | input.context.extra.endless; ${[...'abcdefgh'].map((name) => `${name} := words[_]`).join('; ')}; h == "x"]) == 0

denials contains {"code": "told"} if input.context.extra.told
`;

test('a shadow whose rule never ends for what a client chose holds up no decision, is ended', async () => {
  const issuer = await startIssuer();
  const shadow = await build({ 'endless.rego': ENDLESS });
  expect(shadow).toMatchObject({ code: 0 });
  const audgate = await start({
    registry: registryOf(issuer, { files: FILES }),
    config: { shadow: { bundle: shadow.bundle } },
  });
  const token = await issuer.token(FILES);
  const ask = (extra: object) => audgate.decide({ ...readFile(FILES, token), context: { extra } });
  const counted = (line: string) =>
    until(
      () => metric(audgate.url, 'audgate_shadow_decisions_total'),
      (lines) => lines.some((one) => one.includes(line)),
    );

  expect(await ask({ told: true })).toMatchObject({ decision: 'allow', advice: {} });
  await counted('outcome="would_deny"} 1');
  // With the rule on the thread that decides, none of these would ever be answered.
  for (let times = 0; times < 5; times++) expect(await ask({ endless: true })).toMatchObject({ decision: 'allow' });
  await counted('outcome="unavailable"} 5');
  expect(await ask({})).toMatchObject({ decision: 'allow' });
  await until(audgate.stderr, (text) => text.includes('did not end within'));
  expect(audgate.stderr()).not.toContain(token);
});

test('a shadow that cannot be read at the start is told of, and nothing starts', async () => {
  const issuer = await startIssuer();
  const shadow = join(await scratch(), 'shadow.tar.gz');
  await writeFile(shadow, 'no bundle');
  const started = start({ registry: registryOf(issuer, { files: FILES }), config: { shadow: { bundle: shadow } } });
  await expect(started).rejects.toThrow('shadow: ');
});

test('a registry that the shadow bundle holds is judged too, with rules or alone', async () => {
  const issuer = await startIssuer();
  const folder = await scratch();
  const shadow = join(folder, 'shadow.tar.gz');
  const live = registryOf(issuer, { files: FILES, billing: BILLING });
  const pack = (value: object) =>
    writeFile(shadow, writeBundle({ registry: new Map([['all.json', Buffer.from(JSON.stringify(value))]]) }).bytes);
  // The neighbour is not in it, and the tool needs a scope that the token lacks.
  const { issuers, servers } = Object(live);
  await pack({ issuers, servers: { files: { ...servers.files, tools: { read_file: { scopes: ['files:admin'] } } } } });
  const audgate = await start({ registry: live, config: { shadow: { bundle: shadow } } });
  const told = (id: string) =>
    until(
      () =>
        audgate
          .stderr()
          .split('\n')
          .find((line) => line.includes(id)),
      (line) => line !== undefined,
    ).then((line): unknown => JSON.parse(line ?? ''));

  const narrower = await audgate.decide(readFile(FILES, await issuer.token(FILES)));
  expect(narrower.decision).toBe('allow');
  expect(await told(narrower.decision_id)).toMatchObject({ kind: 'would_deny', shadow: ['scope_insufficient'] });
  const gone = await audgate.decide(readFile(BILLING, await issuer.token(BILLING)));
  expect(await told(gone.decision_id)).toMatchObject({ kind: 'would_deny', shadow: ['server_unknown'] });
  expect(await (await fetch(`${audgate.url}/v1/status`)).json()).toMatchObject({
    policy: { custom: null },
    shadow: { revision: expect.stringMatching(/^sha256:/), rules: [] },
  });

  // A new server, which the live registry has not.
  const added = 'https://added.example.com/mcp';
  await pack(registryOf(issuer, { files: FILES, billing: BILLING, added }));
  expect((await audgate.reload()).last_reload).toMatchObject({ ok: true, problems: [] });
  const wider = await audgate.decide(readFile(added, await issuer.token(added)));
  expect(wider.decision).toBe('deny');
  expect(await told(wider.decision_id)).toMatchObject({ kind: 'would_allow', live: ['server_unknown'], shadow: [] });

  await pack({ servers: { files: { resourse: FILES } } });
  const { last_reload } = await audgate.reload();
  expect(last_reload?.ok).toBe(true);
  expect(JSON.stringify(last_reload)).toContain('resourse');
});
