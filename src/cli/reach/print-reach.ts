/** The reach of a token for people. */
import type { Leaked, Reach, ReachedOperation, ReachedWay, Unreached, Way } from '../../decision/reach.ts';
import { openedByItself } from '../../reach/opened-by-itself.ts';
import { option } from '../../reach/quote.ts';
import type { Host } from '../host.ts';
import { type Paint, painter, print, shown, table } from '../terminal.ts';
import type { ReachFlags } from './add.ts';

/** Where it is printed. */
export type Screen = Pick<Host, 'stdout' | 'env'>;

export function printReach(reach: Reach, claims: boolean, flags: ReachFlags, host: Screen): void {
  const { stdout, env } = host;
  const paint = painter(stdout, env);
  const { token, servers } = reach;
  if (token !== null) {
    const field = (name: string, value: string) => print(stdout, `  ${paint('dim', name.padEnd(9))} ${shown(value)}`);
    print(stdout, paint('bold', claims ? 'claims, which nobody verified' : 'token'));
    field('issuer', token.issuer ?? '-');
    field('audience', token.audiences.join(' ') || '-');
    field('subject', token.subject ?? '-');
    field('client', token.client_id ?? '-');
    field('scopes', token.scopes.join(' ') || '-');
    field('ends', token.expires_at ?? '-');
    if (token.bound.length > 0) field('bound', token.bound.join(' and '));
  }
  const rows = servers.flatMap(({ server, operations }) =>
    operations.map((one) => [server, named(one), one.valid_until, by(one), one.needs.join(' + ') || '-']),
  );
  const open = servers.filter(({ state }) => state === 'open').length;
  const told = open === 0 ? 'opens nothing by itself' : `opens ${open} of ${reach.asked} servers`;
  print(stdout, `${paint(openedByItself(reach).length > 1 ? 'red' : 'green', told)} at ${reach.at}`);
  const safe = rows.map((cells) => cells.map(shown));
  if (rows.length > 0) print(stdout, ...table(stdout, ['SERVER', 'OPERATION', 'UNTIL', 'BY', 'NEEDS'], safe));
  if (reach.custom === 'not_judged') print(stdout, 'Custom rules were not asked; they may deny any of this.');
  for (const one of reach.closed) printUnreached(one, 'refused at', host);
  for (const one of reach.unknown) printUnreached(one, paint('yellow', 'unknown at'), host);
  printWays(reach.ways, paint, host);
  const several = openedByItself(reach);
  if (several.length > 1) {
    const keys = several.join(', ');
    print(
      stdout,
      paint('red', `One token must open one server, and this one opens ${keys}: see audgate reach --matrix.`),
    );
  }
  if (flags.leaked) printLeaked(reach.leaked, flags, paint, host);
}

const named = ({ kind, name }: ReachedOperation) =>
  kind === 'unlisted' ? `any unlisted tool${name === '*' ? '' : ` ${name}`}` : `${kind} ${name}`;

function by({ waivers, would_deny }: ReachedOperation): string {
  const uses = waivers.map(({ what, owner, until }) => `${what} waiver of ${owner}, ends ${until}`);
  return [...uses, ...(would_deny.length > 0 ? [`would be denied: ${would_deny.join(', ')}`] : [])].join('; ') || '-';
}

function printUnreached({ codes, count, servers, reasons }: Unreached, what: string, { stdout }: Screen): void {
  const more = count > servers.length ? ` and ${count - servers.length} more` : '';
  print(stdout, `${what} ${servers.map(shown).join(', ')}${more}: ${codes.map(shown).join(', ')}`);
  // Where it is good nowhere, why it is not is what the reader came for.
  const [first] = reasons;
  if (first !== undefined) print(stdout, `  ${shown(first.message)}`);
}

export function printWays(ways: readonly (Way | ReachedWay)[], paint: Paint, { stdout }: Screen): void {
  for (const way of ways) {
    const after = 'hops' in way && way.hops > 1 ? `, after ${way.hops - 1} before it` : '';
    const how =
      way.kind === 'exchange'
        ? `exchange by ${way.client_id}, scopes ${way.scopes.join(' ') || '-'}`
        : `hub, for names that begin with ${way.prefix}`;
    print(stdout, `${paint('dim', 'way')} ${shown(`${way.from} → ${way.to}: ${how}${after}`)}`);
  }
}

function printLeaked(leaked: Leaked | null, flags: ReachFlags, paint: Paint, { stdout }: Screen): void {
  print(stdout, '', paint('bold', 'if somebody else has it'));
  if (leaked === null) {
    print(stdout, '  Nobody knows whose token this is, so that nothing can be withdrawn by it.');
    return;
  }
  const until = leaked.dangerous_until;
  print(stdout, `  ${until === null ? 'It opens nothing any more.' : `Some server accepts it until ${until}.`}`);
  for (const { why, command } of leaked.revoke) print(stdout, `  ${shown(why)}`, `    ${withFile(command, flags)}`);
  for (const line of leaked.beyond) print(stdout, `  ${shown(line)}`);
  print(stdout, `  Look in the log of ${leaked.look_at.servers.map(shown).join(', ') || 'every server'}:`);
  print(stdout, `    ${leaked.look_at.command}`);
}

/** The file that the user named stands in the commands, too. */
function withFile(command: string, { revoked }: ReachFlags): string {
  return revoked === undefined ? command : command.replace('--file revoked.jsonl', () => option('file', revoked));
}
