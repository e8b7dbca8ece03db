/** Custom rules that are broken in every way that was measured to fail open: none opens anything (design 3). */
import { cp, readFile as readBytes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Decision } from '../../src/decision/decision.ts';
import { build, forge, type Rego, tamper, tamperManifest } from './bundles.ts';
import { flood } from './flood.ts';
import { BILLING, FILES, type Issuer, readFile, registryOf, startIssuer } from './issue.ts';
import { PROJECT, scratch, start } from './start.ts';

const lenient = (issuer: Issuer) => registryOf(issuer, { files: FILES, billing: BILLING });
const codes = ({ decision, reasons }: Decision) => [decision, ...reasons.map(({ code }) => code)].join(' ');

/** Each rule is in order until the question's context.extra tells it to break. */
const BREAKABLE: Rego = {
  'silent.rego': rule('silent', 'satisfied if input.context.extra.break != "silent"'),
  // A text, not the boolean.
  'worded.rego': rule('worded', 'satisfied := "true" if broken\n\nsatisfied if not broken'),
  // Two values of one rule at once, which OPA reports as an error while it evaluates.
  'conflicting.rego': rule('conflicting', 'satisfied if true\n\nsatisfied := false if broken'),
  // One key with two values, the same kind of error below a rule.
  'throwing.rego': rule(
    'throwing',
    'satisfied if count(table) > 0\n\ntable := {"all": 1} if not broken\n\ntable := {"all": n | some n in [1, 2]} if broken',
  ),
  // More memory than a module may have.
  'greedy.rego': rule(
    'greedy',
    'satisfied if not broken\n\nsatisfied if { broken; count(numbers.range(1, 50000000)) > 0 }',
  ),
  'misshapen.rego': rule('misshapen', 'satisfied if true', 'denials contains input.context.extra.denial if broken'),
  'denying.rego': rule(
    'denying',
    'satisfied if true',
    'denials contains {"code": "too_late", "actual": [17]} if broken',
  ),
};

function rule(name: string, satisfied: string, denials = 'denials contains {"code": "never"} if false'): string {
  return `package custom.${name}\n\n${satisfied}\n\n${denials}\n\nbroken if input.context.extra.break == "${name}"\n`;
}

test('a rule that throws, conflicts, is silent, ill-formed or greedy denies, and core’s reasons stay', async () => {
  const issuer = await startIssuer();
  const built = await build(BREAKABLE);
  expect(built).toMatchObject({ code: 0 });
  const audgate = await start({ registry: lenient(issuer), config: { bundle: built.bundle } });
  const [right, foreign] = [await issuer.token(FILES), await issuer.token(BILLING)];
  const ask = async (token: string, extra: object) =>
    codes(await audgate.decide({ ...readFile(FILES, token), context: { extra } }));

  const order = { break: 'nothing' };
  expect(await ask(right, order)).toBe('allow');
  const broken: readonly (readonly [object, string])[] = [
    [{}, 'rule_not_satisfied'],
    [{ break: 'silent' }, 'rule_not_satisfied'],
    [{ break: 'worded' }, 'rule_not_satisfied'],
    [{ break: 'conflicting' }, 'policy_error'],
    [{ break: 'throwing' }, 'policy_error'],
    [{ break: 'greedy' }, 'policy_error'],
    ...[
      'text',
      { code: 'Not a code' },
      { code: 'fine', more: 1 },
      { message: 'no code' },
      { code: 'x', rule: 'silent' },
      [],
      17,
    ].map((denial) => [{ break: 'misshapen', denial }, 'policy_error'] as const),
    [{ break: 'denying' }, 'custom:denying/too_late'],
  ];
  for (const [extra, code] of broken) {
    const name = JSON.stringify(extra);
    expect(await ask(right, extra), name).toBe(`deny ${code}`);
    expect(await ask(foreign, extra), name).toBe(`deny audience_mismatch ${code}`);
    // Nothing that broke is used again.
    expect(await ask(right, order), name).toBe('allow');
  }
  // Far more errors than one instance of a module survives.
  const answers = new Set<string>();
  const throwing = { ...readFile(FILES, right), context: { extra: { break: 'throwing' } } };
  await flood(
    audgate.port,
    Array<object>(500).fill(throwing),
    (question) => question,
    (_, { body }) => answers.add(codes(JSON.parse(body) as Decision)),
  );
  expect([...answers]).toEqual(['deny policy_error']);
  expect(await ask(right, order)).toBe('allow');
});

