/**
 * OPA, the compiler and test runner of Rego. Changing policy needs it, and exactly this version with its WebAssembly
 * runtime; deciding does not.
 */
import { execFile } from 'node:child_process';

/** Another version may compile the same rules to other bytes, and then the committed core is no longer theirs. */
export const OPA_VERSION = '1.22.2';

/** Bytes of one command's output; a parse tree of a large file is the longest. */
const MAX_OUTPUT = 64 * 1024 * 1024;
/** Milliseconds after which a command that hangs is ended. `go install` takes the longest: about 75 s on a laptop. */
const TIMEOUT = 15 * 60 * 1000;

export interface Ran {
  /** Exit code; null when the program could not be started or was ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Runs a program without a shell. Never rejects: whatever goes wrong is in the answer. */
export function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { cwd, env } = options;
  return new Promise((resolve) => {
    execFile(
      file,
      [...args],
      {
        encoding: 'utf8',
        maxBuffer: MAX_OUTPUT,
        timeout: TIMEOUT,
        ...(cwd === undefined ? {} : { cwd }),
        ...(env === undefined ? {} : { env: { ...env } }),
      },
      (error, stdout, stderr) => {
        if (error === null) return resolve({ code: 0, stdout, stderr });
        const code = typeof error.code === 'number' ? error.code : null;
        resolve({ code, stdout, stderr: stderr === '' ? error.message : stderr });
      },
    );
  });
}

export interface Opa {
  /** The binary's path. */
  readonly path: string;
  run(args: readonly string[], options?: { readonly cwd?: string }): Promise<Ran>;
}

export function opaAt(path: string): Opa {
  return { path, run: (args, options) => run(path, args, options) };
}

/** Null when the binary is the pinned version with WebAssembly, else what is wrong with it. */
export async function whyUnfit(path: string): Promise<string | null> {
  const answer = await run(path, ['version']);
  if (answer.code !== 0) return 'it does not run';
  const field = (name: string) => new RegExp(`^${name}: *(\\S+)`, 'm').exec(answer.stdout)?.[1] ?? 'unknown';
  const version = field('Version');
  if (version !== OPA_VERSION) return `it is version ${version}, not ${OPA_VERSION}`;
  if (field('WebAssembly') !== 'available') return 'it was built without WebAssembly (tag opa_wasm)';
  return null;
}
