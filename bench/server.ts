/** Servers under measurement: fresh processes on one core, and the CPU that each has used. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';

export interface Server {
  readonly url: string;
  /** Microseconds of CPU that all threads of the process have used so far. */
  cpu(): Promise<number>;
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/** Servers have the first core to themselves, the load generator the second. */
export const SERVER_CORE = '0';
export const LOAD_CORE = '1';

/** A server that says on standard output where it listens. */
export async function startTelling(command: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Server> {
  const child = pinned(SERVER_CORE, command, ['ignore', 'pipe', 'inherit'], env);
  const { promise: url, resolve, reject } = Promise.withResolvers<string>();
  let head = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    // Read to the end, as a log shipper would; only the first line is of interest.
    if (head.includes('\n')) return;
    head += chunk.toString();
    const line = head.split('\n', 1)[0] ?? '';
    if (head.includes('\n')) resolve((JSON.parse(line) as { url: string }).url);
  });
  child.once('exit', (code) => reject(new Error(`${command[0]} ended with ${code} before it listened`)));
  return serverOf(child, await url);
}

/** A server that is told where to listen, and is ready once its port answers. */
export async function startTold(command: (port: number) => readonly string[], ready: string): Promise<Server> {
  const port = await freePort();
  const child = pinned(SERVER_CORE, command(port), ['ignore', 'pipe', 'ignore'], { GOMAXPROCS: '1' });
  child.stdout?.resume();
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 100; attempt++) {
    const up = await fetch(`${url}${ready}`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (up) return serverOf(child, url);
    await new Promise((resume) => setTimeout(resume, 100));
  }
  child.kill('SIGKILL');
  throw new Error(`${command(port)[0]} did not become ready within 10 s`);
}

export function pinned(
  core: string,
  command: readonly string[],
  stdio: ('ignore' | 'pipe' | 'inherit')[],
  env: NodeJS.ProcessEnv = {},
): ChildProcess {
  return spawn('taskset', ['-c', core, ...command], { stdio, env: { ...process.env, ...env } });
}

function serverOf(child: ChildProcess, url: string): Server {
  return {
    url,
    cpu: () => cpuOf(child.pid ?? 0),
    signal: (name) => child.kill(name),
    async stop() {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    },
  };
}

/** Sum over threads of the time on a processor (proc(5), schedstat: nanoseconds), exact where `stat` counts 10 ms ticks. */
async function cpuOf(pid: number): Promise<number> {
  let nanoseconds = 0;
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
    nanoseconds += Number(text.split(' ')[0]);
  }
  return nanoseconds / 1000;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
