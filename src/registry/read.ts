/**
 * Reads one file: text to plain value. What it refuses is what two readers of the file
 * could understand differently: several documents, duplicate keys, tags, YAML 1.1, and aliases that expand without end.
 * Parsing does not stop for others: one huge file holds up everything else in the process.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type YAMLMap } from 'yaml';
import { at, type Layout, layoutOf, originOf, start } from './locate.ts';
import { MAX_DEPTH, TOO_DEEP } from './nesting.ts';
import { parse } from './parse.ts';
import { type Path, type Place, quote, type Report } from './place.ts';

export interface ReadText {
  /** Undefined when the text could not be read at all; every reason was reported. */
  readonly value: unknown;
  readonly place: Place;
}

/** Values that aliases may stand for in one file, all told: beyond it a short file grows without end ("billion laughs"). */
const MAX_ALIASED_VALUES = 100_000;

export function readText(text: string, file: string, report: Report): ReadText & { readonly layout: Layout } {
  const { documents, lines, deep } = parse(text);
  const [document, second] = documents;
  const layout = layoutOf(document, lines);
  const place: Place = { origin: originOf(file, text, layout), path: [] };
  const located = (offset: number): Place => ({
    origin: { file, locate: () => at(lines, offset) },
    path: [],
  });

  if (deep !== undefined) {
    report(located(deep), { value: null, ...TOO_DEEP });
    return { value: undefined, place, layout };
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
    return { value: undefined, place, layout };
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
  return { value, place, layout };
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
