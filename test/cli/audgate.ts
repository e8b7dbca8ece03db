/** The program as a user runs it: a child process of `src/main.ts`, with a registry whose tokens can be minted here. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';
import { createIssuerKey, type IssuerKey, mint, type TokenSpec } from '../../src/testing/mint.ts';

export const MAIN = resolve('src/main.ts');
const END_WITH_PARENT = pathToFileURL(resolve('test/end-with-parent.ts')).href;
export const FILES = 'https://files.example.com/mcp';
export const BILLING = 'https://billing.example.com/mcp';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Options {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Another program text than `src/main.ts`. */
  readonly main?: string;
  /** Of Node, before the program. */
  readonly flags?: readonly string[];
}

export function spawnAudgate(
  args: readonly string[],
  { env, main, flags = [] }: Options = {},
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [...flags, main ?? MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: 'pipe',
  });
}

/** Runs one command to its end. */
export async function audgate(args: readonly string[], options: Options = {}): Promise<Ended> {
  const child = spawnAudgate(args, options);
  child.stdin.on('error', () => {});
  child.stdin.end(options.stdin ?? '');
  return ended(child);
}

export function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((done) => child.on('close', (code) => done({ code, stdout, stderr })));
}

export interface Serving {
  readonly child: ChildProcessWithoutNullStreams;
  readonly url: string;
  readonly revision: string;
  /** Lines of standard output after the first, as they come. */
  readonly records: readonly string[];
  readonly diagnostics: () => string;
  readonly end: Promise<number | null>;
  /** Resolves when `found` is true, which is asked again at each output. */
  until(found: () => boolean): Promise<void>;
}

/** Starts `audgate serve` and waits for its first line. It is killed when the test ends. */
export async function serving(args: readonly string[]): Promise<Serving> {
  const child = spawnAudgate(['serve', '--listen', '127.0.0.1:0', ...args], { flags: ['--import', END_WITH_PARENT] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stderr = '';
  const records: string[] = [];
  const waiting = new Set<() => void>();
  const check = () => {
    for (const one of waiting) one();
  };
  const end = new Promise<number | null>((done) => child.on('close', done));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    check();
  });
  const first = await new Promise<string>((done, failed) => {
    let seen = false;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (seen) records.push(line);
      else done(line);
      seen = true;
      check();
    });
    end.then((code) => failed(new Error(`serve ended with ${code}: ${stderr}`)));
  });
  const { event, url, revision } = JSON.parse(first);
  if (event !== 'listening') throw new Error(`unexpected first line: ${first}`);
  return {
    child,
    url,
    revision,
    records,
    diagnostics: () => stderr,
    end,
    until: (found) =>
      new Promise((done) => {
        const one = () => {
          if (!found()) return;
          waiting.delete(one);
          done();
        };
        waiting.add(one);
        one();
      }),
  };
}

export interface World {
  readonly folder: string;
  /** A registry file with the issuer's key in it: nothing is fetched. */
  readonly registry: string;
  token(spec?: TokenSpec & { readonly aud?: string }): Promise<string>;
  write(name: string, text: string): Promise<string>;
}

/** The registry as a value, to vary. */
export function registryOf(key: IssuerKey, maxLifetime = 900) {
  const server = (resource: string, tools: object) => ({
    resource,
    issuers: ['corp'],
    max_lifetime_seconds: maxLifetime,
    tools,
  });
  return {
    issuers: { corp: { issuer: 'https://login.example.com', jwks: { keys: [key.jwk] }, algorithms: ['ES256'] } },
    servers: {
      files: server(FILES, { read_file: { scopes: ['files:read'] } }),
      billing: server(BILLING, { list_invoices: { scopes: ['billing:read'] } }),
    },
  };
}

/** A folder of its own, removed by the caller's `close`. */
export async function createWorld(): Promise<World & { readonly key: IssuerKey; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'audgate-cli-'));
  const key = await createIssuerKey('corp-1', 'ES256');
  const write = async (name: string, text: string) => {
    const file = join(folder, name);
    await writeFile(file, text);
    return file;
  };
  return {
    folder,
    key,
    registry: await write('registry.json', JSON.stringify(registryOf(key))),
    write,
    token: ({ aud = FILES, ...spec } = {}) =>
      mint(
        key,
        {
          issuer: 'https://login.example.com',
          type: 'at+jwt',
          audience: aud,
          scopes: ['files:read'],
          token_id: crypto.randomUUID(),
          now: Math.floor(Date.now() / 1000),
        },
        spec,
      ),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
