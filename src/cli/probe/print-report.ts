/** What a probe found, for people and as JUnit's suites: one a server or issuer. */
import { countsOf, type Report } from '../../probe/findings.ts';
import type { Attempt, Check, IssuerAttempt, ServerReport } from '../../probe/report.ts';
import type { Suite } from '../../testing/junit.ts';
import type { Host } from '../host.ts';
import { painter, print, type Style, shown, table } from '../terminal.ts';

type Outcome = Attempt['verdict'] | IssuerAttempt['verdict'] | Check['verdict'];

interface Line {
  readonly what: string;
  readonly outcome: Outcome;
  readonly expected: string;
  readonly found: string;
  readonly remedy: string;
  readonly failed?: boolean;
}

const STYLES: Readonly<Record<Outcome, Style>> = {
  refused: 'green',
  honoured: 'green',
  same: 'green',
  accepted: 'red',
  ignored: 'red',
  differs: 'red',
  unclear: 'yellow',
  not_sent: 'yellow',
};
/** What somebody must see stands out without colours too. */
const WORDS: Readonly<Partial<Record<Outcome, string>>> = {
  accepted: 'ACCEPTED',
  ignored: 'IGNORED',
  differs: 'DIFFERS',
  not_sent: 'not sent',
};

interface Group {
  readonly name: string;
  readonly place: string;
  readonly lines: readonly Line[];
  readonly notes: readonly string[];
}

export function printReport(report: Report, host: Host): void {
  const { stdout } = host;
  const paint = painter(stdout, host.env);
  const all = groupsOf(report).flatMap(({ name, lines }) => lines.map((line) => ({ name, ...line })));
  const rows = all.map(({ name, what, outcome, found }) => [name, what, WORDS[outcome] ?? outcome, found].map(shown));
  print(
    stdout,
    ...table(stdout, ['OF', 'WHAT', 'VERDICT', 'FOUND'], rows, (line, at) =>
      paint(at < 0 ? 'bold' : STYLES[all[at]?.outcome ?? 'unclear'], line),
    ),
  );
  for (const { name, what, outcome, expected, found, remedy } of all) {
    if (remedy === '') continue;
    const head = paint(STYLES[outcome], `${shown(name)}, ${what}: ${WORDS[outcome] ?? outcome}`);
    print(stdout, '', head, `  expected: ${shown(expected)}`, `  found:    ${shown(found)}`, `  to do:    ${remedy}`);
  }
  for (const { name, notes } of groupsOf(report))
    for (const note of notes) print(stdout, '', `${shown(name)}: ${note}`);
  const { refused, accepted, differs, unclear, not_sent } = countsOf(report);
  const counts = `${refused} refused, ${accepted} accepted, ${differs} differ, ${unclear} unclear, ${not_sent} not sent`;
  const bad = (accepted ?? 0) + (differs ?? 0) > 0;
  print(stdout, '', paint(bad ? 'red' : (unclear ?? 0) > 0 ? 'yellow' : 'green', counts));
}

export function suitesOf(report: Report): readonly Suite[] {
  return groupsOf(report).map(({ name, place, lines }) => ({
    name,
    tests: lines.map(({ what, outcome, expected, found, remedy, failed }) => {
      const fine = STYLES[outcome] === 'green';
      const text = `${WORDS[outcome] ?? outcome}: ${found}\nExpected: ${expected}\n${remedy}`.trimEnd();
      const open = outcome === 'unclear' || failed === true;
      const as = open ? 'error' : outcome === 'not_sent' ? 'skipped' : 'failure';
      return { name: what, place, failure: fine ? null : text, as };
    }),
  }));
}

function groupsOf({ servers, issuers }: Report): readonly Group[] {
  return [
    ...servers.map((one) => groupOf(`server ${one.server}`, one, one.attempts.map(ofAttempt), one.notes)),
    ...issuers.map((one) => groupOf(`issuer ${one.issuer}`, one, one.attempts.map(ofTarget), [])),
  ];
}

function groupOf(
  name: string,
  { source, checks }: Pick<ServerReport, 'source' | 'checks'>,
  attempts: readonly Line[],
  notes: readonly string[],
): Group {
  return { name, place: `${source.file}:${source.line}`, lines: [...attempts, ...checks.map(ofCheck)], notes };
}

const ofAttempt = ({ kind, verdict, expected, found, remedy, failed = false }: Attempt): Line => ({
  what: `token ${kind}`,
  outcome: verdict,
  expected,
  found,
  remedy,
  failed,
});

const ofTarget = ({ target, resources, verdict, expected, found, remedy }: IssuerAttempt): Line => ({
  what: `resource ${target}`,
  outcome: verdict,
  expected: resources.length === 0 ? expected : `${expected} (${resources.join(', ')})`,
  found,
  remedy,
});

const ofCheck = ({ check, verdict, expected, found, remedy }: Check): Line => ({
  what: check,
  outcome: verdict,
  expected: expected.join(', ') || 'none',
  found: found.join(', ') || 'none',
  remedy,
});
