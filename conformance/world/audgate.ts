/** The real program, as its users start it. */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type HostPort, written } from './listen.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/** Ends the program when this process is gone, however that went. */
const END_WITH_PARENT = new URL('../../test/end-with-parent.ts', import.meta.url).href;

export interface Audgate {
  readonly at: HostPort;
  /** What it has written so far. */
  log(): string;
  stop(): Promise<void>;
}

/** @throws with its diagnostics when it ends instead of listening */
export async function startAudgate(folder: string, registry: object, config: object): Promise<Audgate> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'config.json');
  await writeFile(join(folder, 'registry.json'), JSON.stringify(registry));
  await writeFile(file, JSON.stringify(config));
  const args = ['--import', END_WITH_PARENT, 'src/main.ts', 'serve', '--config', file];
  const child = spawn(process.execPath, args, { cwd: PROJECT, stdio: ['pipe', 'pipe', 'pipe'] });
  const pieces: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => pieces.push(piece));
  const log = () => Buffer.concat(pieces).toString();
  const ended = new Promise<null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(null));
  });
  const { promise: first, resolve } = Promise.withResolvers<string>();
  createInterface(child.stdout).once('line', resolve);
  const line = await Promise.race([first, ended]);
  if (line === null || !line.startsWith('{')) throw new Error(`audgate did not start:\n${log()}`);
  const { hostname, port } = new URL((JSON.parse(line) as { url: string }).url);
  return {
    at: { host: hostname, port: Number(port) },
    log,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/**
 * Asks audgate itself about a request that arrived upstream.
 * @returns the status of its adapter's answer: 200 and nothing else lets the request pass
 */
export async function askDirectly(audgate: HostPort, key: string, question: Question): Promise<number> {
  const own = [
    ['x-audgate-key', key],
    ['x-original-method', question.method],
    ['x-original-uri', question.target],
    ['content-length', String(question.body.length)],
  ];
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const path = `/v1/gateways/haproxy/${question.server}`;
  const headers = [['host', written(audgate)], ...own, ...question.headers].flat();
  const asked = request({ ...audgate, method: 'POST', path, headers, timeout: ANSWER_MS }, (answer) => {
    answer.resume();
    resolve(answer.statusCode ?? 0);
  });
  asked.once('timeout', () => asked.destroy(new Error(`audgate did not answer within ${ANSWER_MS} ms`)));
  asked.once('error', reject).end(question.body);
  return promise;
}

/** Milliseconds for an answer: longer than audgate waits for an issuer's keys. */
const ANSWER_MS = 5_000;

export interface Question {
  readonly server: string;
  readonly method: string;
  readonly target: string;
  /** Authorization and those that MCP defines. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}
