/** An explanation for people: what every rule saw, and what could be changed; a table of tabs where a program reads. */
import type { Change, ExplainedCheck, ExplainedReference, Explanation } from '../decision/explanation.ts';
import type { RuleOutcome } from '../decision/verdict.ts';
import type { Host } from './host.ts';
import { painter, print, type Style, shown, table } from './terminal.ts';

const STYLES: Readonly<Record<RuleOutcome, Style>> = {
  satisfied: 'green',
  denied: 'red',
  not_satisfied: 'red',
  not_evaluated: 'dim',
};

const SIDES: Readonly<Record<Change['side'], string>> = {
  client: 'client',
  authorization_server: 'authorization server',
  operator: 'operator',
};

export function printExplanation({ checks, changes, no_safe_change, references }: Explanation, host: Host): void {
  const { stdout } = host;
  if (changes.length > 0) print(stdout, '');
  if (stdout.isTTY === true) for (const [at, change] of changes.entries()) printChange(change, at, host);
  else if (changes.length > 0) print(stdout, ...tabbed(changes, host));
  if (no_safe_change.length > 0) print(stdout, '');
  for (const { side, why } of no_safe_change) print(stdout, `no safe change, ${SIDES[side]}: ${shown(why)}`);
  print(stdout, '', ...rowsOf(checks, host));
  if (references.length > 0) print(stdout, '', ...referenceRows(references, host));
}

/** What the reasons stand against, in the words of published frameworks. */
function referenceRows(all: readonly ExplainedReference[], host: Host): readonly string[] {
  const rows = all.map(({ id, title, reasons }) => [id, title, reasons.join(' ')].map(shown));
  return table(host.stdout, ['REFERENCE', 'TITLE', 'REASONS'], rows);
}

function rowsOf(all: readonly ExplainedCheck[], host: Host): readonly string[] {
  const paint = painter(host.stdout, host.env);
  const words = (values: ExplainedCheck['actual']) => values.map(shown).join(' ') || '-';
  const rows = all.map(({ rule, outcome, expected, actual, registry, rule_file }) => {
    return [rule, outcome, words(expected), words(actual), shown(registry ?? '-'), shown(rule_file)];
  });
  return table(host.stdout, ['RULE', 'OUTCOME', 'EXPECTED', 'ACTUAL', 'REGISTRY', 'RULE FILE'], rows, (line, index) => {
    const check = all[index];
    return paint(check === undefined ? 'bold' : STYLES[check.outcome], line);
  });
}

/** Numbered from 1, as people count. */
const numbers = (places: readonly number[]) => places.map((at) => String(at + 1)).join(' and ');

function printChange({ side, change, why, where, verified, with: beside = [] }: Change, at: number, host: Host): void {
  const { stdout } = host;
  const paint = painter(stdout, host.env);
  const together = beside.length > 0 ? ` together with ${numbers(beside)}` : '';
  const told = verified ? paint('green', `tried: allows${together}`) : paint('yellow', `not tried${together}`);
  print(stdout, `${paint('bold', `${at + 1}  ${SIDES[side]}`)}  ${told}`);
  print(stdout, `   ${where === undefined ? '' : `${paint('bold', shown(where))}: `}${shown(change)}`);
  print(stdout, `   ${paint('dim', shown(why))}`);
}

function tabbed(changes: readonly Change[], host: Host): readonly string[] {
  const rows = changes.map(({ side, change, why, where, verified, with: beside = [] }, at) => {
    const told = verified ? 'tried' : 'not tried';
    return [String(at + 1), side, told, numbers(beside) || '-', where ?? '-', change, why].map(shown);
  });
  return table(host.stdout, ['NO', 'SIDE', 'ALLOWS', 'WITH', 'REGISTRY', 'CHANGE', 'WHY'], rows);
}
