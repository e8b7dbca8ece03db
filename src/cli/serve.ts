/** `audgate serve`: decides over HTTP until it is told to end. */
import { randomInt } from 'node:crypto';
import { configuredSources } from '../sources.ts';
import { type ConfigFlags, configure, reconfigure } from './configure.ts';
import { EXIT, type Exit, type Host } from './host.ts';
import { createLog } from './log.ts';
import { type Add, examples, once } from './options.ts';
import { printProblems } from './problems.ts';
import { start } from './start.ts';
import { printJson } from './terminal.ts';

export const addServe: Add = (program, host, finish) => {
  program
    .command('serve')
    .summary('decide over HTTP')
    .description(
      'Decide over HTTP. Standard output: one line once it listens, then one JSON record a decision.\n' +
        'SIGHUP reloads registry, bundle, and of the configuration file callers and TLS files; SIGTERM and SIGINT end it.',
    )
    .addOption(once('--registry <path>', 'registry file or folder'))
    .addOption(once('--bundle <file>', 'bundle of custom rules, from audgate policy build'))
    .addOption(once('--config <file>', 'configuration, YAML or JSON; flags win over it'))
    .addOption(once('--listen <place>', 'HOST:PORT or unix:PATH; port 0 takes a free one (default: 127.0.0.1:8181)'))
    .addHelpText(
      'after',
      examples(
        'audgate serve --registry ./registry',
        'audgate serve --registry ./registry --bundle rules.tar.gz --listen 127.0.0.1:0',
        'audgate serve --config /etc/audgate/config.yaml',
      ),
    )
    .action((flags: ConfigFlags) => finish(serve(flags, host)));
};

/** Steps of the random delay between two questions for a bundle. */
const RANGE = 2 ** 32;

export async function serve(flags: ConfigFlags, host: Host): Promise<Exit> {
  const configured = await configure(flags, host);
  if (!configured.ok) return configured.exit;
  const { config, tls } = configured;
  const log = createLog(host);
  const ended = untilTold(host);
  // During the start the signal must not end the process, and what was read may be old already.
  let asked = false;
  let reload = () => {
    asked = true;
  };
  const stopReloading = host.onSignal('SIGHUP', () => reload());
  const sources = configuredSources({
    registry: config.registry ?? null,
    bundle: config.bundle ?? null,
    shadow: config.shadow?.bundle ?? null,
    allow_modified_core: config.allow_modified_core,
    watch: config.watch,
    random: () => randomInt(RANGE) / RANGE,
    now: host.now,
  });
  const reread = async () => {
    const read = await reconfigure(flags, configured);
    // The reload that asked is the one that looks for it.
    if (read.ok) sources.pin(read.revision);
    return read;
  };
  const started = await start({
    config,
    tls,
    ...(flags.config !== undefined && { reread }),
    sources,
    records: host.stdout,
    log,
    host,
  });
  if (!started.ok) {
    ended.forget();
    stopReloading();
    printProblems(host, 'stderr', started.problems);
    return EXIT.refused;
  }
  const { running } = started;
  reload = () => {
    running.reload().catch((err: unknown) => log.error({ err }, 'the reload failed; the last good revision stays'));
  };
  if (asked) reload();
  printJson(host.stdout, {
    event: 'listening',
    url: running.url,
    ...(running.grpc !== undefined && { grpc: running.grpc }),
    revision: running.revision,
  });
  for (const warning of running.warnings) log.warn({ ...warning }, 'registry');
  const signal = await ended.signal;
  log.info({ signal }, 'ending: requests under way are answered first');
  await running.stop();
  stopReloading();
  return EXIT.fine;
}

/**
 * Listened for from the start, so that a signal during a slow start is not lost, and to the end: npm and the terminal both
 * pass Ctrl-C on, and the second must not cut what the first lets finish.
 */
function untilTold(host: Host): { readonly signal: Promise<string>; forget(): void } {
  const { promise, resolve } = Promise.withResolvers<string>();
  const stops = (['SIGTERM', 'SIGINT'] as const).map((name) => host.onSignal(name, () => resolve(name)));
  return {
    signal: promise,
    forget: () => {
      for (const stop of stops) stop();
    },
  };
}
