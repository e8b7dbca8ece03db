import { readFile, truncate } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { twoRules } from '../policy/two-rules.ts';
import { audgate, BILLING, createWorld, FILES, serving } from './audgate.ts';
import { inProcess } from './in-process.ts';

let world: Awaited<ReturnType<typeof createWorld>>;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

interface Recorded {
  readonly input: { readonly token: object };
}

let known: Promise<string> | undefined;
/** One line of the log of a real decision, made in the first test that asks for it. */
async function lineOf(): Promise<string> {
  known ??= recorded(['--registry', world.registry], await world.token({ aud: BILLING }));
  return known;
}

async function recorded(args: readonly string[], token: string): Promise<string> {
  const server = await serving(args);
  const call = { method: 'tools/call', tool: 'read_file', arguments: {} };
  await fetch(`${server.url}/v1/decide`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ server: FILES, token, call }),
  });
  await server.until(() => server.records.length > 0);
  return server.records[0] ?? '';
}

const explain = (stdin: string, ...more: readonly string[]) =>
  inProcess(['explain', '--registry', world.registry, '--record', '-', ...more], { stdin });

test('explain names the line of a custom rule’s denial, and leaves the rule to its author', async () => {
  const bundle = `${world.folder}/limit.tar.gz`;
  expect((await audgate(['policy', 'build', await twoRules(world.folder), '-o', bundle])).code).toBe(0);
  const text = (await readFile(world.registry, 'utf8')).replace(
    '["files:read"]',
    '["files:read"],"labels":{"max_amount":10}',
  );
  const registry = await world.write('limited.json', text);
  const question = ['--server', FILES, '--tool', 'read_file', '--arguments', '{"amount":11}', '--json'];
  const asked = ['explain', '--registry', registry, '--bundle', bundle, ...question];
  const { code, stdout, stderr } = await inProcess(asked, { stdin: await world.token() });
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  const { checks, changes, no_safe_change } = JSON.parse(stdout);
  const rego = (await readFile('policies/recipes/argument_limit/argument_limit.rego', 'utf8')).split('\n');
  const line = rego.findIndex((one) => one.includes('"amount_out_of_range"')) + 1;
  const file = `${bundle}:argument_limit/argument_limit.rego`;
  expect(checks).toContainEqual(
    expect.objectContaining({ rule: 'custom.argument_limit', outcome: 'denied', rule_file: `${file}:${line}` }),
  );
  expect(changes).toEqual([]);
  expect(no_safe_change).toEqual([
    { side: 'operator', why: expect.stringContaining(`its author decides, in ${file}`) },
  ]);
}, 60_000);

describe('explain --record', () => {
  test.each<[string, (record: Recorded) => void, string]>([
    ['a time that no calendar has', ({ input }) => Object.assign(input, { now: 9_000_000_000_000_000 }), '/input/now'],
    ['a time before all', ({ input }) => Object.assign(input, { now: -1 }), '/input/now'],
    [
      'an end that no calendar has',
      ({ input }) => Object.assign(input.token, { expires_at: 9_000_000_000_000_000 }),
      '/input/token/expires_at',
    ],
    [
      'more audiences than a token may have',
      ({ input }) => Object.assign(input.token, { audiences: Array.from({ length: 20_000 }, (_, at) => `urn:${at}`) }),
      '/input/token/audiences',
    ],
  ])('refuses a record with %s', async (_, change, pointer) => {
    const record: Recorded = JSON.parse(await lineOf());
    change(record);
    const { code, stderr } = await explain(JSON.stringify(record));
    expect(code).toBe(2);
    expect(stderr).toContain(pointer);
  });

  test('looks at no more of a file than one record has', async () => {
    const log = await world.write('huge.jsonl', '');
    await truncate(log, 6 * 1024 ** 3);
    const { code, stderr } = await inProcess(['explain', '--registry', world.registry, '--record', log]);
    expect(code).toBe(2);
    expect(stderr).toContain('give one line of the log');
  });

  test('explains a line of the log, and ends as the decision does', async () => {
    const { code, stdout, stderr } = await explain(await lineOf(), '--json');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      recorded: { decision: 'deny', codes: ['audience_mismatch'] },
      ...{ differs: [], replayed: 'all', missing: [], same: true },
      explanation: { changes: [{ side: 'client', verified: true }, { side: 'authorization_server' }] },
    });
  });

  test('reads a file, and prints for people whether it is the same', async () => {
    const file = await world.write('record.json', `${await lineOf()}\n`);
    const { code, stdout } = await inProcess(['explain', '--registry', world.registry, '--record', file]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^recorded +deny audience_mismatch, \S+, \S+\nrevision +the same, sha256:/);
    expect(stdout).toContain('the same decision, for the same reasons');
    expect(stdout).toContain('no safe change, operator: ');
  });

  test('says when the registry is another than then', async () => {
    const text = (await readFile(world.registry, 'utf8')).replaceAll('files:read', 'files:look');
    const other = await world.write('other.json', text);
    const { stdout } = await inProcess(['explain', '--registry', other, '--record', '-'], { stdin: await lineOf() });
    expect(stdout).toMatch(/^revision +another: registry differ/m);
  });

  test('decides by core alone where a custom rule reads what the record does not hold', async () => {
    const bundle = `${world.folder}/rules.tar.gz`;
    const built = await audgate(['policy', 'build', await twoRules(world.folder), '-o', bundle]);
    expect(built.code).toBe(0);
    const { code, stdout } = await explain(await lineOf(), '--bundle', bundle, '--json');
    expect(code).toBe(1);
    const { replayed, missing, differs, same, explanation } = JSON.parse(stdout);
    expect({ replayed, missing, differs, same }).toEqual({
      replayed: 'core',
      missing: ['/input/call/arguments'],
      differs: ['custom'],
      same: true,
    });
    expect(explanation.checks).toContainEqual(
      expect.objectContaining({ rule: 'custom.argument_limit', outcome: 'not_evaluated' }),
    );
  }, 60_000);

  test.each<[string, () => string | Promise<string>, RegExp]>([
    ['no record', () => '{"a":1}', /^audgate: standard input is no record: \/decision_id is missing/],
    ['no JSON', () => 'x', /^audgate: standard input is no record: /],
    ['nothing', () => '\n', /holds 0 lines/],
    [
      'two records',
      async () => `${await lineOf()}\n${await lineOf()}\n`,
      /holds 2 lines, and one record is explained at a time: grep /,
    ],
  ])('refuses %s', async (_, text, message) => {
    const { code, stdout, stderr } = await explain(await text());
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  test('is no question: what a record says itself is not given beside it', async () => {
    const { code, stderr } = await explain(await lineOf(), '--tool', 'read_file');
    expect(code).toBe(2);
    expect(stderr).toContain("'--record <file>' cannot be used with option '--tool <name>'");
    const without = await inProcess(['explain', '--registry', world.registry, '--tool', 'read_file']);
    expect(without).toMatchObject({
      code: 2,
      stderr: "audgate: required option '--server <resource>' not specified\n",
    });
    expect((await inProcess(['explain', '--registry', world.registry, '--record', '/none'])).code).toBe(2);
  });
});
