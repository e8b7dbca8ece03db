/** `audgate probe`: live servers get tokens that they must refuse, and an authorization server is asked for what it must not issue. */
import { readFile, writeFile } from 'node:fs/promises';
import { fetchCanary } from '../../probe/canary.ts';
import { countsOf, findingsOf, type Report } from '../../probe/findings.ts';
import { probeIssuer } from '../../probe/issuer.ts';
import { probeServers } from '../../probe/run.ts';
import { sarif } from '../../probe/sarif.ts';
import type { EndpointParts } from '../../probe/token-endpoint.ts';
import { CANARY } from '../../probe/tokens.ts';
import { loadRegistry } from '../../registry/load.ts';
import type { IssuerRecord, Registry } from '../../registry/registry.ts';
import { writeJunit } from '../../testing/junit.ts';
import { EXIT, type Exit, type Host } from '../host.ts';
import { type Add, examples, once } from '../options.ts';
import { allThere } from '../paths.ts';
import { printProblems } from '../problems.ts';
import { print, printJson, shown } from '../terminal.ts';
import { printReport, suitesOf } from './print-report.ts';
import { type Client, type Flags, readFlags, type Settings } from './read-flags.ts';

export const addProbe: Add = (program, host, finish) => {
  program
    .command('probe')
    .summary('show live servers tokens that they must refuse')
    .description(
      'Show the servers of a registry tokens that they must refuse: none, unsigned, a stranger’s, for nobody, for the parent URL,\n' +
        'for two audiences, expired. Only server/discover, tools/list or initialize is sent, never a tool, and never a client’s\n' +
        'token: each is made for this, has no scope and lives 60 s at most. Their metadata and challenges are compared with the\n' +
        'registry. With --issuer, an authorization server is asked for tokens instead, to see whether it honours resource.',
    )
    .addOption(once('--registry <path>', 'registry file or folder').makeOptionMandatory())
    .option('--server <key...>', 'registry keys of the servers to probe; by default all')
    .addOption(once('--key <file>', 'private JWK that signs the tokens; the issuer must publish its public part'))
    .addOption(once('--issuer-key <key>', 'registry key of the issuer whose tokens are shown'))
    .addOption(once('--issuer <key>', 'probe this authorization server, by its registry key, and no server'))
    .addOption(once('--client-id <id>', 'client that asks the authorization server for tokens (client_credentials)'))
    .addOption(once('--client-secret-file <file>', 'file that holds its secret'))
    .addOption(once('--canary <uri>', `audience that is nobody’s; by default ${CANARY}`))
    .addOption(once('--timeout-ms <ms>', 'for one request; by default 5000'))
    .addOption(once('--concurrency <n>', 'servers that are probed at once; by default 4'))
    .option('--allow-private-network', 'servers may stand in private networks')
    .option('--require-all', 'end with 1 too when something was not sent that other options would have sent')
    .addOption(once('--junit <file>', 'write the results as JUnit XML too'))
    .addOption(once('--sarif <file>', 'write the findings as SARIF 2.1.0 too'))
    .option('--json', 'print {"servers": […], "issuers": […], "counts": {…}}')
    .addHelpText(
      'after',
      `${examples(
        'audgate probe --registry ./registry --server files --key canary.jwk --issuer-key corp',
        'audgate probe --registry ./registry --server files --key canary.jwk --issuer-key corp --json --sarif probe.sarif --junit probe.xml',
        'audgate probe --registry ./registry --issuer corp --client-id audgate-probe --client-secret-file probe.secret',
      )}\n\nExit codes: 0 all was refused, 1 something was accepted or differs, 2 wrong usage, 3 something is unclear, or a key\nor client that was given did not serve.`,
    )
    .action((flags: Flags) => finish(probe(flags, host)));
};

