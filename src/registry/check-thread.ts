/** The thread that `check-apart.ts` starts: reads and lints one registry after another, and hands over plain values in pieces. */
import { parentPort } from 'node:worker_threads';
import { type Checked, check } from './assemble.ts';
import type { Errand, Piece, Piecemeal } from './check-apart.ts';
import type { Entry } from './lint/draft.ts';
import type { Layout } from './locate.ts';
import { readText } from './read.ts';
import { yieldToDecisions } from './thread.ts';

/** Characters of text whose records make one piece: taken over in about a millisecond. */
const PIECE = 32 * 1024;

type Layouts = ReadonlyMap<string, Layout>;

yieldToDecisions();
// Kept alive by this listener: what waits in the port is taken before the thread is ended.
parentPort?.on('message', (errand: Errand) => {
  run(errand);
  parentPort?.postMessage('done');
});
parentPort?.postMessage('ready');

function run({ texts, options, before, port }: Errand): void {
  const layouts = new Map<string, Layout>();
  const work = check(
    function* (report) {
      for (const { file, text } of texts) {
        const read = readText(text, file, report);
        layouts.set(file, read.layout);
        yield read;
      }
    },
    options,
    before,
  );
  for (const piece of piecesOf(toEnd(work), layouts)) port.postMessage(piece);
}

function toEnd(work: Generator<void, Checked>): Checked {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

function* piecesOf(checked: Checked, layouts: Layouts): Generator<Piece> {
  if (!checked.ok) return yield { kind: 'refused', problems: checked.problems };
  for (const [file, { lines }] of layouts) yield { kind: 'file', file, lines: Uint32Array.from(lines) };
  yield* recordsOf('issuers', checked.issuers, layouts);
  yield* recordsOf('servers', checked.servers, layouts);
  const byFile = Map.groupBy(checked.exchanges, ({ place }) => place.origin.file);
  for (const [file, entries] of byFile) yield { kind: 'exchanges', file, values: entries.map(({ value }) => value) };
  yield { kind: 'sound', digest: checked.digest, warnings: checked.warnings };
}

function* recordsOf(
  records: 'issuers' | 'servers',
  all: readonly Entry<unknown>[],
  layouts: Layouts,
): Generator<Piece> {
  let entries: Piecemeal[] = [];
  let size = 0;
  for (const { key, value, place } of all) {
    const { file } = place.origin;
    const span = layouts.get(file)?.spans.get(`/${records}/${key}`);
    if (span === undefined) throw new Error(`the record ${key} has no place in its file`);
    entries.push({ key, value, file, span });
    size += span.end - span.start;
    if (size < PIECE) continue;
    yield { kind: 'records', records, entries };
    entries = [];
    size = 0;
  }
  if (entries.length > 0) yield { kind: 'records', records, entries };
}
