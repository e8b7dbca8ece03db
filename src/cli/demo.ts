/** `audgate demo`: the problem and the cure, with real tokens over real HTTP. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { checkListen, defaultConfig, type Listen, parseListen } from '../config.ts';
import { runDemo } from '../demo/run.ts';
import { fileSources } from '../sources.ts';
import { EXIT, type Exit, type Host } from './host.ts';
import { createLog } from './log.ts';
import { type Add, examples, once } from './options.ts';
import { start } from './start.ts';
import { painter, print } from './terminal.ts';

interface DemoFlags {
  readonly once?: true;
  readonly listen?: string;
}

export const addDemo: Add = (program, host, finish) => {
  program
    .command('demo')
    .summary('show a token that opens another server, and audgate refusing it')
    .description(
      'Show a token that opens another server, and audgate refusing it: an authorization server, two MCP servers and a\n' +
        'proxy on loopback, real tokens over real HTTP. Stays up for commands to try, until Ctrl-C.',
    )
    .option('--once', 'end after the table; not 0 when a row is not what it should be')
    .addOption(once('--listen <place>', 'HOST:PORT of audgate itself (default: a free port on 127.0.0.1)'))
    .addHelpText('after', examples('audgate demo', 'audgate demo --once'))
    .action((flags: DemoFlags) => finish(demo(flags, host)));
};

async function demo(flags: DemoFlags, host: Host): Promise<Exit> {
  const base = defaultConfig();
  const listen = parseListen(flags.listen ?? '127.0.0.1:0');
  const open = listen && checkListen({ listen, callers: base.callers });
  if (listen?.kind !== 'tcp' || open !== null) {
    print(host.stderr, `audgate: ${open?.message ?? '--listen must be HOST:PORT'}`);
    return EXIT.usage;
  }
  const { promise: interrupted, resolve } = Promise.withResolvers<void>();
  const signals = (['SIGINT', 'SIGTERM'] as const).map((name) => host.onSignal(name, resolve));
  const folder = await mkdtemp(join(tmpdir(), 'audgate-demo-'));
  try {
    const code = await runDemo({
      once: flags.once === true,
      print: (line) => print(host.stdout, line),
      paint: painter(host.stdout, host.env),
      fetch: host.fetch,
      now: host.now,
      newId: host.newId,
      interrupted,
      startAudgate: (registry) => startAudgate(registry, folder, listen, host),
    });
    return code === 0 ? EXIT.fine : EXIT.refused;
  } catch (error) {
    if (!(error instanceof NotStarted)) throw error;
    print(host.stderr, `audgate: ${error.message}`);
    return EXIT.refused;
  } finally {
    for (const stop of signals) stop();
    await rm(folder, { recursive: true, force: true });
  }
}

class NotStarted extends Error {}

/** The same service as `serve` starts; its records go nowhere, because the table is what is shown. */
async function startAudgate(registry: string, folder: string, listen: Listen, host: Host) {
  const file = join(folder, 'registry.yaml');
  await writeFile(file, registry);
  const records = new Writable({ write: (_chunk, _encoding, done) => done() });
  const started = await start({
    config: { ...defaultConfig(), listen },
    sources: fileSources({ registry: file, bundle: null, allow_modified_core: false, now: host.now }),
    records,
    log: { ...createLog(host), info: () => {} },
    host,
  });
  if (!started.ok) throw new NotStarted(started.problems.map(({ message }) => message).join('; '));
  return started.running;
}
