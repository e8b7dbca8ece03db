/** Runs a gateway as a process of its own: started, waited for, listened to, and ended with whoever started it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import type { RunningGateway } from './gateway.ts';

export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  /** Its working folder. */
  readonly folder: string;
  /** The port of 127.0.0.1 that answers once it is ready. */
  readonly port: number;
  /** Laid over this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Milliseconds until a gateway must listen. Envoy takes the longest: about 2 s alone, more beside other tests. */
const START_MS = 60_000;
/** Milliseconds between two looks at its port. */
const LOOK_MS = 25;
/** Milliseconds for an orderly end, then it is killed. */
const STOP_MS = 5_000;

/**
 * Runs the program given as arguments and ends it when standard input ends, which it does when the parent is gone,
 * however that went. `exec` and `daemon off` alone would leave a gateway behind when a test run is killed.
 */
const WATCHED = `
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
{ read -r line <&3; kill -TERM "$child"; } 2>/dev/null &
watcher=$!
exec 3<&-
wait "$child" 2>/dev/null
code=$?
kill "$watcher" 2>/dev/null
exit "$code"
`;

/** @throws with its log when it ends, or does not listen in time */
export async function launch(parts: Launch): Promise<RunningGateway> {
  const { program, args, folder, port, env = {} } = parts;
  // A group of its own, so that a gateway with workers can be killed whole.
  const child = spawn('/bin/sh', ['-c', WATCHED, 'sh', program, ...args], {
    cwd: folder,
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  child.stderr.on('data', (piece: Buffer) => pieces.push(piece));
  // An end before this process's own write to it is no news.
  child.stdin.on('error', () => {});
  const log = () => Buffer.concat(pieces).toString();
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const stop = () => end(child, ended);

  const limit = Date.now() + START_MS;
  for (;;) {
    const over = await Promise.race([ended, listens(port)]);
    if (over === true) break;
    if (over !== false || Date.now() > limit) {
      await stop();
      const what = over === false ? `did not listen on 127.0.0.1:${port}` : `ended with ${over}`;
      throw new Error(`${program} ${what}:\n${log()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return { url: `http://127.0.0.1:${port}`, log, stop };
}

async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.stdin?.end();
  const kill = setTimeout(() => {
    // The negative id is the whole group.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, STOP_MS);
  await ended;
  clearTimeout(kill);
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
