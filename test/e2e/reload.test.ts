/** SIGHUP: a good registry or module takes over at once and whole, a bad one never does (design 2, issue part 4). */
import { cp, mkdir, readFile as readBytes, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Decision } from '../../src/decision/decision.ts';
import { buildCore } from '../../src/policy/core.ts';
import { opaForTests } from '../policy/compiled.ts';
import { forge } from './bundles.ts';
import { flood } from './flood.ts';
import { BILLING, FILES, type Issuer, readFile, registryOf, startIssuer } from './issue.ts';
import { PROJECT, scratch, start } from './start.ts';

/** The same servers, but that read_file needs another scope. */
const stricter = (issuer: Issuer) =>
  registryOf(issuer, { files: FILES, billing: BILLING }, { tools: { read_file: { scopes: ['files:admin'] } } });

const lenient = (issuer: Issuer) => registryOf(issuer, { files: FILES, billing: BILLING });

test('under load a good registry takes over at once: each answer is wholly of the one or of the other', async () => {
  const issuer = await startIssuer();
  const audgate = await start({ registry: lenient(issuer) });
  const token = await issuer.token(FILES);

  let reloading = true;
  function* questions() {
    while (reloading) yield token;
  }
  const counts = new Map<string, number>();
  const load = flood(
    audgate.port,
    questions(),
    (text) => readFile(FILES, text),
    (_, { status, body }) => {
      const { decision, reasons, revision } = JSON.parse(body) as Decision;
      const answer = [status, revision, decision, ...reasons.map(({ code }) => code)].join(' ');
      counts.set(answer, (counts.get(answer) ?? 0) + 1);
    },
  );
  const revisions = [audgate.revision];
  for (const registry of [stricter(issuer), lenient(issuer), stricter(issuer), lenient(issuer)]) {
    await audgate.writeRegistry(registry);
    const { last_reload, revision } = await audgate.reload();
    expect(last_reload).toMatchObject({ ok: true, problems: [] });
    revisions.push(revision);
  }
  reloading = false;
  await load;

  const [first, second] = revisions;
  // The revision is a hash of what is in force: the same registry has the same again.
  expect(revisions).toEqual([first, second, first, second, first]);
  expect(second).not.toBe(first);
  expect([...counts.keys()].sort()).toEqual([`200 ${first} allow`, `200 ${second} deny scope_insufficient`].sort());
});

test('a bad registry never replaces a good one: status says what is wrong, and where', async () => {
  const issuer = await startIssuer();
  const audgate = await start({ registry: lenient(issuer) });
  const right = readFile(FILES, await issuer.token(FILES));
  const foreign = readFile(FILES, await issuer.token(BILLING));
  const bad: readonly (readonly [string, object | string | null, RegExp])[] = [
    ['no YAML', '{"issuers": [', /./],
    ['a member twice', '{"issuers": {}, "issuers": {}}', /./],
    ['an unknown field', registryOf(issuer, { files: FILES }, { max_lifetime: 900 }), /max_lifetime/],
    ['one audience for two servers', registryOf(issuer, { files: FILES, other: `${FILES}/` }), /files/],
    [
      'a symmetric algorithm',
      { ...lenient(issuer), issuers: { corp: { ...issuer.record, algorithms: ['HS256'] } } },
      /HS256/,
    ],
    ['no file', null, /./],
  ];
  for (const [name, content, told] of bad) {
    if (content === null) await rm(join(audgate.folder, 'registry.json'));
    else await audgate.writeRegistry(content);
    const status = await audgate.reload();
    expect(status.revision, name).toBe(audgate.revision);
    expect(status.last_reload, name).toMatchObject({ ok: false });
    const { problems = [] } = status.last_reload ?? {};
    expect(problems.length, name).toBeGreaterThan(0);
    expect(JSON.stringify(problems), name).toMatch(told);
    for (const problem of problems)
      expect(problem, name).toMatchObject({ severity: 'error', message: expect.any(String) });
    expect((await audgate.decide(right)).decision, name).toBe('allow');
    expect((await audgate.decide(foreign)).reasons[0]?.code, name).toBe('audience_mismatch');
  }
  // And the good one that follows is taken.
  await audgate.writeRegistry(stricter(issuer));
  expect((await audgate.reload()).last_reload?.ok).toBe(true);
  expect((await audgate.decide(right)).reasons[0]?.code).toBe('scope_insufficient');
});

