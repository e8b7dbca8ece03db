/** The decision log of the real program: files, full disks, slow readers. */
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createIssuerKey } from '../../src/testing/mint.ts';
import { FILES, registryOf } from '../cli/audgate.ts';
import { minted } from './minted.ts';
import { NODE, PROJECT, scratch, start, until } from './start.ts';

const CALL = { method: 'tools/call', tool: 'read_file' };

async function open(record: object, keep = 100) {
  const key = await createIssuerKey('corp-1', 'ES256');
  const folder = await scratch();
  const file = join(folder, 'decisions.log');
  const audgate = await start({
    registry: registryOf(key),
    config: { record: { destination: { file, max_bytes: 65_536, keep }, ...record } },
  });
  const token = await minted(key);
  const ask = (text: string | null = token) => audgate.decide({ server: FILES, token: text, call: CALL });
  return { audgate, folder, file, ask, token };
}

const codes = ({ reasons }: { readonly reasons: readonly { readonly code: string }[] }) =>
  reasons.map(({ code }) => code);
const linesOf = async (file: string) => (await readFile(file, 'utf8')).trimEnd().split('\n');

describe('a decision log in a file', () => {
  it('loses nothing over rotations and a restart, and is its owner’s alone', async () => {
    const { audgate, folder, file, ask } = await open({});
    const ids: string[] = [];
    for (let at = 0; at < 200; at++) ids.push((await ask(at % 2 === 0 ? undefined : null)).decision_id);
    expect((await audgate.stop()).code).toBe(0);
    const names = (await readdir(folder)).sort();
    expect(names.length).toBeGreaterThan(2);
    const found: string[] = [];
    for (const name of names) {
      const path = join(folder, name);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      found.push(...(await linesOf(path)).map((line) => JSON.parse(line).decision_id));
    }
    expect(found.sort()).toEqual(ids.sort());
    // Standard output keeps the one line that says where it listens.
    expect(audgate.stdout().trim().split('\n')).toHaveLength(1);
    expect((await readFile(file, 'utf8')).endsWith('\n')).toBe(true);
  });

  it('that cannot be opened refuses the start, and says which and why', async () => {
    const key = await createIssuerKey('corp-1', 'ES256');
    const file = '/proc/decisions.log';
    await expect(start({ registry: registryOf(key), config: { record: { destination: { file } } } })).rejects.toThrow(
      /record\.destination: \/proc\/decisions\.log cannot be opened/,
    );
  });

  it('that was removed is begun anew, and an allow waits for its record there', async () => {
    const { file, ask } = await open({ on_failure: 'deny' });
    await ask();
    await unlink(file);
    const { decision, decision_id } = await ask();
    expect(decision).toBe('allow');
    // No waiting here: the record was written before the answer.
    expect((await linesOf(file)).map((line) => JSON.parse(line).decision_id)).toContain(decision_id);
  });
});

describe('a full disk', () => {
  it('makes allows log_unavailable, leaves denials as they are, shows in a metric, and is over when there is room', async () => {
    const { audgate, file, ask, token } = await open({ on_failure: 'deny' });
    await ask();
    await unlink(file);
    await symlink('/dev/full', file);
    const response = await audgate.post('/v1/decide', { server: FILES, token, call: CALL });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    expect(codes((await response.json()) as Awaited<ReturnType<typeof ask>>)).toEqual(['log_unavailable']);
    const enforced = await audgate.post('/v1/enforce', { server: FILES, token, call: CALL });
    expect(enforced.status).toBe(403);
    expect(codes(await ask(null))).toEqual(['token_missing']);
    const metrics = await (await audgate.get('/metrics')).text();
    expect(metrics).toContain('audgate_records_lost_total{outcome="refused"} 2');
    expect(audgate.stderr()).toContain('ENOSPC');

    await unlink(file);
    expect((await ask()).decision).toBe('allow');
  });

  it('only counts where records may be dropped', async () => {
    const { audgate, file, ask } = await open({ on_failure: 'drop' });
    await unlink(file);
    await symlink('/dev/full', file);
    expect((await ask()).decision).toBe('allow');
    await until(
      async () => (await audgate.get('/metrics')).text(),
      (text) => /audgate_records_lost_total\{outcome="dropped"\} [1-9]/.test(text),
    );
  });
});

it('a folder that takes no new file: the log grows on in the old one, and allows go on', async () => {
  const { audgate, folder, file, ask } = await open({ on_failure: 'deny' }, 1);
  await mkdir(join(folder, 'decisions.log.1', 'in the way'), { recursive: true });
  for (let at = 0; at < 100; at++) expect((await ask()).decision).toBe('allow');
  expect(await linesOf(file)).toHaveLength(100);
  expect(audgate.stderr()).toContain('cannot be rotated');
});

it('a pipe that nobody reads: allows are refused, denials answered, and all is well when it is read again', async () => {
  const key = await createIssuerKey('corp-1', 'ES256');
  const folder = await scratch();
  const registry = join(folder, 'registry.json');
  const config = join(folder, 'config.json');
  await writeFile(registry, JSON.stringify(registryOf(key)));
  await writeFile(config, JSON.stringify({ listen: '127.0.0.1:0', registry, record: { on_failure: 'deny' } }));
  const child = spawn(NODE, ['src/main.ts', 'serve', '--config', config], {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });
  const first = await new Promise<string>((resolve) => child.stdout.once('data', (chunk) => resolve(String(chunk))));
  const { url } = JSON.parse(first.split('\n')[0] ?? '') as { url: string };
  child.stdout.pause();
  const token = await minted(key);
  const ask = async (text: string | null) => {
    const body = JSON.stringify({ server: FILES, token: text, call: CALL });
    const headers = { 'content-type': 'application/json' };
    return (await (await fetch(`${url}/v1/decide`, { method: 'POST', headers, body })).json()) as {
      decision: string;
      reasons: { code: string }[];
    };
  };
  await until(
    async () => {
      // Denials alone fill the pipe; then an allow finds nobody who takes its record.
      await Promise.all(Array.from({ length: 200 }, () => ask(null)));
      return ask(token);
    },
    ({ decision }) => decision === 'indeterminate',
  );
  expect(codes(await ask(token))).toEqual(['log_unavailable']);
  expect(codes(await ask(null))).toEqual(['token_missing']);
  child.stdout.resume();
  await until(
    () => ask(token),
    ({ decision }) => decision === 'allow',
  );
});
