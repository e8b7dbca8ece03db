/** A large registry is read by a thread of its own: the same records, places and problems as on this one. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkApart } from '../../src/registry/check-apart.ts';
import { loadRegistry, loadRegistryText } from '../../src/registry/load.ts';
import { showRegistry } from '../../src/registry/show.ts';
import { NODE, PROJECT } from '../e2e/start.ts';
import { NOW } from './example.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audgate-registry-'));
});
afterEach(() => rm(folder, { recursive: true }));

const HEAD =
  'issuers:\n  corp: { issuer: https://l.example, jwks_uri: https://l.example/k, algorithms: [ES256] }\nservers:\n';
const server = (at: number) => `  s${at}:
    resource: https://s${at}.example.com/mcp
    issuers: [corp]
    max_lifetime_seconds: ${60 + (at % 900)}
    tools: { "read ü": { scopes: [files:read], labels: { risk: low, level: ${at} } } }
    audiences: [{ value: "api://${at}", issuer: corp }]
`;
/** Some 60 KiB. */
const large = (...more: readonly string[]) =>
  `${HEAD}${Array.from({ length: 300 }, (_, at) => server(at)).join('')}${more.join('')}`;
const file = () => join(folder, 'registry.yaml');

async function bothWays(text: string) {
  await writeFile(file(), text);
  return [await loadRegistry(file(), { now: NOW }), loadRegistryText(text, { now: NOW, file: file() })] as const;
}

test('the same registry: digest, records, indexes, and where each member stands', async () => {
  // A bare origin is a warning; the second file's lines are its own.
  const text = large('  bare: { resource: "https://bare.example", issuers: [corp], max_lifetime_seconds: 60 }\n');
  const [apart, here] = await bothWays(text);
  if (!apart.ok || !here.ok) throw new Error(JSON.stringify([apart, here]));
  expect(apart.warnings).toEqual(here.warnings);
  expect(apart.warnings).toMatchObject([{ severity: 'warning', line: 1804 }]);
  expect(showRegistry(apart.registry)).toEqual(showRegistry(here.registry));
  const [one, other] = [apart.registry, here.registry];
  for (const key of ['s0', 's150', 's299', 'bare']) {
    for (const path of [[], ['tools', 'read ü', 'labels', 'risk'], ['nothing']])
      expect(one.whereIs('servers', key, ...path)).toEqual(other.whereIs('servers', key, ...path));
  }
  expect(one.whereIs('issuers', 'corp')).toEqual({ file: file(), line: 2 });
  expect(one.ownersOf('api://7')).toEqual(other.ownersOf('api://7'));
  expect(one.nearestServer('https://S7.example.com/mcp/')?.key).toBe('s7');
  const call = { method: 'tools/call', tool: 'read ü' };
  expect(one.servers.get('s8')?.operation(call)).toEqual(other.servers.get('s8')?.operation(call));
  expect(one.servers.get('s8')?.operation(call)?.scopes).toEqual(['files:read']);
});

test.each([
  ['a syntax error at its end', '  x: [\n'],
  ['unknown fields and a foreign audience', `${server(7).replace('s7:', 'again:')}  y: { resorce: 1 }\n`],
  ['a key twice', server(3)],
  ['a value that JSON does not have', server(1001).replace('risk: low', 'risk: .inf')],
  ['key material', '  z: { jwks: { keys: [{ kty: EC, d: secret }] } }\n'],
])('the same problems at the same places: %s', async (_, more) => {
  const [apart, here] = await bothWays(large(more));
  expect(apart).toEqual(here);
  if (apart.ok) throw new Error('nothing was refused');
  expect(apart.problems[0]?.line).toBeGreaterThan(5);
  expect(JSON.stringify(apart.problems)).not.toContain('secret');
});

test('many files, some of them unreadable, are one registry', async () => {
  await writeFile(join(folder, 'a.yaml'), HEAD.slice(0, -'servers:\n'.length));
  await writeFile(join(folder, 'b.yaml'), large().slice(HEAD.length - 'servers:\n'.length));
  const loaded = await loadRegistry(folder, { now: NOW });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  expect(loaded.registry.servers.get('s1')?.source).toEqual({ file: join(folder, 'b.yaml'), line: 8 });
  await writeFile(join(folder, 'c.yaml'), Buffer.from([0xff]));
  const refused = await loadRegistry(folder, { now: NOW });
  expect(refused).toMatchObject({ ok: false, problems: [{ message: 'The file is not UTF-8.' }] });
});

test('case files replace key sources there too', async () => {
  await writeFile(file(), large().replace('jwks_uri: https://l.example/k, ', ''));
  const keys = { kind: 'jwks', keys: [{ kid: 'generated' }] } as const;
  const loaded = await loadRegistry(file(), { now: NOW, replaceKeySource: () => keys });
  expect(loaded.ok && loaded.registry.issuers.get('corp')?.key_source).toBe(keys);
  expect((await loadRegistry(file(), { now: NOW })).ok).toBe(false);
});

test('a thread that dies is a refusal', async () => {
  // Milliseconds are a bug that throws there; it stands for any, and for the end of memory.
  const broken = [{ file: 'r.yaml', text: HEAD }];
  const checked = await checkApart(broken, { now: NOW * 1000, keySources: true }, []);
  expect(checked).toMatchObject({
    ok: false,
    problems: [{ file: 'r.yaml', severity: 'error', message: expect.stringContaining('ended before it was done') }],
  });
});

test('where no thread may be started it is read all the same, with a warning', async () => {
  await writeFile(file(), large());
  const program = `
    import { loadRegistry } from './src/registry/load.ts';
    const { ok, warnings } = await loadRegistry(${JSON.stringify(file())}, { now: ${NOW} });
    console.log(JSON.stringify({ ok, warnings }));`;
  const ask = async (...flags: readonly string[]) => {
    const args = ['--permission', '--allow-fs-read=*', ...flags, '--input-type=module', '--eval', program];
    return JSON.parse((await promisify(execFile)(NODE, args, { cwd: PROJECT })).stdout) as unknown;
  };
  expect(await ask('--allow-worker')).toEqual({ ok: true, warnings: [] });
  expect(await ask()).toMatchObject({
    ok: true,
    warnings: [{ severity: 'warning', message: expect.stringContaining('no thread') }],
  });
});
