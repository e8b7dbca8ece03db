/** `audgate demo`: the problem and the cure, with real tokens over real HTTP. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { misuse } from '../config/misuse.ts';
import { revocation } from '../config/revocation.ts';
import { checkListen, defaultConfig, type Listen, parseListen } from '../config.ts';
import { describePlayed, summarise } from '../demo/attack/print.ts';
import { type Played, runAttacks } from '../demo/attack/run.ts';
import { runDemo } from '../demo/run.ts';
import type { WorldParts } from '../demo/world.ts';
import { appendToFile } from '../sources/revoked-write.ts';
import { fileSources } from '../sources.ts';
import { EXIT, type Exit, type Host } from './host.ts';
import { createLog } from './log.ts';
import { type Add, examples, once } from './options.ts';
import { type StartParts, start } from './start.ts';
import { painter, print, printJson } from './terminal.ts';

interface DemoFlags {
  readonly once?: true;
  readonly listen?: string;
  readonly attack?: true;
  readonly json?: true;
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
    .option('--attack', 'five attacks, without audgate and with it, and the end; 0 when each goes as it should')
    .option('--json', 'with --attack: what came of each, for programs')
    .addOption(once('--listen <place>', 'HOST:PORT of audgate itself (default: a free port on 127.0.0.1)'))
    .addHelpText('after', examples('audgate demo', 'audgate demo --once', 'audgate demo --attack'))
    .action((flags: DemoFlags) => finish(demo(flags, host)));
};

async function demo(flags: DemoFlags, host: Host): Promise<Exit> {
  if (flags.json === true && flags.attack !== true) {
    print(host.stderr, 'audgate: --json belongs to --attack');
    return EXIT.usage;
  }
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
    const parts = { fetch: host.fetch, now: host.now, newId: host.newId };
    // Whoever has seen enough of the attacks has seen no end of them: not 0.
    if (flags.attack === true)
      return await Promise.race([demoAttack(flags, parts, folder, listen, host), interrupted.then(() => EXIT.refused)]);
    const code = await runDemo({
      ...parts,
      once: flags.once === true,
      print: (line) => print(host.stdout, line),
      paint: painter(host.stdout, host.env),
      interrupted,
      startAudgate: (registry) => startAudgate(registry, folder, { listen }, host),
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

/** Ends by itself. */
async function demoAttack(
  { json }: DemoFlags,
  parts: WorldParts,
  folder: string,
  listen: Listen,
  host: Host,
): Promise<Exit> {
  const paint = painter(host.stdout, host.env);
  const revoked = join(folder, 'revoked.jsonl');
  await writeFile(revoked, '');
  const played: Played[] = [];
  await runAttacks({
    ...parts,
    onPlayed: (one) => {
      played.push(one);
      if (json !== true) print(host.stdout, ...describePlayed(one, played.length, paint));
    },
    startAudgate: async (registry, url) => ({
      ...(await startAudgate(
        registry,
        folder,
        { listen, revocation: revocation.parse({ file: revoked }), misuse: misuse.parse({ webhook: { url } }) },
        host,
      )),
      revoke: async (entry) => {
        const problem = await appendToFile(revoked, [entry]);
        if (problem !== null) throw new Error(`${revoked} ${problem}`);
      },
    }),
  });
  const ok = played.every((one) => one.ok);
  if (json === true) printJson(host.stdout, { attacks: played, ok });
  else print(host.stdout, ...summarise(played, paint));
  return ok ? EXIT.fine : EXIT.refused;
}

/** The same service as `serve` starts; its records and warnings go nowhere, because the table is what is shown. */
async function startAudgate(registry: string, folder: string, changed: Partial<StartParts['config']>, host: Host) {
  const file = join(folder, 'registry.yaml');
  await writeFile(file, registry);
  const records = new Writable({ write: (_chunk, _encoding, done) => done() });
  const started = await start({
    config: { ...defaultConfig(), ...changed },
    sources: fileSources({ registry: file, bundle: null, allow_modified_core: false, now: host.now }),
    records,
    log: { ...createLog(host), info: () => {}, warn: () => {} },
    host,
  });
  if (!started.ok) throw new NotStarted(started.problems.map(({ message }) => message).join('; '));
  return started.running;
}
