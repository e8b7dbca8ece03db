/** A command without a process of its own, so that terminals and times can be given. */
import { Readable, Writable } from 'node:stream';
import { run } from '../../src/cli/run.ts';

export interface Surroundings {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Streams that are terminals. */
  readonly terminals?: readonly ('stdin' | 'stdout' | 'stderr')[];
}

export async function inProcess(argv: readonly string[], { stdin = '', env = {}, terminals = [] }: Surroundings = {}) {
  const outputs = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => {
    const stream = new Writable({
      write(chunk, _encoding, done) {
        outputs[name] += String(chunk);
        done();
      },
    });
    return Object.assign(stream, { isTTY: terminals.includes(name) });
  };
  const code = await run({
    argv,
    env,
    platform: process.platform,
    stdin: Object.assign(Readable.from([Buffer.from(stdin)]), { isTTY: terminals.includes('stdin') }),
    stdout: output('stdout'),
    stderr: output('stderr'),
    version: '0.0.0',
    now: Date.now,
    ticks: process.hrtime.bigint,
    newId: () => crypto.randomUUID(),
    fetch: globalThis.fetch,
    fetchIssuer: () => globalThis.fetch,
    onSignal: () => () => {},
  });
  return { code, ...outputs };
}
