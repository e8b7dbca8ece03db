/** `audgate registry show`: what is in force, with all defaults written out. */
import { loadRegistry } from '../../registry/load.ts';
import type { KeySource, Registry } from '../../registry/registry.ts';
import { showRegistry } from '../../registry/show.ts';
import { EXIT, type Exit, type Host } from '../host.ts';
import { type Add, examples } from '../options.ts';
import { allThere } from '../paths.ts';
import { printProblems } from '../problems.ts';
import { painter, print, printJson, shown, table } from '../terminal.ts';

interface Flags {
  readonly json?: true;
}

export const addShow: Add = (group, host, finish) => {
  group
    .command('show')
    .description('Show what is in force. With --json every record with its defaults and its place.')
    .argument('<path>', 'registry file or folder')
    .option('--json', 'print {"digest", "issuers": {…}, "servers": {…}}')
    .addHelpText(
      'after',
      examples('audgate registry show ./registry', "audgate registry show ./registry --json | jq '.servers.files'"),
    )
    .action((path: string, flags: Flags) => finish(show(path, flags, host)));
};

async function show(path: string, flags: Flags, host: Host): Promise<Exit> {
  if (!(await allThere(host, [{ path, as: 'the registry' }]))) return EXIT.usage;
  const seconds = Math.floor(host.now() / 1000);
  const loaded = await loadRegistry(path, { now: seconds });
  printProblems(host, 'stderr', loaded.ok ? loaded.warnings : loaded.problems);
  if (!loaded.ok) return EXIT.refused;
  if (flags.json) {
    printJson(host.stdout, showRegistry(loaded.registry));
  } else {
    print(host.stdout, ...summary(loaded.registry, seconds, host));
  }
  return EXIT.fine;
}

function summary({ digest, issuers, servers, exchanges }: Registry, seconds: number, host: Host): readonly string[] {
  const paint = painter(host.stdout, host.env);
  const heading = (line: string, index: number) => (index < 0 ? paint('bold', line) : line);
  const place = ({ source }: { source: { file: string; line: number } }) => `${source.file}:${source.line}`;
  const issuerRows = [...issuers.values()].map((issuer) => [
    issuer.key,
    issuer.issuer,
    issuer.algorithms.join(' '),
    issuer.profile.name,
    issuer.token_types.join(' '),
    issuer.extra_audiences.join(' ') || '-',
    keysOf(issuer.key_source),
    issuer.disabled ? 'disabled' : 'enabled',
    place(issuer),
  ]);
  const serverRows = [...servers.values()].map((server) => {
    const active = server.waivers.filter(({ until_seconds }) => seconds < until_seconds).length;
    return [
      server.key,
      server.resource,
      server.issuers.join(' '),
      `${server.max_lifetime_seconds} s`,
      `${active} of ${server.waivers.length}`,
      place(server),
    ];
  });
  const edges = exchanges.map((exchange) => [
    `${exchange.from} → ${exchange.to}`,
    exchange.client,
    exchange.scopes.join(' ') || '-',
    exchange.issuer,
    place(exchange),
  ]);
  const cells = (rows: readonly (readonly string[])[]) => rows.map((row) => row.map(shown));
  return [
    ...table(
      host.stdout,
      ['ISSUER', 'ISS', 'ALGORITHMS', 'PROFILE', 'TOKEN TYPES', 'EXTRA AUDIENCES', 'KEYS', 'STATE', 'SOURCE'],
      cells(issuerRows),
      heading,
    ),
    '',
    ...table(
      host.stdout,
      ['SERVER', 'RESOURCE', 'ISSUERS', 'LIFETIME', 'WAIVERS IN FORCE', 'SOURCE'],
      cells(serverRows),
      heading,
    ),
    '',
    ...(edges.length === 0
      ? []
      : [...table(host.stdout, ['EXCHANGE', 'CLIENT', 'SCOPES', 'ISSUER', 'SOURCE'], cells(edges), heading), '']),
    `digest ${digest}`,
  ];
}

function keysOf(from: KeySource): string {
  if (from.kind === 'jwks') return `${from.keys.length} inline keys`;
  if (from.kind === 'jwks_uri') return from.url;
  return from.kind === 'discovery' ? 'by discovery' : `introspection at ${from.endpoint}`;
}