test('a token that was allowed and remembered is judged by the registry in force: its issuer disabled, its server gone', async () => {
  const issuer = await startIssuer();
  const audgate = await start({ registry: lenient(issuer) });
  const right = readFile(FILES, await issuer.token(FILES));
  const code = async () => (await audgate.decide(right)).reasons[0]?.code ?? 'allowed';
  expect(await code()).toBe('allowed');
  await audgate.writeRegistry({ ...lenient(issuer), issuers: { corp: { ...issuer.record, disabled: true } } });
  await audgate.reload();
  expect(await code()).toBe('issuer_disabled');
  await audgate.writeRegistry(registryOf(issuer, { billing: BILLING }));
  await audgate.reload();
  expect(await code()).toBe('server_unknown');
  await audgate.writeRegistry(lenient(issuer));
  await audgate.reload();
  expect(await code()).toBe('allowed');
});

test('a bundle that is no bundle, or is gone, never replaces a good one', async () => {
  const issuer = await startIssuer();
  const bundle = join(await scratch(), 'rules.tar.gz');
  await cp(await forge({ 'any.rego': ANY_CALL }, ['any']), bundle);
  const audgate = await start({ registry: lenient(issuer), config: { bundle } });
  const right = readFile(FILES, await issuer.token(FILES));
  for (const content of ['no archive', null]) {
    if (content === null) await rm(bundle);
    else await writeFile(bundle, content);
    const { revision, last_reload } = await audgate.reload();
    expect(revision).toBe(audgate.revision);
    expect(last_reload).toMatchObject({ ok: false, problems: [{ message: expect.stringContaining(bundle) }] });
    expect((await audgate.decide(right)).decision).toBe('allow');
  }
});

test('a core of another digest never comes into force, unless it is allowed to; and never one that lets a wrong token in', async () => {
  const issuer = await startIssuer();
  const folder = await copyOfProject();
  const program = { folder, args: ['src/main.ts'] };
  const core = join(folder, 'policies/core.wasm');
  const released = await readBytes(core);
  const right = readFile(FILES, await issuer.token(FILES));

  const strict = await start({ registry: lenient(issuer), program });
  await writeFile(core, renamed(released));
  const refused = await strict.reload();
  expect(refused.last_reload).toMatchObject({ ok: false, problems: [{ message: expect.stringContaining('digest') }] });
  expect(refused.policy.core.modified).toBe(false);
  expect(refused.revision).toBe(strict.revision);
  expect((await strict.decide(right)).decision).toBe('allow');
  await expect(start({ registry: lenient(issuer), program })).rejects.toThrow(/ended with 1: .*digest/s);

  const lax = await start({ registry: lenient(issuer), program, config: { allow_modified_core: true } });
  expect((await lax.status()).policy.core.modified).toBe(true);
  await writeFile(core, await coreWithoutAudience());
  const open = await lax.reload();
  expect(open.last_reload).toMatchObject({ ok: false });
  expect(JSON.stringify(open.last_reload?.problems)).toContain('audience');
  expect(open.revision).toBe(lax.revision);
  expect((await lax.decide(readFile(FILES, await issuer.token(BILLING)))).reasons[0]?.code).toBe('audience_mismatch');

  await writeFile(core, released);
  expect((await lax.reload()).policy.core.modified).toBe(false);
});

const ANY_CALL = 'package custom.any\n\nsatisfied if input.now\n\ndenials contains {"code": "never"} if false\n';

/** A checkout whose policies can be tampered with; its dependencies are this one's. */
async function copyOfProject(): Promise<string> {
  const folder = await scratch();
  for (const path of ['src', 'package.json']) await cp(join(PROJECT, path), join(folder, path), { recursive: true });
  await mkdir(join(folder, 'policies'));
  for (const name of ['core.wasm', 'core.manifest.json', 'capabilities.json'])
    await cp(join(PROJECT, 'policies', name), join(folder, 'policies', name));
  await symlink(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** The same module with a custom section that does nothing: another digest, no other behaviour. */
function renamed(wasm: Uint8Array): Uint8Array {
  const name = Buffer.from('nothing');
  return Buffer.concat([wasm, Buffer.from([0, name.length + 1, name.length]), name]);
}

/** The core, but that its audience rule is satisfied by any token: what a mistaken edit could make of it. */
async function coreWithoutAudience(): Promise<Uint8Array> {
  const policies = join(await scratch(), 'policies');
  await cp(join(PROJECT, 'policies'), policies, { recursive: true });
  const rule = join(policies, 'core/audgate/rules/audience/audience.rego');
  const rego = await readBytes(rule, 'utf8');
  await writeFile(rule, rego.replace('satisfied if exclusive', 'satisfied if input.token'));
  const built = await buildCore(await opaForTests(), policies);
  if (!built.ok) throw new Error(built.output);
  return built.wasm;
}
