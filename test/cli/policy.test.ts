import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { twoRules } from '../policy/two-rules.ts';
import { audgate, createWorld, ended, FILES, spawnAudgate } from './audgate.ts';

let world: Awaited<ReturnType<typeof createWorld>>;
let rules: string;
beforeAll(async () => {
  world = await createWorld();
  rules = await twoRules(world.folder);
});
afterAll(() => world.close());

/** A rule that is no rule: `deny` is not what the aggregator reads. */
const MISNAMED = 'package custom.limit\n\ndeny contains "x" if input.call.tool == "x"\n';

async function folder(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const place = join(world.folder, name);
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(place, file, '..'), { recursive: true });
    await writeFile(join(place, file), text);
  }
  return place;
}

describe('policy check', () => {
  test('passes rules that keep to the form', async () => {
    const { code, stdout } = await audgate(['policy', 'check', rules, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ problems: [], rules: ['argument_limit', 'office_hours'] });
  });

  test('refuses a rule that would fail open, and names its file', async () => {
    const place = await folder('misnamed', { 'limit/limit.rego': MISNAMED });
    const { code, stdout } = await audgate(['policy', 'check', place]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/misnamed\/limit\/limit\.rego(:\d+:\d+)?: error: .*satisfied/);
  });
});

describe('policy test', () => {
  test('runs Rego tests on both engines', async () => {
    const { code, stdout } = await audgate(['policy', 'test', rules]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /Rego tests on opa: [1-9]\d* passed, 0 failed\nRego tests on wasm: [1-9]\d* passed, 0 failed\n/,
    );
  });

  const cases = (decision: string) => `
registry:
  issuers: { corp: { issuer: https://login.example.com, algorithms: [ES256] } }
  servers:
    files: { resource: ${FILES}, issuers: [corp], max_lifetime_seconds: 900, tools: { read_file: { scopes: [] } } }
now: 2026-11-23T12:00:00Z
cases:
  - name: a right token
    server: files
    token: { issuer: corp }
    call: { method: tools/call, tool: read_file, arguments: {} }
    expect: { decision: ${decision}, reasons: [], status: 200 }
`;

  test('runs case files, and prints both counts', async () => {
    const place = await folder('right', { 'cases/one.yaml': cases('allow') });
    const { code, stdout, stderr } = await audgate(['policy', 'test', place]);
    expect(code).toBe(0);
    expect(stdout).toBe('Cases: 1 through opa eval, WASM and HTTP, 0 through decide and HTTP; 0 failed\n');
    expect(stderr).toContain('cases/one.yaml (1 of 1)');
  });

  test('ends with 1 when a case is not as it should be, and says which', async () => {
    const place = await folder('wrong', { 'cases/one.yaml': cases('deny') });
    const { code, stdout } = await audgate(['policy', 'test', place]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/wrong\/cases\/one\.yaml:\d+: failed: a right token\n/);
  });

  test('runs cases without OPA, on the compiled policy alone', async () => {
    const place = await folder('opaless', { 'cases/one.yaml': cases('allow') });
    const { code, stdout } = await audgate(['policy', 'test', place, '--engine', 'wasm'], {
      env: { PATH: '', HOME: '' },
    });
    expect(code).toBe(0);
    expect(stdout).toBe('Cases: 1 through WASM and HTTP, 0 through decide and HTTP; 0 failed\n');
  });

  test('says that Rego tests did not run where there is no OPA', async () => {
    const place = join(world.folder, 'untested');
    await cp(rules, place, { recursive: true });
    await folder('untested', { 'cases/one.yaml': cases('allow') });
    const { code, stdout, stderr } = await audgate(['policy', 'test', place], { env: { PATH: '', HOME: '' } });
    expect(code).toBe(2);
    expect(stdout).toContain('Cases: 1 through WASM and HTTP');
    expect(stderr).toContain('the Rego tests did not run');
  });

  test('takes built rules in place of those that a file names', async () => {
    const place = join(world.folder, 'built');
    const output = join(world.folder, 'built.tar.gz');
    expect((await audgate(['policy', 'build', rules, '-o', output])).code).toBe(0);
    const ruled = cases('allow').replace('now:', 'policies: ../rules\nnow:');
    await folder('built', { 'cases/one.yaml': ruled });
    const asked = ['policy', 'test', place, '--engine', 'wasm'];
    const without = await audgate(asked);
    expect(without.code).toBe(1);
    expect(without.stdout).toContain('give the bundle with --bundle');
    const { code, stdout } = await audgate([...asked, '--bundle', output, '--coverage', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).coverage.rules).toContainEqual({
      rule: 'custom.argument_limit',
      satisfied: 1,
      denied: 0,
    });
  });

  test('runs only what has the text in its name, and says when nothing has', async () => {
    const place = await folder('some', {
      'cases/one.yaml': `${cases('allow')}  - { name: another, server: files, token: null, call: { method: ping }, expect: { decision: allow, reasons: [], status: 200 } }\n`,
    });
    const right = await audgate(['policy', 'test', place, '--filter', 'RIGHT', '--json']);
    expect(right.code).toBe(0);
    expect(JSON.parse(right.stdout).counts).toEqual({ policy: 1, facts: 0, failed: 0, unusable: 0 });
    expect((await audgate(['policy', 'test', place, '--filter', 'another'])).code).toBe(1);
    const none = await audgate(['policy', 'test', place, '--filter', 'nowhere']);
    expect(none.code).toBe(2);
    expect(none.stderr).toContain('nothing has nowhere in its name');
    const rego = JSON.parse((await audgate(['policy', 'test', rules, '--filter', 'weekend', '--json'])).stdout);
    expect(rego.runs.map(({ tests }: { tests: { name: string }[] }) => tests.map(({ name }) => name))).toEqual([
      ['data.custom.office_hours_test.test_closed_at_the_weekend'],
      ['data.custom.office_hours_test.test_closed_at_the_weekend'],
    ]);
  });

  test('tells which tools have no case that is allowed, or denied', async () => {
    const place = await folder('gaps', { 'cases/one.yaml': cases('allow') });
    const told = await audgate(['policy', 'test', place, '--coverage']);
    expect(told.code).toBe(0);
    expect(told.stdout).toContain('not covered: files: tools/call read_file has no case that is denied');
    expect(told.stdout).toMatch(/^files\ttools\/call read_file\t1\t0$/m);
    expect((await audgate(['policy', 'test', place, '--require-coverage'])).code).toBe(1);
  });

  test('writes JUnit', async () => {
    const place = await folder('junit', { 'cases/one.yaml': cases('deny') });
    const output = join(world.folder, 'results.xml');
    expect((await audgate(['policy', 'test', place, '--junit', output])).code).toBe(1);
    const xml = await readFile(output, 'utf8');
    expect(xml).toMatch(/<testsuite name="[^"]*one\.yaml" tests="1" failures="1">/);
    expect(xml).toContain('<failure message="decision: expected deny, got allow">');
  });

  test('runs again when a file changes, until it is told to end', async () => {
    const place = await folder('watched', { 'cases/one.yaml': cases('allow') });
    const child = spawnAudgate([
      'policy',
      'test',
      place,
      '--watch',
      '--engine',
      'wasm',
      '--junit',
      join(place, 'x.xml'),
    ]);
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    const told = (async () => {
      const runs: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        if (!line.startsWith('Cases:')) continue;
        runs.push(line);
        if (runs.length === 1) await folder('watched', { 'cases/one.yaml': cases('deny') });
        else child.kill('SIGINT');
      }
      return runs.map((line) => line.replace(/^.*; /, ''));
    })();
    const { code } = await ended(child);
    expect(await told).toEqual(['0 failed', '1 failed']);
    expect(code).toBe(0);
  });

  test('runs again when a registry changes that a case names, wherever it stands', async () => {
    const registry = (scopes: string) => `issuers:
  corp: { issuer: https://login.example.com, jwks_uri: https://login.example.com/jwks, algorithms: [ES256] }
servers:
  files: { resource: ${FILES}, issuers: [corp], max_lifetime_seconds: 900, tools: { read_file: { scopes: [${scopes}] } } }
`;
    const [, only = ''] = cases('allow').split(/^(?=now:)/m);
    const named = only.replace('token: { issuer: corp }', 'token: { issuer: corp, claims: { scope: null } }');
    const place = await folder('beside', {
      'registry.yaml': registry(''),
      'tests/cases/one.yaml': `registry: ../../registry.yaml\n${named}`,
    });
    const child = spawnAudgate(['policy', 'test', join(place, 'tests'), '--watch', '--engine', 'wasm']);
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    const told = (async () => {
      const runs: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        if (!line.startsWith('Cases:')) continue;
        runs.push(line.replace(/^.*; /, ''));
        if (runs.length === 1) await folder('beside', { 'registry.yaml': registry('files:read') });
        else child.kill('SIGINT');
      }
      return runs;
    })();
    const { code } = await ended(child);
    expect(await told).toEqual(['0 failed', '1 failed']);
    expect(code).toBe(0);
  });

  test('ends with 1 when a test fails', async () => {
    const place = join(world.folder, 'broken');
    await cp(rules, place, { recursive: true });
    const failing = 'package custom.office_hours_test\n\ntest_never if false\n';
    await writeFile(join(place, 'office_hours', 'never_test.rego'), failing);
    const { code, stdout } = await audgate(['policy', 'test', place, '--json']);
    expect(code).toBe(1);
    const { problems, runs } = JSON.parse(stdout);
    expect(problems.map(({ file }: { file: string }) => file)).toContain('office_hours/never_test.rego');
    expect(runs).toMatchObject([
      { engine: 'opa', failed: 1 },
      { engine: 'wasm', failed: 1 },
    ]);
  });
});

