/** `audgate replay`: which recorded decisions another registry and other rules would change. */
import { loadRegistry } from '../registry/load.ts';
import { readEntry } from '../replay/entry.ts';
import { judgeAgain } from '../replay/judge-again.ts';
import { openBundleFile, openPolicy, packedRegistry } from '../replay/open.ts';
import { READS_ALL, readsOf } from '../replay/reads.ts';
import { createTally, type Report } from '../replay/tally.ts';
import { EXIT, type Exit, type Host } from './host.ts';
import { readLog } from './log-lines.ts';
import { type Add, examples, once } from './options.ts';
import { allThere } from './paths.ts';
import { printProblems } from './problems.ts';
import { painter, print, printJson, shown, table } from './terminal.ts';
import { addVerification, noteUnverified, readVerification, type VerificationFlags } from './verification.ts';

interface Flags extends VerificationFlags {
  readonly log: string;
  readonly registry?: string;
  readonly bundle?: string;
  readonly json?: true;
}

/** Records between two lines of progress; some seconds of work. */
const PROGRESS = 50_000;

export const addReplay: Add = (program, host, finish) => {
  const command = program
    .command('replay')
    .summary('decide recorded decisions again by another registry and other rules')
    .description(
      'Read a decision log, decide each record again, at its time, by another registry and other rules, and tell what would\n' +
        'change. Coverage comes first: a record without what a custom rule reads cannot be decided again.',
    )
    .addOption(once('--log <file>', 'decision log, one record a line; - reads standard input').makeOptionMandatory())
    .addOption(once('--registry <path>', 'registry file or folder to judge by; by default the one in the bundle'))
    .addOption(once('--bundle <file>', 'bundle of custom rules to judge by; without it there are none'));
  addVerification(command)
    .option('--json', 'print {"coverage": {…}, "changes": […]}')
    .addHelpText(
      'after',
      `${examples(
        'audgate replay --log decisions.log --registry ./registry --bundle rules.tar.gz',
        'cat decisions.log.1 decisions.log | audgate replay --log - --registry ./registry --json',
      )}\n\nExit codes: 0 nothing opens or closes, 1 something does, 2 wrong usage.`,
    )
    .action((flags: Flags) => finish(replay(flags, host)));
};

async function replay(flags: Flags, host: Host): Promise<Exit> {
  const { log, registry, bundle } = flags;
  const wanted = [
    ...(log === '-' ? [] : [{ path: log, as: '--log', kind: 'file' as const }]),
    ...(registry === undefined ? [] : [{ path: registry, as: '--registry' }]),
    ...(bundle === undefined ? [] : [{ path: bundle, as: '--bundle', kind: 'file' as const }]),
  ];
  if (!(await allThere(host, wanted))) return EXIT.usage;
  const verification = await readVerification(flags, host, bundle !== undefined);
  if (!verification.ok) return EXIT.usage;
  const now = Math.floor(host.now() / 1000);
  const custom = bundle === undefined ? null : await openBundleFile(bundle, verification.key);
  const opened = custom?.ok ? custom.opened : null;
  if (opened?.unverified && bundle !== undefined) noteUnverified([bundle], host);
  const policy = custom?.ok === false ? custom : await openPolicy(opened);
  const packed = opened === null || bundle === undefined ? null : await packedRegistry(opened, bundle, now);
  const loaded = registry === undefined ? packed : await loadRegistry(registry, { now });
  if (loaded === null && policy.ok) {
    print(host.stderr, 'audgate: no registry to judge by: give --registry, or a --bundle that holds one');
    return EXIT.usage;
  }
  if (registry !== undefined && opened !== null && opened.registry !== null) {
    print(
      host.stderr,
      'audgate: two registries: the bundle holds one too; leave --registry out, or judge by another bundle',
    );
    return EXIT.usage;
  }
  if (!loaded?.ok || !policy.ok) {
    const problems = [loaded, policy].flatMap((one) => (one === null || one.ok ? [] : one.problems));
    printProblems(host, 'stderr', problems);
    return EXIT.refused;
  }
  const reads = opened === null ? READS_ALL : readsOf(opened.sources);
  const candidate = { registry: loaded.registry, policy: policy.opened, reads };

  const tally = createTally();
  let lines = 0;
  const whole = await readLog(log, host, (line) => {
    const entry = readEntry(line);
    tally.add(entry, entry && judgeAgain(entry, candidate));
    lines++;
    if (lines % PROGRESS === 0) print(host.stderr, `audgate: ${lines} lines`);
  });
  if (!whole) return EXIT.usage;
  const report = tally.report();
  if (flags.json) printJson(host.stdout, report);
  else printReport(report, host);
  return report.opens + report.closes > 0 ? EXIT.refused : EXIT.fine;
}

const WHY: Readonly<Record<string, string>> = {
  arguments: 'a custom rule reads arguments, which are not in the record (record.arguments)',
  claims: 'a custom rule reads claims, which are never recorded',
  extra: 'a custom rule reads context.extra, which is not in the record (record.arguments)',
  confirmation: 'a custom rule reads the token’s cnf, of which only thumbprints are recorded',
  proof: 'a proof was judged, which is never recorded',
  call: 'the call was refused unread, and would be read otherwise now',
  token: 'the token was refused unread, and would be read otherwise now',
  server: 'the server was not registered then, and is now',
  cut: 'a value was cut or escaped in the record',
  outage: 'keys, policy or log could not be had',
  list: 'a list of what a token opens, not one call',
};

function printReport(report: Report, host: Host): void {
  const { stdout } = host;
  const paint = painter(stdout, host.env);
  const { coverage, opens, closes, reasons, unchanged, changes } = report;
  const { records, replayable, facts } = coverage;
  print(stdout, paint('bold', `${records} records, ${replayable} replayable`));
  if (facts > 0) print(stdout, `  ${facts} ended before policy, by what no registry or rule changes`);
  for (const [why, count] of Object.entries(coverage.not_replayable))
    print(stdout, `  ${count} not replayable: ${WHY[why] ?? why}`);
  if (coverage.explanations > 0) print(stdout, `  ${coverage.explanations} explanations left out`);
  if (coverage.other_lines > 0) print(stdout, `  ${coverage.other_lines} lines are no records`);
  print(stdout, '  keys and issuers’ profiles are taken to be as they were: no record holds a token or its claims');
  const style = opens > 0 ? 'red' : closes > 0 ? 'yellow' : 'green';
  print(
    stdout,
    paint(style, `${opens} would open, ${closes} would close, ${reasons} would be denied otherwise, ${unchanged} stay`),
  );
  if (changes.length === 0) return;
  const rows = changes.map(({ change, reason, server, operation, client, count, examples: ids }) =>
    [change, String(count), reason, server, operation, client, ids.join(' ')].map(shown),
  );
  const headings = ['CHANGE', 'COUNT', 'REASON', 'SERVER', 'OPERATION', 'CLIENT', 'EXAMPLES'];
  print(stdout, '', ...table(stdout, headings, rows, (line, index) => (index < 0 ? paint('bold', line) : line)));
}
