/** `audgate diff`: what opens and closes between two registries or bundles, for any token, without any record. */
import { compareExchanges, type ExchangeChange } from '../replay/diff/exchanges.ts';
import {
  type Combination,
  compareRegistries,
  type Difference,
  type Example,
  type Uncertain,
} from '../replay/diff/registries.ts';
import { compareRules, type RuleChange } from '../replay/diff/rules.ts';
import { openSide, type Side } from '../replay/open.ts';
import { EXIT, type Exit, type Host } from './host.ts';
import { type Add, examples } from './options.ts';
import { allThere } from './paths.ts';
import { printProblems } from './problems.ts';
import { painter, print, printJson, type Style, shown, table } from './terminal.ts';
import { addVerification, noteUnverified, readVerification, type VerificationFlags } from './verification.ts';

interface Flags extends VerificationFlags {
  readonly accept?: readonly string[];
  readonly json?: true;
}

export const addDiff: Add = (program, host, finish) => {
  const command = program
    .command('diff')
    .summary('tell what opens and closes between two registries or bundles')
    .description(
      'Tell which server × operation × issuer combinations open or close between two registries or bundles, for which tokens.\n' +
        'No record is needed: every kind of token that the two may tell apart is tried.',
    )
    .argument('<old>', 'registry file or folder, or bundle')
    .argument('<new>', 'likewise')
    .option('--accept <name...>', 'widening that is meant, by its whole name, or all of a server by its key');
  addVerification(command)
    .option('--json', 'print {"combinations": […], "rules": […], "uncertain": […], "widened": […], "undecided": […]}')
    .addHelpText(
      'after',
      `${examples(
        'audgate diff registry-before registry-after',
        "audgate diff old.tar.gz new.tar.gz --accept 'files tools/call delete_file corp' 'rule office_hours'",
      )}\n\nExit codes: 0 nothing opens, or all that does is accepted; 1 access widens, or may: rules, labels and call_from that changed; 2 wrong usage.`,
    )
    .action((before: string, after: string, flags: Flags) => finish(diff(before, after, flags, host)));
};

async function diff(before: string, after: string, flags: Flags, host: Host): Promise<Exit> {
  const wanted = [before, after].map((path) => ({ path, as: 'the registry or bundle' }));
  if (!(await allThere(host, wanted))) return EXIT.usage;
  const verification = await readVerification(flags, host);
  if (!verification.ok) return EXIT.usage;
  const { key } = verification;
  const now = Math.floor(host.now() / 1000);
  const [then, next] = [await openSide(before, now, key), await openSide(after, now, key)];
  if (!then.ok || !next.ok) {
    const problems = [then, next].flatMap((one) => (one.ok ? [] : one.problems));
    printProblems(host, 'stderr', problems);
    return EXIT.refused;
  }
  noteUnverified(
    [...(then.opened.bundle?.unverified ? [before] : []), ...(next.opened.bundle?.unverified ? [after] : [])],
    host,
  );
  const unlike = incomparable(then.opened, next.opened);
  if (unlike !== null) {
    print(host.stderr, `audgate: ${unlike}`);
    return EXIT.usage;
  }
  const found = compare(then.opened, next.opened, now);
  const { accept = [] } = flags;
  const widening = [
    ...found.combinations.filter(({ gained }) => gained !== null),
    ...found.exchanges.filter(({ change }) => change !== 'narrows' && change !== 'closes'),
    ...found.rules.filter(({ change }) => change === 'removed'),
  ];
  // What cannot be judged may widen, and is no yes either.
  const doubtful = [...found.uncertain, ...found.rules.filter(({ change }) => change === 'changed')];
  const isNamed = (one: Compared, by: string) => one.name === by || ('server' in one && one.server === by);
  const isAccepted = (one: Compared) => accept.some((name) => isNamed(one, name));
  const left = (all: readonly Compared[]) => all.filter((one) => !isAccepted(one)).map(({ name }) => name);
  const [widened, undecided] = [left(widening), left(doubtful)];
  const accepted = [...widening, ...doubtful].filter(isAccepted).map(({ name }) => name);
  const unused = accept.filter((name) => ![...widening, ...doubtful].some((one) => isNamed(one, name)));
  for (const name of unused) print(host.stderr, `audgate: --accept ${shown(name)}: nothing of that name widens`);
  if (flags.json) printJson(host.stdout, { ...found, widened, undecided, accepted });
  else printFound(found, { widened, undecided, accepted }, host);
  return widened.length + undecided.length > 0 ? EXIT.refused : EXIT.fine;
}

type Compared = Combination | RuleChange | Uncertain | ExchangeChange;

function incomparable(then: Side, next: Side): string | null {
  if ((then.registry === null) === (next.registry === null)) return null;
  const lacking = then.registry === null ? 'the old' : 'the new';
  return `${lacking} bundle holds no registry, and the other side has one: build it with audgate policy build --registry, or compare the registries themselves`;
}