test('a rule in a form that fails open is not built', async () => {
  const body = 'satisfied if input.now\n\ndenials contains {"code": "never"} if false\n';
  const forms: readonly (readonly [string, string, RegExp])[] = [
    ['satisfied misspelt', `package custom.a\n\n${body.replace('satisfied', 'satisfed')}`, /does not define satisfied/],
    ['deny for denials', `package custom.a\n\n${body.replace('denials', 'deny')}`, /does not define denials/],
    ['a nested package', `package custom.a.b\n\n${body}`, /custom\.a\.b/],
    ['no name', `package custom\n\n${body}`, /package custom/],
    ['the aggregator’s name', `package custom.decide\n\n${body}`, /decide/],
    ['a name in capitals', `package custom.Rule\n\n${body}`, /Rule/],
    ['a core package', `package audgate.rules.audience\n\n${body}`, /audgate\.rules\.audience/],
    ['true by default', `package custom.a\n\ndefault satisfied := true\n\n${body}`, /default/],
  ];
  const answers = await Promise.all(
    forms.map(async ([name, rego, told]) => ({ name, told, ...(await build({ 'a.rego': rego })) })),
  );
  for (const { name, code, stdout, stderr, told } of answers) {
    expect({ name, code, stdout }).toEqual({ name, code: 1, stdout: '' });
    expect(stderr, name).toMatch(told);
  }
});

test('a forged bundle whose rules are misnamed or answer another list opens nothing', async () => {
  const issuer = await startIssuer();
  const [right, foreign] = [await issuer.token(FILES), await issuer.token(BILLING)];
  const answers = async (bundle: string) => {
    const audgate = await start({ registry: lenient(issuer), config: { bundle } });
    const both = [
      codes(await audgate.decide(readFile(FILES, right))),
      codes(await audgate.decide(readFile(FILES, foreign))),
    ];
    await audgate.stop();
    return both;
  };
  const fine = { 'a.rego': rule('a', 'satisfied if input.now') };
  const unproved = ['deny rule_not_satisfied', 'deny audience_mismatch rule_not_satisfied'];
  expect(await answers(await forge(fine, ['a']))).toEqual(['allow', 'deny audience_mismatch']);
  expect(await answers(await forge({ 'a.rego': rule('a', 'satisfed if input.now') }, ['a']))).toEqual(unproved);

  // The list is right only while the module is tried out.
  const fickle = `package custom

decide := {"rules": ["a"], "satisfied": ["a"], "denials": []} if not input.now

decide := {"rules": [], "satisfied": [], "denials": []} if input.now
`;
  const failed = ['deny policy_error', 'deny audience_mismatch policy_error'];
  expect(await answers(await forge(fine, ['a'], fickle))).toEqual(failed);
  // And undefined once there is a call.
  const absent = 'package custom\n\ndecide := {"rules": ["a"], "satisfied": ["a"], "denials": []} if not input.now\n';
  expect(await answers(await forge(fine, ['a'], absent))).toEqual(failed);
  // A module that says yes to everything cannot say yes for the core.
  const yes = 'package custom\n\ndecide := {"rules": ["a"], "satisfied": ["a"], "denials": []}\n';
  expect(await answers(await forge(fine, ['a'], yes))).toEqual(['allow', 'deny audience_mismatch']);
});

