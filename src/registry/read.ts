/**
 * Reads one file: text to plain value. The one parser for YAML and JSON. What it refuses is what two readers of the file
 * could understand differently: several documents, duplicate keys, tags, YAML 1.1, and aliases that expand without end.
 * Parsing does not stop for others: one huge file holds up everything else in the process.
 */
import { Composer, type Document, isAlias, isMap, isScalar, isSeq, LineCounter, Parser, type YAMLMap } from 'yaml';
import { pointerTo } from '../json/pointer.ts';
import { firstTooDeep, MAX_DEPTH, TOO_DEEP } from './nesting.ts';
import { type Origin, type Path, type Place, type Position, quote, type Report } from './place.ts';

export interface ReadText {
  /** Undefined when the text could not be read at all; every reason was reported. */
  readonly value: unknown;
  readonly place: Place;
}

/** Values that aliases may stand for in one file, all told: beyond it a short file grows without end ("billion laughs"). */
const MAX_ALIASED_VALUES = 100_000;

export function readText(text: string, file: string, report: Report): ReadText {
  const { documents, lines, deep } = parse(text);
  const [document, second] = documents;
  const origin = { file, locate: locator(text, lines, recordSpans(document)) };
  const place: Place = { origin, path: [] };
  const located = (offset: number): Place => ({
    origin: { file, locate: () => at(lines, offset) },
    path: [],
  });

  if (deep !== undefined) {
    report(located(deep), { value: null, ...TOO_DEEP });
    return { value: undefined, place };
  }
  let broken = false;
  for (const each of documents) {
    for (const error of [...each.errors, ...each.warnings]) {
      broken = true;
      report(located(error.pos[0]), {
        value: null,
        message: `The file is not well-formed YAML: ${error.message}.`,
        remedy: 'Mend the syntax; write plain mappings, lists, strings and numbers without tags.',
      });
    }
  }
  if (document === undefined || document.contents === null) {
    report(place, { value: null, message: 'The file is empty.', remedy: 'Write issuers: and servers:, or remove it.' });
    return { value: undefined, place };
  }
  if (second !== undefined) {
    broken = true;
    report(located(second.range[0]), {
      value: null,
      message: 'The file holds several documents.',
      remedy: 'Write one document a file; put the others into files of their own in one directory.',
    });
  }
  if (document.directives.yaml.explicit && document.directives.yaml.version !== '1.2') {
    broken = true;
    report(place, {
      value: document.directives.yaml.version,
      message: `The file asks for YAML ${document.directives.yaml.version}, where yes and no are booleans.`,
      remedy: 'Remove the %YAML line: the registry is YAML 1.2, core schema.',
    });
  }
  const value = broken ? undefined : convert(document, lines, file, report);
  return { value, place };
}

interface Parsed {
  readonly documents: readonly Document.Parsed[];
  readonly lines: LineCounter;
  /** Where the text nests too deep; then it has no documents. */
  readonly deep: number | undefined;
}

function parse(text: string): Parsed {
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const deep = firstTooDeep(tokens);
  if (deep !== undefined) return { documents: [], lines, deep };
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    stringKeys: true,
    // The library compares each key with all before it; `convert` does it in linear time and says where the first is.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  return { documents: [...composer.compose(tokens)], lines, deep };
}

/** The document as plain value; undefined when something in it was reported. */
function convert(document: Document.Parsed, lines: LineCounter, file: string, report: Report): unknown {
  const anchors = new Map<string, { readonly value: unknown; readonly size: number; readonly height: number }>();
  let size = 0;
  /** Length of the longest path so far, through aliases too. */
  let deepest = 0;
  let aliased = 0;
  let broken = false;
  const refuse = (node: unknown, path: Path, value: unknown, message: string, remedy: string): undefined => {
    broken = true;
    const here = at(lines, start(node) ?? 0);
    report({ origin: { file, locate: () => here }, path }, { value, message, remedy });
  };

  const follow = (source: string, node: unknown, path: Path): unknown => {
    const found = anchors.get(source);
    if (found === undefined) {
      return refuse(node, path, `*${source}`, `No anchor &${source} stands before.`, 'Write the value itself.');
    }
    const reach = path.length + found.height;
    if (reach > MAX_DEPTH) return refuse(node, path, null, TOO_DEEP.message, TOO_DEEP.remedy);
    deepest = Math.max(deepest, reach);
    const within = aliased <= MAX_ALIASED_VALUES;
    aliased += found.size;
    size += found.size;
    if (aliased <= MAX_ALIASED_VALUES) return found.value;
    if (!within) return undefined;
    return refuse(node, path, `*${source}`, 'The aliases of this file expand too far.', 'Write the values out.');
  };

  const members = (map: YAMLMap, path: Path): unknown => {
    const value: Record<string, unknown> = {};
    const seen = new Set<string>();
    for (const { key, value: member } of map.items) {
      const name = isScalar(key) ? String(key.value) : '';
      const here = [...path, name];
      if (seen.has(name)) {
        refuse(key, here, name, `The key ${quote(name)} stands here twice.`, 'Keep one of the two.');
      }
      seen.add(name);
      // An assignment to `__proto__` would set the prototype, and hide the member from every later check.
      const descriptor = { value: walk(member, here), enumerable: true, configurable: true, writable: true };
      Object.defineProperty(value, name, descriptor);
    }
    return value;
  };

  const walk = (node: unknown, path: Path): unknown => {
    if (isAlias(node)) return follow(node.source, node, path);
    const before = size;
    size += 1;
    const around = deepest;
    deepest = path.length;
    if (!isScalar(node) && !isSeq(node) && !isMap(node)) return null;
    const value = isScalar(node)
      ? node.value
      : isSeq(node)
        ? node.items.map((item, index) => walk(item, [...path, index]))
        : members(node, path);
    if (node.tag !== undefined) {
      refuse(node, path, node.tag, `The tag ${quote(node.tag)} is not allowed.`, 'Write the plain value, quoted.');
    }
    const height = deepest - path.length;
    if (node.anchor !== undefined) anchors.set(node.anchor, { value, size: size - before, height });
    deepest = Math.max(around, deepest);
    return value;
  };
  const value = walk(document.contents, []);
  return broken ? undefined : value;
}

/** A record's text from its key to its end, and how to make it a text of its own again. */
interface Span {
  readonly start: number;
  readonly end: number;
  /** `{` where mappings are written so; else none, and the key keeps its column. */
  readonly flow: boolean;
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

function start(node: unknown): number | undefined {
  return isAlias(node) || isScalar(node) || isSeq(node) || isMap(node) ? node.range?.[0] : undefined;
}

function at(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}
