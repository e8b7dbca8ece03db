/** `audgate waivers`: who holds which exception, who still uses it, and for how long. */
import { readFile } from 'node:fs/promises';
import { WARNING_SECONDS } from '../registry/lint/waiver.ts';
import { loadRegistry } from '../registry/load.ts';
import { EXIT, type Exit, type Host } from './host.ts';
import { readLog } from './log-lines.ts';
import { type Add, examples, once } from './options.ts';
import { allThere } from './paths.ts';
import { printProblems } from './problems.ts';
import { painter, print, printJson, shown, table } from './terminal.ts';
import { type Row, tallyOf } from './waiver-uses.ts';

interface Flags {
  readonly registry: string;
  readonly log?: string;
  readonly url?: string;
  readonly keyFile?: string;
  readonly json?: true;
}

export const addWaivers: Add = (program, host, finish) => {
  program
    .command('waivers')
    .summary('who uses which waiver, and for how long it still holds')
    .description(
      'List the waivers of a registry: how long each still holds and, with --log or --url, how often it was used.\n' +
        'Ends with 1 when one has ended or ends within 14 days.',
    )
    .addOption(once('--registry <path>', 'registry file or folder').makeOptionMandatory())
    .addOption(once('--log <file>', 'decision log: how often each was used, and when last; - reads standard input'))
    .addOption(once('--url <url>', 'a running audgate: how often since it was started').conflicts('log'))
    .addOption(once('--key-file <file>', 'file with the key of a caller that may read metrics, for --url'))
    .option('--json', 'print {"waivers": […], "elsewhere": …}')
    .addHelpText(
      'after',
      examples(
        'audgate waivers --registry ./registry',
        'audgate waivers --registry ./registry --log decisions.jsonl --json',
        'audgate waivers --registry ./registry --url http://127.0.0.1:8181 --key-file ./key',
      ),
    )
    .action((flags: Flags) => finish(waivers(flags, host)));
};

async function waivers({ registry: path, log, url, keyFile, json }: Flags, host: Host): Promise<Exit> {
  const wanted = [
    { path, as: '--registry' },
    ...(log === undefined || log === '-' ? [] : [{ path: log, as: '--log', kind: 'file' as const }]),
    ...(keyFile === undefined ? [] : [{ path: keyFile, as: '--key-file', kind: 'file' as const }]),
  ];
  if (!(await allThere(host, wanted))) return EXIT.usage;
  const seconds = Math.floor(host.now() / 1000);
  const loaded = await loadRegistry(path, { now: seconds });
  if (!loaded.ok) {
    printProblems(host, 'stderr', loaded.problems);
    return EXIT.refused;
  }
  const tally = tallyOf(loaded.registry, seconds);
  if (log !== undefined) {
    tally.begin();
    if (!(await readLog(log, host, tally.record))) return EXIT.usage;
  }
  if (url !== undefined) {
    const read = await metricsOf(url, keyFile, host);
    if (!read.ok) {
      print(host.stderr, `audgate: ${read.problem}`);
      return EXIT.usage;
    }
    tally.begin();
    tally.metrics(read.text);
  }
  const rows = tally.rows();
  const elsewhere = tally.elsewhere();
  if (json) printJson(host.stdout, { waivers: rows, elsewhere });
  else print(host.stdout, ...tableOf(rows, elsewhere, host));
  return rows.some(({ seconds_left: left }) => left <= WARNING_SECONDS) ? EXIT.refused : EXIT.fine;
}

type Read = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string };

/** Milliseconds. Metrics are rendered at once: who does not answer within this stands still. */
const ANSWER_MS = 10_000;

async function metricsOf(url: string, keyFile: string | undefined, { fetch }: Host): Promise<Read> {
  const failed = (problem: string): Read => ({ ok: false, problem });
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    return failed(`--url ${shown(url)} is no http(s) URL; write it like http://127.0.0.1:8181`);
  }
  const key = keyFile === undefined ? undefined : (await readFile(keyFile, 'utf8')).trim();
  try {
    const answer = await fetch(new URL('/metrics', url), {
      headers: key === undefined ? {} : { 'x-audgate-key': key },
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (answer.ok) return { ok: true, text: await answer.text() };
    const barred = answer.status === 401 || answer.status === 403;
    return failed(
      `${shown(url)} answers ${answer.status} for /metrics; ${barred ? 'give the --key-file of a caller that may read metrics' : 'is it an audgate?'}`,
    );
  } catch {
    return failed(`${shown(url)} cannot be reached; is audgate listening there?`);
  }
}

const COLOURS = { ended: 'red', ends_soon: 'yellow', in_force: undefined } as const;

function tableOf(rows: readonly Row[], elsewhere: number, host: Host): readonly string[] {
  const gone = elsewhere === 0 ? [] : ['', `${elsewhere} uses of waivers that this registry does not have.`];
  if (rows.length === 0) return ['The registry has no waivers.', ...gone];
  const paint = painter(host.stdout, host.env);
  const cells = rows.map((row) => [
    row.server,
    row.what,
    `${row.issuer} ${row.client_id}`,
    row.operations.join(', '),
    row.owner,
    row.until,
    row.state === 'ended' ? 'ended' : `${row.days_left} days`,
    row.uses === null ? '-' : row.uses === 0 ? 'unused' : String(row.uses),
    row.last_use ?? '-',
  ]);
  const headings = ['SERVER', 'WHAT', 'CLIENT', 'OPERATIONS', 'OWNER', 'UNTIL', 'LEFT', 'USES', 'LAST USE'];
  const colour = (line: string, index: number) => {
    const style = index < 0 ? 'bold' : COLOURS[rows[index]?.state ?? 'in_force'];
    return style === undefined ? line : paint(style, line);
  };
  const plain = cells.map((row) => row.map((cell) => shown(cell)));
  return [...table(host.stdout, headings, plain, colour), ...gone];
}