test('a bundle whose manifest and module do not belong together is not loaded', async () => {
  const issuer = await startIssuer();
  const sources = { 'a.rego': rule('a', 'satisfied if input.now'), 'b.rego': rule('b', 'satisfied if input.now') };
  const both = await forge(sources, ['a', 'b']);
  const core = await readBytes(join(PROJECT, 'policies/core.wasm'));
  const [a, b, c] = ['a', 'b', 'c'].map((name) => JSON.stringify({ name, file: `${name === 'c' ? 'b' : name}.rego` }));
  const bundles = {
    'a rule missing from the answer': await tamperManifest(both, `${b}`, `${b},${c}`),
    'a rule missing from the manifest': await tamperManifest(both, `,${b}`, ''),
    'a rule renamed': await tamperManifest(both, '"name":"b"', '"name":"bb"'),
    'a rule twice': await tamperManifest(both, `${b}`, `${a}`),
    'no rules': await tamperManifest(both, `${a},${b}`, ''),
    'a forbidden name': await tamperManifest(both, '"name":"b"', '"name":"decide"'),
    'a file that is not there': await tamperManifest(both, '"file":"b.rego"', '"file":"c.rego"'),
    'another entrypoint': await tamperManifest(both, 'custom/decide', 'custom/a/satisfied'),
    'roots over the core': await tamperManifest(both, '"roots":["custom"]', '"roots":["custom","audgate"]'),
    'the core for a module': await tamper(both, (files) => files.set('policy.wasm', core)),
    'no module': await tamper(both, (files) => files.delete('policy.wasm')),
    'a module of garbage': await tamper(both, (files) => files.set('policy.wasm', 'garbage')),
    'a file from elsewhere': await tamper(both, (files) => files.set('../../etc/passwd', 'root')),
  };
  // Neither one that runs takes it, nor does one start with it.
  const bundle = join(await scratch(), 'rules.tar.gz');
  await cp(both, bundle);
  const audgate = await start({ registry: lenient(issuer), config: { bundle } });
  for (const [name, bad] of Object.entries(bundles)) {
    await cp(bad, bundle);
    const { revision, last_reload } = await audgate.reload();
    expect({ name, revision, ok: last_reload?.ok }).toEqual({ name, revision: audgate.revision, ok: false });
    expect(last_reload?.problems.length, name).toBeGreaterThan(0);
  }
  await expect(start({ registry: lenient(issuer), config: { bundle } })).rejects.toThrow(/^audgate ended with 1: /);
});

test('a rule about labels judges each operation that a call is at once: no target hides another', async () => {
  const issuer = await startIssuer();
  const labels = 'input.registered.operation.labels';
  const built = await build({
    'harmless.rego': rule('harmless', `satisfied if object.get(${labels}, "risk", "low") != "high"`),
    'public.rego': rule('public', `satisfied if ${labels}.public == true`),
  });
  expect(built).toMatchObject({ code: 0 });
  const resources = {
    'file:///a': { labels: { public: true, risk: 'low' } },
    'file:///b': { labels: { public: true, risk: 'high' } },
    'file:///c': {},
  };
  const registry = registryOf(issuer, { files: FILES }, { resources });
  const audgate = await start({ registry, config: { bundle: built.bundle } });
  const token = await issuer.token(FILES);
  const ask = async (...names: readonly string[]) => {
    const uris = names.map((name) => `file:///${name}`);
    const call = { method: 'subscriptions/listen', uris };
    return codes(await audgate.decide({ server: FILES, token, call }));
  };
  expect(await ask('a')).toBe('allow');
  expect(await ask('b')).toBe('deny rule_not_satisfied');
  expect(await ask('c')).toBe('deny rule_not_satisfied');
  expect(await ask('a', 'b')).toBe('deny rule_not_satisfied');
  expect(await ask('a', 'c')).toBe('deny rule_not_satisfied');
  expect(await ask('c', 'a')).toBe('deny rule_not_satisfied');
});
