/** Text → syntax tree, by the one parser for YAML and JSON. Parsing does not stop for others: a huge text holds them up. */
import { Composer, type Document, LineCounter, Parser } from 'yaml';
import { firstTooDeep } from './nesting.ts';

export interface Parsed {
  readonly documents: readonly Document.Parsed[];
  readonly lines: LineCounter;
  /** Where the text nests too deep; then it has no documents. */
  readonly deep: number | undefined;
}

export function parse(text: string): Parsed {
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
