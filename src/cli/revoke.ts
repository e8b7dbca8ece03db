/** `audgate revoke`: one entry more in a file of revoked tokens, whole and checked, while a service reads it. */
import { readFile } from 'node:fs/promises';
import { readEntry, type WrittenEntry } from '../facts/revocation/entry.ts';
import { nearestName } from '../json/nearest.ts';
import { loadRegistry } from '../registry/load.ts';
import { readList } from '../sources/revoked-text.ts';
import { appendToFile } from '../sources/revoked-write.ts';
import { EXIT, type Exit, type Host } from './host.ts';
import { type Add, examples, once } from './options.ts';
import { allThere } from './paths.ts';
import { printProblems } from './problems.ts';
import { print, shown } from './terminal.ts';

interface Flags {
  readonly file: string;
  readonly by: string;
  readonly issuer: string;
  readonly value: string;
  readonly sub?: string;
  readonly clientId?: string;
  readonly until?: string;
  readonly note?: string;
  readonly registry?: string;
}

export const addRevoke: Add = (program, host, finish) => {
  program
    .command('revoke')
    .summary('revoke tokens by subject, client, jti or time of issue')
    .description(
      'Append an entry to a file of revoked tokens (revocation.file of the configuration). A service that reads it refuses\n' +
        'the tokens within a second. The file must exist; standard output gets the line that was written.',
    )
    .addOption(once('--file <file>', 'file of revoked tokens').makeOptionMandatory())
    .addOption(once('--by <what>', 'jti, sub, client_id or issued_before').makeOptionMandatory())
    .addOption(once('--issuer <key>', 'registry key of the issuer, not its iss').makeOptionMandatory())
    .addOption(once('--value <value>', 'the claim’s value; for issued_before a time (RFC 3339)').makeOptionMandatory())
    .addOption(once('--sub <subject>', 'for issued_before: only tokens of this subject'))
    .addOption(once('--client-id <client>', 'for issued_before: only tokens of this client'))
    .addOption(once('--until <time>', 'when the entry ends (RFC 3339); by default never'))
    .addOption(once('--note <text>', 'for people: why, by whom'))
    .addOption(once('--registry <path>', 'registry file or folder, which must know the issuer'))
    .addHelpText(
      'after',
      examples(
        'audgate revoke --file revoked.jsonl --by sub --issuer corp --value user-1 --note "stolen laptop"',
        'audgate revoke --file revoked.jsonl --by issued_before --issuer corp --value 2026-11-23T12:00:00Z --registry ./registry',
      ),
    )
    .action((flags: Flags) => finish(revoke(flags, host)));
};

async function revoke(flags: Flags, host: Host): Promise<Exit> {
  const { file, registry, clientId, by, issuer, value, sub, until, note } = flags;
  const complain = (...lines: readonly string[]) => print(host.stderr, ...lines.map((line) => `audgate: ${line}`));
  const wanted = [
    { path: file, as: '--file', kind: 'file' as const },
    ...(registry === undefined ? [] : [{ path: registry, as: '--registry' }]),
  ];
  if (!(await allThere(host, wanted))) return EXIT.usage;
  const members = { by, issuer, value, sub, client_id: clientId, until, note };
  const written = Object.fromEntries(Object.entries(members).filter(([, member]) => member !== undefined));
  const read = readEntry(written);
  if (!read.ok) {
    complain(...read.problems.map(({ pointer, message }) => `${optionOf(pointer)} ${message}`));
    return EXIT.usage;
  }
  if (registry !== undefined) {
    const known = await isRegistered(issuer, registry, host);
    if (known !== true) return known;
  }

  // What is already wrong in the file does not keep a revocation from it: its right lines count.
  const { problems } = await readList(await readFile(file, 'utf8'));
  complain(...problems.map((problem) => `${shown(file)} ${problem}: mend it, the service tells of it too`));
  const problem = await appendToFile(file, [written as WrittenEntry]);
  if (problem !== null) {
    complain(`${shown(file)} ${problem}: nothing was revoked`);
    return EXIT.refused;
  }
  print(host.stdout, JSON.stringify(written));
  return EXIT.fine;
}

async function isRegistered(issuer: string, path: string, host: Host): Promise<true | Exit> {
  const loaded = await loadRegistry(path, { now: Math.floor(host.now() / 1000) });
  if (!loaded.ok) {
    printProblems(host, 'stderr', loaded.problems);
    return EXIT.refused;
  }
  const keys = [...loaded.registry.issuers.keys()];
  if (keys.includes(issuer)) return true;
  const byIss = loaded.registry.issuerByIss.get(issuer)?.key;
  const near = byIss ?? nearestName(issuer, keys);
  const hint = near === undefined ? `it has ${keys.join(', ')}` : `write ${near}`;
  print(host.stderr, `audgate: the registry has no issuer ${shown(issuer)}: ${hint}`);
  return EXIT.refused;
}

const optionOf = (pointer: string) => (pointer === '/client_id' ? '--client-id' : `--${pointer.slice(1)}`);
