/** `audgate replay` on logs that the real program wrote, with registries and rules as their authors change them. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPolicies, openToolchain } from '../../src/policy/custom.ts';
import { opaForTests } from '../policy/compiled.ts';
import { folderOf } from '../policy/folder.ts';
import { POLICIES } from '../testing/parts.ts';
import { audgate, BILLING, createWorld, FILES, registryOf, spawnAudgate } from './audgate.ts';
import { inProcess } from './in-process.ts';

let world: Awaited<ReturnType<typeof createWorld>>;
let log: string;

const CALL = { method: 'tools/call', tool: 'read_file', arguments: { path: '/a' } };

beforeAll(async () => {
  world = await createWorld();
  log = join(world.folder, 'decisions.log');
  const config = await world.write(
    'config.json',
    JSON.stringify({ registry: world.registry, record: { destination: { file: log } } }),
  );
  await record(config);
}, 60_000);
afterAll(() => world.close());

/** Two allows, three denials by policy, one by facts, one explanation. */
async function record(config: string): Promise<void> {
  const child = spawnAudgate(['serve', '--config', config, '--listen', '127.0.0.1:0']);
  const first = await new Promise<string>((done) => child.stdout.once('data', (chunk) => done(String(chunk))));
  const { url } = JSON.parse(first.split('\n')[0] ?? '') as { url: string };
  const ask = (token: string, call: object = CALL, path = 'decide') =>
    fetch(`${url}/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ server: FILES, token, call }),
    });
  const right = await world.token();
  await ask(right);
  await ask(right);
  await ask(right, CALL, 'explain');
  await ask(await world.token({ aud: BILLING }));
  await ask(right, { method: 'tools/call', tool: 'delete_file', arguments: {} });
  await ask(await world.token({ claims: { scope: '' } }));
  await ask(`${right.slice(0, -4)}AAAA`);
  const ended = new Promise((done) => child.once('close', done));
  child.kill('SIGTERM');
  await ended;
}

type Files = ReturnType<typeof registryOf>['servers']['files'] & Record<string, unknown>;

async function registryWith(files: Partial<Files>): Promise<string> {
  const value = registryOf(world.key);
  return world.write(
    `registry-${crypto.randomUUID()}.json`,
    JSON.stringify({ ...value, servers: { ...value.servers, files: { ...value.servers.files, ...files } } }),
  );
}

async function bundleOf(rego: string): Promise<string> {
  const tools = await openToolchain(await opaForTests(), POLICIES);
  const built = await buildPolicies(tools, await folderOf({ 'limit.rego': rego }));
  if (!built.ok) throw new Error(JSON.stringify(built.problems));
  const file = join(world.folder, `${crypto.randomUUID()}.tar.gz`);
  await writeFile(file, built.bytes);
  return file;
}

async function replay(...args: readonly string[]) {
  const { code, stdout, stderr } = await inProcess(['replay', '--log', log, ...args, '--json']);
  if (stderr !== '') throw new Error(stderr);
  return { code, report: JSON.parse(stdout) };
}

describe('audgate replay', () => {
  it('by what was in force changes nothing', async () => {
    const { code, report } = await replay('--registry', world.registry);
    expect(code).toBe(0);
    expect(report).toMatchObject({
      coverage: { records: 6, replayable: 6, facts: 1, explanations: 1, other_lines: 0, not_replayable: {} },
      opens: 0,
      closes: 0,
      reasons: 0,
      unchanged: 6,
    });
  });

  it('tells what opens and closes, by reason, operation and client, with examples', async () => {
    const tools = { read_file: { scopes: ['files:all'] }, delete_file: { scopes: ['files:read'] } };
    const { code, report } = await replay('--registry', await registryWith({ tools } as never));
    expect(code).toBe(1);
    expect(report).toMatchObject({ opens: 1, closes: 2 });
    const common = { server: 'files', client: 'client-1' };
    expect(report.changes).toMatchObject([
      { ...common, change: 'opens', reason: 'tool_unknown', operation: 'tools/call delete_file', count: 1 },
      { ...common, change: 'closes', reason: 'scope_insufficient', operation: 'tools/call read_file', count: 2 },
      { ...common, change: 'reasons', operation: 'tools/call read_file', count: 1 },
    ]);
    const text = await readFile(log, 'utf8');
    for (const { examples } of report.changes) for (const id of examples) expect(text).toContain(id);
  });

  it('asks new rules of what records hold', async () => {
    const rego = `package custom.limit

default satisfied := false

satisfied if input.call.tool != "read_file"

denials contains {"code": "no_reading"} if input.call.tool == "read_file"
`;
    const { report } = await replay('--registry', world.registry, '--bundle', await bundleOf(rego));
    expect(report).toMatchObject({ coverage: { replayable: 6 }, closes: 2 });
    expect(report.changes[0]).toMatchObject({ change: 'closes', reason: 'custom:limit/no_reading' });
  });

  it('counts what rules read and records lack as not replayable, unless core denies anyway', async () => {
    const rego = `package custom.limit

default satisfied := false

satisfied if count(input.call.arguments) < 3

denials contains {"code": "too_many"} if count(input.call.arguments) > 2
`;
    const { code, report } = await replay('--registry', world.registry, '--bundle', await bundleOf(rego));
    expect(code).toBe(0);
    expect(report.coverage).toMatchObject({ records: 6, replayable: 4, not_replayable: { arguments: 2 } });
  });

  it('takes the registry that a bundle holds, and refuses two or none', async () => {
    const rego = `package custom.limit

default satisfied := false

satisfied if input.call.tool != "nothing"

denials contains {"code": "no"} if input.call.tool == "nothing"
`;
    const folder = await folderOf({ 'limit.rego': rego });
    const bundle = join(world.folder, 'whole.tar.gz');
    const built = await audgate(['policy', 'build', folder, '--registry', world.registry, '-o', bundle]);
    expect(built.code, built.stderr).toBe(0);
    expect((await replay('--bundle', bundle)).report).toMatchObject({ opens: 0, closes: 0 });
    const both = ['replay', '--log', log, '--bundle', bundle, '--registry', world.registry];
    expect(await inProcess(both)).toMatchObject({ code: 2, stderr: expect.stringContaining('two registries') });
    expect(await inProcess(['replay', '--log', log])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no registry'),
    });
    expect(await inProcess(['diff', bundle, world.registry])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('custom rules were not compared'),
    });
  });

  it('reads standard input, skips what is no record, and puts coverage first for people', async () => {
    const stdin = `{"event":"listening"}\n${await readFile(log, 'utf8')}{"half`;
    const { code, stdout } = await inProcess(['replay', '--log', '-', '--registry', world.registry], { stdin });
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toBe('6 records, 6 replayable');
    expect(stdout).toContain('2 lines are no records');
  });

  it('says of a log that it cannot be read to its end, in place of telling what came before', async () => {
    const { code, stdout, stderr } = await inProcess([
      'replay',
      '--log',
      '/proc/self/mem',
      '--registry',
      world.registry,
    ]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('cannot be read to its end');
  });

  it('is wrong usage without a log', async () => {
    expect((await inProcess(['replay', '--log', '/nowhere', '--registry', world.registry])).code).toBe(2);
  });
});
