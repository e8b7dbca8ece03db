/** How commands print: plain where a program reads, aligned and coloured where a person does. */
import type { Writable } from 'node:stream';
import { styleText } from 'node:util';
import { legible } from '../decision/evidence.ts';
import type { Host } from './host.ts';

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow';
export type Paint = (style: Style, text: string) => string;

type Stream = Writable & { readonly isTTY?: boolean };

/** Characters of one printed value: long enough for any honest one, short enough for a screen. */
const MAX_PRINTED = 2048;

/** Colours only on a terminal that knows them, and never with NO_COLOR (no-color.org: set to anything but nothing). */
export function painter(stream: Stream, env: Host['env']): Paint {
  const coloured = stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return coloured ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}

export function print(stream: Writable, ...lines: readonly string[]): void {
  for (const line of lines) stream.write(`${line}\n`);
}

export function printJson(stream: Writable, value: unknown): void {
  stream.write(`${JSON.stringify(value)}\n`);
}

/** What a file, client or token wrote, without anything that could steer a terminal. */
export function shown(value: unknown): string {
  return legible(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''), MAX_PRINTED);
}

/**
 * On a terminal aligned, elsewhere with one tab between the cells, so that `cut` and `awk` can read it.
 * @param paintRow colours a whole line; the index is -1 for the headings
 */
export function table(
  stream: Stream,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  paintRow: (line: string, index: number) => string = (line) => line,
): readonly string[] {
  if (stream.isTTY !== true) return [headings, ...rows].map((cells) => cells.join('\t'));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  return [headings, ...rows].map((cells, index) => {
    const line = cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
    return paintRow(line.trimEnd(), index - 1);
  });
}
