/** `audgate explain --record`: one line of the decision log, decided again and explained. */
import { createReadStream } from 'node:fs';
import { type ExplainedRecord, explainEntry } from '../replay/explain-entry.ts';
import { openBundleFile } from '../replay/open.ts';
import { READS_ALL, readsOf } from '../replay/reads.ts';
import { readRecord } from '../replay/recorded.ts';
import type { AskOptions } from './ask.ts';
import { exitOf } from './decide.ts';
import { openDecider } from './decider.ts';
import { EXIT, type Exit, type Host } from './host.ts';
import { allThere } from './paths.ts';
import { printDecision } from './print-decision.ts';
import { printExplanation } from './print-explanation.ts';
import { painter, print, printJson, type Style, shown } from './terminal.ts';

/** Bytes that are read of a line: far more than any record has. */
const MAX_BYTES = 4 * 1024 * 1024;

/** @param file `-` for standard input */
export async function explainRecord(file: string, options: AskOptions, host: Host): Promise<Exit> {
  const complain = (...messages: readonly string[]) => {
    print(host.stderr, ...messages.map((message) => `audgate: ${message}`));
    return EXIT.usage;
  };
  if (file !== '-' && !(await allThere(host, [{ path: file, as: '--record', kind: 'file' }]))) return EXIT.usage;
  const bytes = file === '-' ? await readSome(host.stdin) : await readSome(createReadStream(file));
  const from = file === '-' ? 'standard input' : shown(file);
  if (bytes.length > MAX_BYTES) return complain(`${from} is longer than ${MAX_BYTES} bytes: give one line of the log`);
  const lines = bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const [line] = lines;
  if (line === undefined || lines.length > 1)
    return complain(
      `${from} holds ${lines.length} lines, and one record is explained at a time: grep DECISION-ID decisions.log | audgate explain --record - …`,
    );
  const read = readRecord(line);
  if (!read.ok)
    return complain(
      ...read.problems.map(({ pointer, message }) => `${from} is no record: ${pointer || 'the line'} ${message}`),
    );

  const opened = await openDecider(options, undefined, host);
  if (!opened.ok) return opened.exit;
  const { service } = opened;
  const snapshot = service.current();
  service.close();
  // Without its sources nobody knows what a rule reads, so it counts as reading everything.
  const bundle = options.bundle === undefined ? null : await openBundleFile(options.bundle, null);
  const reads = bundle?.ok ? readsOf(bundle.opened.sources) : READS_ALL;
  const explained = explainEntry(read.record, snapshot, reads);
  if (options.json) printJson(host.stdout, explained);
  else printRecord(explained, snapshot.revision, host);
  const { explanation } = explained;
  return explanation === null ? EXIT.indeterminate : exitOf(explanation.would_decide);
}

/** No more than is looked at: a whole log may be larger than memory. */
async function readSome(stream: AsyncIterable<Uint8Array | string>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    chunks.push(bytes);
    if (size > MAX_BYTES) break;
  }
  return Buffer.concat(chunks);
}

function printRecord(explained: ExplainedRecord, revision: string, host: Host): void {
  const { stdout } = host;
  const paint = painter(stdout, host.env);
  const field = (name: string, style: Style, value: string) =>
    print(stdout, `${paint('dim', name.padEnd(11))} ${paint(style, shown(value))}`);
  const { recorded, differs, replayed, missing, same, explanation } = explained;
  const reasons = recorded.codes.join(' ');
  field(
    'recorded',
    'bold',
    `${recorded.decision}${reasons === '' ? '' : ` ${reasons}`}, ${recorded.timestamp}, ${recorded.decision_id}`,
  );
  if (differs.length === 0) field('revision', 'green', `the same, ${revision}`);
  else
    field(
      'revision',
      'yellow',
      `another: ${differs.join(', ')} differ from the record’s; ${recorded.revision} then, ${revision} here`,
    );
  field('decided', ...AGAIN[replayed]);
  if (missing.length > 0) field('missing', 'yellow', missing.join(' '));
  if (same !== null) field('compared', ...(same ? SAME : OTHER));
  if (explanation === null) return;
  print(stdout, '');
  printDecision(explanation.would_decide, host);
  printExplanation(explanation, host);
}

const AGAIN: Readonly<Record<ExplainedRecord['replayed'], readonly [Style, string]>> = {
  all: ['green', 'again, by core and custom rules'],
  core: ['yellow', 'again by core alone: custom rules read what the record does not hold'],
  facts: ['yellow', 'not again: it ended before policy, and these are the recorded reasons'],
  not_replayable: ['red', 'not again: the record does not hold what was judged'],
};
const SAME: readonly [Style, string] = ['green', 'the same decision, for the same reasons'];
const OTHER: readonly [Style, string] = ['red', 'another decision, or for other reasons'];
