/** Starts a whole audgate as its users do: a process of its own, real files, real sockets, real signals. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import type { Decision } from '../../src/decision/decision.ts';

export const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/** The pinned Node, which runs TypeScript as it is. */
export const NODE = join(PROJECT, 'node_modules/.bin/node');
const END_WITH_PARENT = new URL('../end-with-parent.ts', import.meta.url).href;

export interface Options {
  /** A registry as an object; written to a file. */
  readonly registry: object;
  /** Laid over `{listen: 127.0.0.1:0, registry}`. */
  readonly config?: object;
  /** The program to run in place of this checkout's. */
  readonly program?: { readonly folder: string; readonly args: readonly string[] };
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** The one that it started with. */
  readonly revision: string;
  /** Holds registry.json, and whatever else the configuration names. */
  readonly folder: string;
  /** What it has written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<Ended>;
  writeRegistry(registry: object | string): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, and its end. */
  stop(): Promise<Ended>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  decide(question: object, headers?: Record<string, string>): Promise<Decision>;
  status(): Promise<Status>;
  /** SIGHUP; the status once its outcome is there. */
  reload(): Promise<Status>;
  /** Kilobytes of memory that the process holds now. */
  memory(): Promise<number>;
}

/** What these tests read of `/v1/status` (contract 3). */
export interface Status {
  readonly revision: string;
  readonly policy: { readonly core: { readonly modified: boolean } };
  readonly last_reload: null | { readonly at: string; readonly ok: boolean; readonly problems: readonly object[] };
}

/** A folder that goes away with the test. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'audgate-e2e-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a command to its end; one that does not end is killed with the test. */
export async function run(args: readonly string[], folder = PROJECT, stdin = ''): Promise<Ended> {
  const { child, ended } = launch(args, folder);
  child.stdin.end(stdin);
  return ended;
}

/** Starts `audgate serve` and waits until it listens. @throws with its diagnostics when it ends instead */
export async function start({ registry, config = {}, program }: Options): Promise<Started> {
  const folder = await scratch();
  const file = (name: string) => join(folder, name);
  const writeRegistry = (content: object | string) =>
    writeFile(file('registry.json'), typeof content === 'string' ? content : JSON.stringify(content));
  await writeRegistry(registry);
  const whole = { listen: '127.0.0.1:0', registry: 'registry.json', ...config };
  await writeFile(file('config.json'), JSON.stringify(whole));

  const { args, folder: cwd } = program ?? { args: ['src/main.ts'], folder: PROJECT };
  const watched = ['--import', END_WITH_PARENT, ...args];
  const { child, ended, output } = launch([...watched, 'serve', '--config', file('config.json')], cwd);
  const { promise: first, resolve } = Promise.withResolvers<string>();
  createInterface(child.stdout).once('line', resolve);
  const line = await Promise.race([first, ended]);
  if (typeof line !== 'string') throw new Error(`audgate ended with ${line.code}: ${line.stderr}`);
  const { url, revision } = JSON.parse(line) as { url: string; revision: string };
  const pid = child.pid ?? 0;

  const post: Started['post'] = (path, body, headers = {}) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const get: Started['get'] = (path, headers = {}) => fetch(`${url}${path}`, { headers });
  const status = async () => (await (await get('/v1/status')).json()) as Status;
  return {
    url,
    port: Number(new URL(url).port),
    pid,
    revision,
    folder,
    stdout: () => output('stdout'),
    stderr: () => output('stderr'),
    ended,
    writeRegistry,
    signal: (name) => child.kill(name),
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
    post,
    get,
    decide: async (question, headers) => (await (await post('/v1/decide', question, headers)).json()) as Decision,
    status,
    async reload() {
      const before = (await status()).last_reload?.at;
      child.kill('SIGHUP');
      return until(status, ({ last_reload }) => last_reload !== null && last_reload.at !== before);
    },
    async memory() {
      // `ps` knows it everywhere, but slim images lack it.
      const linux = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => null);
      const text = linux ?? (await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])).stdout;
      return Number(/(?:^VmRSS:|^)\s*(\d+)(?: kB)?$/m.exec(text)?.[1]);
    },
  };
}

function launch(args: readonly string[], cwd: string) {
  // Asked for first: where it cannot be, in a test that is over, nothing is started.
  const started: { child?: ChildProcess; ended?: Promise<unknown> } = {};
  onTestFinished(async () => {
    started.child?.kill('SIGKILL');
    await started.ended;
  });
  const child = spawn(NODE, args, { cwd, env: process.env });
  const pieces = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (piece) => pieces[name].push(piece));
  const output = (name: 'stdout' | 'stderr') => Buffer.concat(pieces[name]).toString();
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout: output('stdout'), stderr: output('stderr') }));
  });
  Object.assign(started, { child, ended });
  return { child, ended, output };
}

/** Asks again and again until the answer is the wanted one; the test's own time limit ends what never comes. */
export async function until<T>(ask: () => Promise<T> | T, wanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Works through all items, so many at a time. */
export async function each<T>(items: Iterable<T>, width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
