/** The command as a newcomer uses it: set up, run through a gateway of one's own, and be told what is wrong. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../conformance/gateways/free-port.ts';
import { type Fault, startReference } from './reference.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const KEY = 'replace-with-the-key-of-this-gateway';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function conformance(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['conformance/run.ts', ...args],
      { cwd: PROJECT, maxBuffer: 2 ** 25 },
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      },
    );
  });
}

/** Addresses of a run, and the options that say so. */
async function places() {
  const [gateway, audgate, jwks, files, billing] = await Promise.all([1, 2, 3, 4, 5].map(freePort));
  const at = (port: number | undefined) => `127.0.0.1:${port}`;
  const options = ['--gateway', `http://${at(gateway)}`, '--audgate', at(audgate), '--jwks', at(jwks)];
  return {
    gateway: gateway ?? 0,
    audgate: at(audgate),
    files: at(files),
    billing: at(billing),
    options: [...options, '--upstreams', `${at(files)},${at(billing)}`],
  };
}

/** Runs what --print-setup prints, as the page says: piped into a shell. */
async function setUp(script: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'audgate-setup-'));
  const env = { ...process.env, TMPDIR: folder };
  const shell = spawn('sh', { cwd: PROJECT, env, detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    const ended = once(shell, 'close');
    // The negative id is the whole group: shell, npm and audgate.
    if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGTERM');
    await ended;
    await rm(folder, { recursive: true });
  });
  shell.stdin.end(script);
  const [line] = (await once(createInterface(shell.stdout), 'line')) as [string];
  expect(JSON.parse(line)).toMatchObject({ event: 'listening' });
}

async function startOwn(at: Awaited<ReturnType<typeof places>>, fault: Fault | null) {
  const gateway = await startReference(
    {
      folder: '',
      port: at.gateway,
      audgate: { address: at.audgate, key: KEY },
      servers: [
        { key: 'files', path: '/files/mcp', upstream: at.files },
        { key: 'billing', path: '/billing/mcp', upstream: at.billing },
      ],
    },
    fault,
  );
  onTestFinished(gateway.stop);
}

test("a gateway of one's own: set up, run, and told what it lets pass", async () => {
  const at = await places();
  const setup = await conformance(...at.options, '--print-setup');
  expect(setup.code).toBe(0);
  await setUp(setup.stdout);

  const missing = await conformance(...at.options);
  expect(missing).toMatchObject({ code: 2, stdout: '' });
  expect(missing.stderr).toContain('Start your gateway there');

  await startOwn(at, null);
  const honest = await conformance(...at.options, '--json');
  const [run] = (JSON.parse(honest.stdout) as { runs: { cases: number; failed: number }[] }).runs;
  expect(honest.code).toBe(0);
  expect(run?.failed).toBe(0);
  expect(run?.cases).toBeGreaterThanOrEqual(60);

  const asHeaders = await conformance(...at.options, '--call-from', 'headers');
  expect(asHeaders.code).toBe(2);
  expect(asHeaders.stderr).toContain('audgate reads calls to files from body, not from headers');
});

test('a careless one ends with 1 and names what passed', async () => {
  const at = await places();
  await setUp((await conformance(...at.options, '--print-setup')).stdout);
  await startOwn(at, 'does not ask');
  const { code, stdout } = await conformance(...at.options, '--case', 'no token');
  expect(code).toBe(1);
  expect(stdout).toContain('✗ no token — something passed that audgate does not let pass');
  expect(stdout).toContain('POST /files/mcp at files arrived, which audgate does not allow (401)');
});

test.each([
  [[], 'Name either your gateway'],
  [['--gateway', 'http://127.0.0.1:8080/mcp'], 'a URL without a path'],
  [['--gateway', 'http://127.0.0.1:8080', '--call-from', 'none'], '--call-from takes body or headers'],
  [['--gateway', 'http://127.0.0.1:8080', '--upstreams', '127.0.0.1:1'], '--upstreams takes two addresses'],
  [['--start', 'apache'], '--start takes nginx'],
  [['--start', 'nginx', '--write'], 'use it with --start all'],
  [['--start', 'nginx', '--case', 'no such case'], 'No case has "no such case" in its name'],
  [['--nonsense'], '--nonsense'],
])('what cannot be run ends with 2 and says why: %j', async (args, told) => {
  const { code, stdout, stderr } = await conformance(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(told);
});

test('help shows how each is used', async () => {
  const { code, stdout } = await conformance('--help');
  expect(code).toBe(0);
  for (const option of ['--gateway URL', '--start NAME', '--print-setup', '--json', '--case TEXT'])
    expect(stdout).toContain(option);
});
