/** `audgate probe`: live servers get tokens that they must refuse. */
import { readFile } from 'node:fs/promises';
import { nearestName } from '../json/nearest.ts';
import type { JsonObject } from '../json/value.ts';
import { countsOf, findingsOf, type Report } from '../probe/findings.ts';
import { probeServers } from '../probe/run.ts';
import { readPrivateKey } from '../probe/signer.ts';
import { CANARY, ownerOf } from '../probe/tokens.ts';
import { loadRegistry } from '../registry/load.ts';
import type { Registry, ServerRecord } from '../registry/registry.ts';
import { EXIT, type Exit, type Host } from './host.ts';
import { type Add, examples, once } from './options.ts';
import { allThere } from './paths.ts';
import { printProblems } from './problems.ts';
import { print, printJson, shown } from './terminal.ts';

interface Flags {
  readonly registry: string;
  readonly server?: readonly string[];
  readonly key?: string;
  readonly issuerKey?: string;
  readonly canary?: string;
  readonly timeoutMs?: string;
  readonly concurrency?: string;
  readonly allowPrivateNetwork?: true;
  readonly requireAll?: true;
  readonly json?: true;
}

export const addProbe: Add = (program, host, finish) => {
  program
    .command('probe')
    .addOption(once('--registry <path>', 'registry file or folder').makeOptionMandatory())
    .option('--server <key...>', 'registry keys of the servers to probe; by default all')
    .addOption(once('--key <file>', 'private JWK whose public part the issuer publishes: signs the tokens'))
    .addOption(once('--issuer-key <key>', 'registry key of the issuer that publishes it'))
    .addOption(once('--canary <uri>', `the audience of nobody; by default ${CANARY}`))
    .addOption(once('--timeout-ms <ms>', 'for one request; by default 5000'))
    .addOption(once('--concurrency <n>', 'servers that are probed at once; by default 4'))
    .option('--allow-private-network', 'servers may stand in private networks')
    .option('--require-all', 'end with 1 when a kind of token was not sent that could have been')
    .option('--json', 'print {"servers": […], "issuers": […], "counts": {…}}')
    .addHelpText('after', examples('audgate probe --registry ./registry --json'))
    .action((flags: Flags) => finish(probe(flags, host)));
};

async function probe(flags: Flags, host: Host): Promise<Exit> {
  const wanted = [
    { path: flags.registry, as: '--registry' },
    ...(flags.key === undefined ? [] : [{ path: flags.key, as: '--key', kind: 'file' as const }]),
  ];
  if (!(await allThere(host, wanted))) return EXIT.usage;
  const loaded = await loadRegistry(flags.registry, { now: Math.floor(host.now() / 1000) });
  if (!loaded.ok) {
    printProblems(host, 'stderr', loaded.problems);
    return EXIT.refused;
  }
  const { registry } = loaded;
  const read = await readFlags(flags, registry);
  if (!read.ok) {
    print(host.stderr, ...read.problems.map((problem) => `audgate: ${problem}`));
    return EXIT.usage;
  }
  const stop = new AbortController();
  const servers = await probeServers({
    ...read.settings,
    registry,
    fetchIssuer: host.fetchIssuer,
    stop: stop.signal,
    now: host.now,
    newId: host.newId,
    progress: (server, { kind, verdict }) => print(host.stderr, `${shown(server)} ${kind}: ${verdict}`),
  });
  const report: Report = { servers, issuers: [] };
  if (flags.json) printJson(host.stdout, { ...report, counts: countsOf(report) });
  return exitOf(report, flags);
}

export function exitOf(report: Report, { requireAll }: Pick<Flags, 'requireAll'>): Exit {
  const findings = findingsOf(report);
  const has = (state: string) => findings.some((one) => one.state === state);
  if (has('wrong')) return EXIT.refused;
  if (requireAll === true && findings.some(({ state, could }) => state === 'not_sent' && could === true))
    return EXIT.refused;
  return has('unclear') ? EXIT.indeterminate : EXIT.fine;
}

interface Settings {
  readonly servers: readonly ServerRecord[];
  readonly key: { readonly jwk: JsonObject; readonly issuer: string } | null;
  readonly canary: string;
  readonly timeout_ms: number;
  readonly concurrency: number;
  readonly allow_private_network: boolean;
}

type ReadFlags =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problems: readonly string[] };

async function readFlags(flags: Flags, registry: Registry): Promise<ReadFlags> {
  const problems: string[] = [];
  const known = (option: string, key: string, records: ReadonlyMap<string, unknown>) => {
    if (records.has(key)) return true;
    const keys = [...records.keys()];
    const near = nearestName(key, keys);
    problems.push(
      `${option} ${shown(key)}: the registry has no such key; ${near === undefined ? `it has ${keys.join(', ')}` : `write ${near}`}`,
    );
    return false;
  };
  const whole = (option: string, text: string | undefined, usual: number, least: number, most: number) => {
    if (text === undefined) return usual;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      problems.push(`${option} ${shown(text)}: a whole number from ${least} to ${most} was expected`);
    return value;
  };
  const chosen = flags.server?.filter((key) => known('--server', key, registry.servers));
  const servers = [...registry.servers.values()].filter(({ key }) => chosen?.includes(key) ?? true);
  const { canary = CANARY } = flags;
  const owner = ownerOf(canary, registry);
  if (owner !== null) problems.push(`--canary ${shown(canary)}: ${owner}; give an audience that is nobody’s`);
  const settings = {
    servers,
    canary,
    key: await readKey(flags, registry, problems, known),
    timeout_ms: whole('--timeout-ms', flags.timeoutMs, 5000, 100, 120_000),
    concurrency: whole('--concurrency', flags.concurrency, 4, 1, 64),
    allow_private_network: flags.allowPrivateNetwork === true,
  };
  return problems.length === 0 ? { ok: true, settings } : { ok: false, problems };
}

async function readKey(
  { key, issuerKey }: Flags,
  registry: Registry,
  problems: string[],
  known: (option: string, key: string, records: ReadonlyMap<string, unknown>) => boolean,
): Promise<Settings['key']> {
  if (key === undefined) {
    if (issuerKey !== undefined) problems.push('--issuer-key says who publishes the key of --key, which was not given');
    return null;
  }
  const [only, ...others] = registry.issuers.keys();
  const issuer = issuerKey ?? (others.length === 0 ? only : undefined);
  if (issuer === undefined)
    problems.push(`--key needs --issuer-key beside it: the registry has ${[...registry.issuers.keys()].join(', ')}`);
  else if (!known('--issuer-key', issuer, registry.issuers)) return null;
  const read = readPrivateKey(await readFile(key, 'utf8').catch(() => ''));
  if (!read.ok) {
    problems.push(`--key ${shown(key)} ${read.problem}`);
    return null;
  }
  return issuer === undefined ? null : { jwk: read.jwk, issuer };
}
