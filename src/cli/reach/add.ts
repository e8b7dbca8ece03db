/** `audgate reach`: what one token opens at every server; without a token, what tokens of each server open at the others. */
import { writeFile } from 'node:fs/promises';
import type { Matrix } from '../../decision/matrix.ts';
import type { Reach, ReachAsk } from '../../decision/reach.ts';
import { matrixOf } from '../../reach/matrix.ts';
import { openedByItself } from '../../reach/opened-by-itself.ts';
import { drawMatrix } from '../../reach/svg/matrix.ts';
import { drawToken } from '../../reach/svg/token.ts';
import { LOCAL } from '../decide.ts';
import { type DeciderOptions, openDecider } from '../decider.ts';
import { EXIT, type Exit, type Host } from '../host.ts';
import { type Add, examples, once } from '../options.ts';
import { print, printJson, shown } from '../terminal.ts';
import { addVerification } from '../verification.ts';
import { printMatrix } from './print-matrix.ts';
import { printReach } from './print-reach.ts';
import { readAsked } from './read.ts';

export interface ReachFlags extends DeciderOptions {
  readonly claims?: string;
  readonly matrix?: true;
  readonly everyCell?: true;
  readonly leaked?: true;
  readonly svg?: string;
  readonly at?: string;
  readonly json?: true;
}

export const addReach: Add = (program, host, finish) => {
  const command = program
    .command('reach')
    .summary('what a token opens at every server, or what tokens of each open at the others')
    .description(
      'Tell what the access token on standard input opens: every server and operation, until when, by which waiver. Without a\n' +
        'token, judge right tokens of each server of the registry at each other one: they open nothing there, but for waivers.\n' +
        'Ends with 1 where a token opens a second server and nobody listed why, with 3 where nobody knows.',
    )
    .addOption(once('--registry <path>', 'registry file or folder; without, the one that the bundle holds'))
    .addOption(once('--bundle <file>', 'bundle, from audgate policy build; its custom rules are not asked'));
  addVerification(command)
    .addOption(
      once('--claims <file>', 'claims in place of a token, a JSON object; nobody verifies them').conflicts(['matrix']),
    )
    .option('--matrix', 'do not read standard input: judge the registry')
    .option('--every-cell', 'judge each token at each server, also where no audience and no waiver could open it')
    .option('--leaked', 'tell what to withdraw if somebody else has the token, and the commands that do it')
    .addOption(once('--svg <file>', 'draw a picture as well'))
    .addOption(once('--at <time>', 'time to ask about, RFC 3339 (default: now)'))
    .addOption(once('--revoked <file>', 'file of revoked tokens, as it stands now'))
    .option('--json', 'print the answer as the HTTP interface gives it, or the matrix')
    .addHelpText(
      'after',
      examples(
        'audgate reach --registry ./registry --matrix',
        'audgate reach --registry ./registry --matrix --svg matrix.svg --json',
        'audgate reach --registry ./registry < token.jwt',
        'audgate reach --registry ./registry --leaked --svg token.svg < token.jwt',
      ),
    )
    .action((flags: ReachFlags) => finish(reach(flags, host)));
};

async function reach(flags: ReachFlags, host: Host): Promise<Exit> {
  const asked = await readAsked(flags, host);
  if (asked === null) return EXIT.usage;
  const opened = await openDecider(flags, undefined, host);
  if (!opened.ok) return opened.exit;
  const { service } = opened;
  try {
    const now = Math.floor((asked.at ?? host.now()) / 1000);
    return asked.ask === null
      ? await ofRegistry(service.current(), now, flags, host)
      : await ofToken(asked.ask, service.reach(asked.ask, now, LOCAL), flags, host);
  } finally {
    service.close();
  }
}

async function ofToken(ask: ReachAsk, asked: Promise<Reach>, flags: ReachFlags, host: Host): Promise<Exit> {
  const found = await asked;
  if (flags.svg !== undefined && !(await draw(flags.svg, drawToken(found), host))) return EXIT.usage;
  if (flags.json) printJson(host.stdout, found);
  else printReach(found, 'claims' in ask, flags, host);
  return exitOfReach(found);
}

/** What is surely wrong is told before what nobody knows. */
export function exitOfReach(found: Reach): Exit {
  if (openedByItself(found).length > 1) return EXIT.refused;
  return found.unknown.length > 0 ? EXIT.indeterminate : EXIT.fine;
}

export function exitOfMatrix({ open, blind, unknown }: Matrix): Exit {
  if (open.length > 0 || blind.length > 0) return EXIT.refused;
  return unknown > 0 ? EXIT.indeterminate : EXIT.fine;
}

/** Servers from which on it takes so long that somebody may wonder. */
const MANY = 200;

type Current = Parameters<typeof matrixOf>[0];

async function ofRegistry(at: Current, now: number, flags: ReachFlags, host: Host): Promise<Exit> {
  const onRow = (done: number, of: number) => {
    const step = Math.ceil(of / 10);
    if (of >= MANY && done % step === 0) print(host.stderr, `audgate: tokens of ${done} of ${of} servers are judged`);
  };
  const found = await matrixOf(at, { now, onRow, ...(flags.everyCell && { cells: 'every' }) });
  if (flags.svg !== undefined && !(await draw(flags.svg, drawMatrix(found), host))) return EXIT.usage;
  if (flags.json) printJson(host.stdout, found);
  else printMatrix(found, host);
  return exitOfMatrix(found);
}

async function draw(file: string, picture: string, host: Host): Promise<boolean> {
  try {
    await writeFile(file, picture);
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    print(
      host.stderr,
      `audgate: --svg ${shown(file)} cannot be written (${code}); check the folder and its permissions`,
    );
    return false;
  }
}
