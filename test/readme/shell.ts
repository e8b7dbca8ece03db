/** Commands as a reader pastes them: one bash, one process group, ended as Ctrl-C ends it. */
import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Shell {
  readonly ended: Promise<Ended>;
  /** Waits until standard output holds it. @throws with what the commands said when they end before */
  until(text: RegExp): Promise<RegExpExecArray>;
  /** SIGINT to the whole group, as a terminal sends it. */
  interrupt(): void;
  /** SIGTERM to bash alone, or to the command itself when there is only one. */
  kill(): void;
}

/** Starts the commands; the first that fails ends them. Whatever still runs after the test is killed. */
export function paste(commands: string, cwd: string, env: NodeJS.ProcessEnv): Shell {
  const child = spawn('bash', ['-e', '-o', 'pipefail', '-c', commands], {
    cwd,
    env,
    // A group of its own, which the signals below reach as a whole.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const signal = (name: NodeJS.Signals) => {
    if (child.pid !== undefined) process.kill(-child.pid, name);
  };
  const said = { stdout: '', stderr: '' };
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...said }));
  });
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  onTestFinished(async () => {
    try {
      signal('SIGKILL');
    } catch {
      // All of the group have ended.
    }
    await ended;
  });
  return {
    ended,
    until: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = text.exec(said.stdout);
          if (found !== null) resolve(found);
        };
        look();
        // After the listener above, so that the text is whole.
        child.stdout.on('data', look);
        ended.then(({ code }) => reject(new Error(`ended with ${code}:\n${said.stdout}\n${said.stderr}`)), reject);
      }),
    interrupt: () => signal('SIGINT'),
    kill: () => void child.kill('SIGTERM'),
  };
}