async function probe(flags: Flags, host: Host): Promise<Exit> {
  const files = { '--key': flags.key, '--client-secret-file': flags.clientSecretFile };
  const wanted = Object.entries(files).flatMap(([as, path]) =>
    path === undefined ? [] : [{ path, as, kind: 'file' as const }],
  );
  if (!(await allThere(host, [{ path: flags.registry, as: '--registry' }, ...wanted]))) return EXIT.usage;
  const loaded = await loadRegistry(flags.registry, { now: Math.floor(host.now() / 1000) });
  if (!loaded.ok) {
    printProblems(host, 'stderr', loaded.problems);
    return EXIT.refused;
  }
  const read = await readFlags(flags, loaded.registry);
  if (!read.ok) {
    print(host.stderr, ...read.problems.map((problem) => `audgate: ${problem}`));
    return EXIT.usage;
  }
  const stop = new AbortController();
  const ends = (['SIGINT', 'SIGTERM'] as const).map((signal) => host.onSignal(signal, () => stop.abort()));
  try {
    const report = await run(read.settings, loaded.registry, host, stop.signal);
    return await tell(report, flags, host);
  } finally {
    for (const end of ends) end();
  }
}

async function run(settings: Settings, registry: Registry, host: Host, stop: AbortSignal): Promise<Report> {
  const { issuer, client, servers, canary, timeout_ms } = settings;
  const { fetchIssuer, now, newId, stderr } = host;
  const endpoint = (of: IssuerRecord, by: Client): EndpointParts => {
    return { ...by, issuer: of, fetchIssuer, timeout_ms, stop, now, newId, readFile: (path) => readFile(path, 'utf8') };
  };
  if (issuer !== null && client !== null) {
    print(stderr, `audgate: asking issuer ${shown(issuer.key)}`);
    const parts = { ...endpoint(issuer, client), registry, servers, unknown: canary };
    return { servers: [], issuers: [await probeIssuer(parts)] };
  }
  const { fetching } = settings;
  let done = 0;
  const reports = await probeServers({
    ...settings,
    registry,
    fetchIssuer,
    stop,
    now,
    newId,
    ...(fetching !== null &&
      client !== null && {
        fetched: { issuer: fetching.key, get: () => fetchCanary(canary, endpoint(fetching, client)) },
      }),
    progress({ server, attempts }) {
      done += 1;
      const accepted = attempts.filter(({ verdict }) => verdict === 'accepted').length;
      const refused = attempts.filter(({ verdict }) => verdict === 'refused').length;
      print(
        stderr,
        `audgate: ${done} of ${servers.length}: ${shown(server)}, ${refused} refused, ${accepted} accepted`,
      );
    },
  });
  return { servers: reports, issuers: [] };
}

async function tell(report: Report, flags: Flags, host: Host): Promise<Exit> {
  const findings = findingsOf(report);
  const files = [
    { as: '--junit', path: flags.junit, text: () => writeJunit(suitesOf(report)) },
    { as: '--sarif', path: flags.sarif, text: () => `${JSON.stringify(sarif(findings, host.version), null, 2)}\n` },
  ];
  for (const { as, path, text } of files)
    if (path !== undefined && !(await written(as, path, text(), host))) return EXIT.usage;
  if (flags.json) printJson(host.stdout, { ...report, counts: countsOf(report) });
  else printReport(report, host);
  const has = (state: string) => findings.some((one) => one.state === state);
  const lacks = findings.some(({ state, could }) => state === 'not_sent' && could === true);
  if (has('wrong') || (flags.requireAll === true && lacks)) return EXIT.refused;
  // What was meant to be sent and was not leaves as much open as an answer that says nothing.
  const open = has('unclear') || findings.some(({ failed }) => failed === true);
  return open ? EXIT.indeterminate : EXIT.fine;
}

async function written(as: string, path: string, text: string, host: Host): Promise<boolean> {
  try {
    await writeFile(path, text);
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    print(host.stderr, `audgate: ${shown(path)} cannot be written (${code}); choose another with ${as}`);
    return false;
  }
}