describe('policy build', () => {
  test('writes a bundle that decides', async () => {
    const output = join(world.folder, 'rules.tar.gz');
    const built = await audgate(['policy', 'build', rules, '-o', output]);
    expect(built.code).toBe(0);
    expect(built.stdout).toMatch(/ sha256:[0-9a-f]{64}\nrules argument_limit, office_hours\n$/);
    const asked = ['--registry', world.registry, '--server', FILES, '--tool', 'read_file', '--arguments', '{}'];
    const { stdout } = await audgate(['explain', ...asked, '--bundle', output, '--json'], {
      stdin: await world.token(),
    });
    const files = JSON.parse(stdout).checks.map(({ rule_file }: { rule_file: string }) => rule_file);
    for (const rule of ['argument_limit', 'office_hours']) expect(files).toContain(`${output}:${rule}/${rule}.rego`);
  });

  test('builds nothing that has a problem', async () => {
    const place = await folder('unbuilt', { 'limit/limit.rego': MISNAMED });
    const output = join(world.folder, 'unbuilt.tar.gz');
    const { code, stdout, stderr } = await audgate(['policy', 'build', place, '-o', output]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('limit.rego');
    await expect(readFile(output)).rejects.toThrow('ENOENT');
  });

  test('says so when the bundle cannot be written', async () => {
    const { code, stderr } = await audgate(['policy', 'build', rules, '-o', join(world.folder, 'no', 'such', 'x')]);
    expect(code).toBe(2);
    expect(stderr).toContain('cannot be written (ENOENT)');
  });
});

test('a bundle that is none ends decide with 1, and says how to build it', async () => {
  const bundle = await world.write('none.tar.gz', 'not a bundle');
  const { code, stdout, stderr } = await audgate(
    ['decide', '--registry', world.registry, '--bundle', bundle, '--server', FILES, '--tool', 'read_file'],
    { stdin: 'x' },
  );
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('audgate policy build');
});
