/** A real Valkey for tests: on 127.0.0.1, of its own, and gone with the test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { findProgram } from '../../conformance/gateways/find.ts';
import { freePort } from '../../conformance/gateways/free-port.ts';
import { launch } from '../../conformance/gateways/process.ts';

export interface RunningValkey {
  /** `valkey://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  /** Its folder; what it persists is there, so that it comes back with it. */
  readonly folder: string;
  stop(): Promise<void>;
  /** At the same port, with its data. @param args more than, or other than, at first */
  start(...args: readonly string[]): Promise<void>;
}

/** @param args directives as its command line takes them, laid over those of a server that audgate may use */
export async function startValkey(...args: readonly string[]): Promise<RunningValkey> {
  const folder = await mkdtemp(join(tmpdir(), 'audgate-valkey-'));
  const port = await freePort();
  let running: Awaited<ReturnType<typeof launch>> | null = null;
  const stop = async () => {
    const last = running;
    running = null;
    await last?.stop();
  };
  const start = async (...more: readonly string[]) => {
    const base = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', '', '--appendonly', 'yes'];
    const program = await findProgram('valkey');
    running = await launch({ program, args: [...base, ...args, ...more], folder, port });
  };
  onTestFinished(async () => {
    await stop();
    await rm(folder, { recursive: true, force: true });
  });
  await start();
  return { url: `valkey://127.0.0.1:${port}`, port, folder, stop, start };
}