interface Found extends Difference {
  readonly exchanges: readonly ExchangeChange[];
  /** Null: one side holds no rules to compare. */
  readonly rules: readonly RuleChange[];
  readonly rules_compared: boolean;
}

function compare(then: Side, next: Side, now: number): Found {
  const registries =
    then.registry === null || next.registry === null
      ? { combinations: [], uncertain: [] }
      : compareRegistries(then.registry, next.registry, now);
  const exchanges =
    then.registry === null || next.registry === null ? [] : compareExchanges(then.registry, next.registry);
  const rules_compared = then.bundle !== null && next.bundle !== null;
  // Labels are read by custom rules alone.
  const ruled = !rules_compared || then.bundle?.custom != null || next.bundle?.custom != null;
  const uncertain = registries.uncertain.filter(({ what }) => ruled || what !== 'labels');
  return {
    ...registries,
    exchanges,
    uncertain,
    rules: rules_compared ? compareRules(then.bundle, next.bundle) : [],
    rules_compared,
  };
}

const STYLES: Readonly<Record<Combination['change'], Style>> = {
  opens: 'red',
  widens: 'red',
  shifts: 'yellow',
  narrows: 'green',
  closes: 'green',
};
const RULES: Readonly<Record<RuleChange['change'], string>> = {
  removed: 'gone: what it denied opens',
  added: 'new: it can only deny',
  changed: 'changed: what it denies may open or close',
};

function printFound(
  { combinations, exchanges, rules, rules_compared, uncertain }: Found,
  { widened, undecided, accepted }: Readonly<Record<'widened' | 'undecided' | 'accepted', readonly string[]>>,
  host: Host,
): void {
  const { stdout } = host;
  const paint = painter(stdout, host.env);
  const rows = combinations.map(({ change, name, gained, lost }) => {
    const state = accepted.includes(name) ? `${change}, accepted` : change;
    return [state, name, gained === null ? '-' : say(gained), lost === null ? '-' : say(lost)].map(shown);
  });
  if (rows.length > 0) {
    const headings = ['CHANGE', 'SERVER OPERATION ISSUER', 'ALLOWED NOW, FOR ONE', 'DENIED NOW, FOR ONE'];
    const styleOf = (index: number) => STYLES[combinations[index]?.change ?? 'shifts'];
    print(
      stdout,
      ...table(stdout, headings, rows, (line, index) =>
        index < 0 ? paint('bold', line) : paint(styleOf(index), line),
      ),
    );
  }
  for (const { name, change, gained, lost } of exchanges) {
    const scopes = [...gained.map((scope) => `+${scope}`), ...lost.map((scope) => `-${scope}`)].join(' ');
    const line = `${change} ${shown(name)} (scope ${shown(scopes || 'none')})${accepted.includes(name) ? ', accepted' : ''}`;
    print(stdout, paint(STYLES[change], line));
  }
  for (const { name, change, before, after } of rules) {
    const digests = [before, after].map((digest) => digest?.slice(0, 19) ?? 'none').join(' → ');
    print(stdout, `${shown(name)} ${RULES[change]} (${digests})${accepted.includes(name) ? ', accepted' : ''}`);
  }
  if (!rules_compared) print(stdout, 'custom rules were not compared: they stand in bundles');
  for (const { name, message } of uncertain)
    print(stdout, `${shown(name)}: ${shown(message)}${accepted.includes(name) ? ', accepted' : ''}`);
  const closing =
    combinations.filter(({ lost }) => lost !== null).length +
    exchanges.filter(({ change, lost }) => change === 'closes' || lost.length > 0).length;
  const unsure = undecided.length === 0 ? '' : `, ${undecided.length} may widen: read them, and accept them by name`;
  const counts = `${widened.length} widen, ${accepted.length} are accepted, ${closing} narrow${unsure}`;
  print(stdout, paint(widened.length > 0 ? 'red' : undecided.length > 0 ? 'yellow' : 'green', counts));
}

/** A token, by what makes the difference visible. */
function say(example: Example): string {
  const { audiences, scopes, lifetime, tolerance, actor, algorithm, type, client, at } = example;
  const { binding, context, authenticated, details } = example;
  return [
    `aud ${audiences.join(' ')}`,
    `scope ${scopes.join(' ') || 'none'}`,
    `life ${lifetime} s`,
    `${algorithm} ${type}`,
    ...(tolerance > 0 ? [`${tolerance} s past its end`] : []),
    ...(actor === null ? [] : [`actor ${actor}`]),
    ...(binding === null ? [] : [`bound by ${binding}`]),
    ...(context === null ? [] : [`acr ${context}`]),
    ...(authenticated === null ? [] : [`user authenticated ${authenticated} s ago`]),
    ...(details === null ? [] : [`authorization details ${details}`]),
    ...(client === null ? [] : [`client ${client}`, `at ${new Date(at * 1000).toISOString()}`]),
  ].join(', ');
}
