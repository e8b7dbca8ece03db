/** Where a value of a file stands, found again from the file's text: the parser's own nodes would take too much room. */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter } from 'yaml';
import { pointerTo } from '../json/pointer.ts';
import { type Parsed, parse } from './parse.ts';
import type { Origin, Path, Position } from './place.ts';

/** A record's text from its key to its end, and how to make it a text of its own again. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** `{` where mappings are written so; else none, and the key keeps its column. */
  readonly flow: boolean;
}

/** All that is kept of a file beside its text, as plain values. */
export interface Layout {
  /** Offsets. */
  readonly lines: readonly number[];
  /** By pointer: `/servers/files`. */
  readonly spans: ReadonlyMap<string, Span>;
}

export function layoutOf(document: Document.Parsed | undefined, lines: LineCounter): Layout {
  return { lines: lines.lineStarts, spans: recordSpans(document) };
}

/** Where each record stands: asked of every record, right or wrong. */
function recordSpans(document: Document.Parsed | undefined): ReadonlyMap<string, Span> {
  const found = new Map<string, Span>();
  if (!isMap(document?.contents)) return found;
  for (const { key: field, value: records } of document.contents.items) {
    if (!isMap(records) || !isScalar(field)) continue;
    for (const { key, value } of records.items) {
      if (!isScalar(key)) continue;
      const from = start(key) ?? 0;
      const end =
        (isAlias(value) || isScalar(value) || isSeq(value) || isMap(value) ? value.range?.[1] : undefined) ?? from;
      found.set(pointerTo([String(field.value), String(key.value)]), { start: from, end, flow: records.flow === true });
    }
  }
  return found;
}

/** Steps to a record: `servers`, `files`. */
const RECORD_DEPTH = 2;

/**
 * Nodes take a hundred times the room of the text, so none are kept: where something stands is found by reading again the
 * text of its record alone, however long the file is. The last record read so is kept, because problems come in its order.
 */
export function originOf(file: string, text: string, { lines: starts, spans }: Layout): Origin {
  const lines = new LineCounter();
  lines.lineStarts = [...starts];
  return { file, locate: locator(text, lines, spans) };
}

function locator(text: string, lines: LineCounter, spans: ReadonlyMap<string, Span>): Origin['locate'] {
  let last: { readonly record: string; readonly parsed: Parsed } | undefined;
  let whole: Parsed | undefined;
  return (path, what) => {
    const record = pointerTo(path.slice(0, RECORD_DEPTH));
    const span = spans.get(record);
    if (span === undefined) {
      whole ??= parse(text);
      return at(lines, offsetOf(whole, path, what));
    }
    const { start: from, end, flow } = span;
    if (path.length === RECORD_DEPTH && what === 'name') return at(lines, from);
    const before = flow ? '{' : ' '.repeat(at(lines, from).column - 1);
    if (last?.record !== record) {
      const alone = `${before}${text.slice(from, end)}${flow ? '}' : ''}`;
      last = { record, parsed: parse(alone) };
    }
    return at(lines, from + offsetOf(last.parsed, path.slice(1), what) - before.length);
  };
}

function offsetOf({ documents }: Parsed, path: Path, what: 'value' | 'name'): number {
  let node: unknown = documents[0]?.contents;
  let offset = start(node) ?? 0;
  for (const [index, step] of path.entries()) {
    const last = index === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) return offset;
      const name = start(pair.key) ?? offset;
      // A missing member of a mapping is shown at the mapping's own name, which an editor can underline.
      offset = last && what === 'value' ? (start(pair.value) ?? name) : name;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = start(node) ?? offset;
    } else return isAlias(node) ? (start(node) ?? offset) : offset;
  }
  return offset;
}

export function start(node: unknown): number | undefined {
  return isAlias(node) || isScalar(node) || isSeq(node) || isMap(node) ? node.range?.[0] : undefined;
}

export function at(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}
