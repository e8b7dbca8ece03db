/** The attacks for people: each as it was played, then one table. No token is ever printed. */
import { FRAMEWORKS } from '../../decision/frameworks.ts';
import type { Paint } from '../table.ts';
import type { Played } from './run.ts';

/** One attack, some lines. */
export function describePlayed(
  { title, story, without, with: on }: Played,
  number: number,
  paint: Paint,
): readonly string[] {
  const line = (label: string, text: string) => `   ${label.padEnd(17)}${text}`;
  const raised = on.event === null ? paint('bold', 'no event came') : `${on.event.kind}: ${on.event.message}`;
  return [
    paint('bold', `${number}  ${title}`),
    `   ${story}`,
    line('without audgate', without.succeeded ? paint('red', `succeeds: ${JSON.stringify(without.got)}`) : 'fails'),
    ...on.notes.map((note) => line('with audgate', note)),
    line('with audgate', on.stopped ? paint('green', `stopped: ${on.reason}`) : paint('bold', 'NOT stopped')),
    ...(on.message === null ? [] : [line('why', on.message)]),
    line('against', on.references.join(', ')),
    line('raised', raised),
    line('still works', on.right_use.works ? on.right_use.what : paint('bold', `NOT: ${on.right_use.what}`)),
    '',
  ];
}

const HEADINGS = ['ATTACK', 'WITHOUT', 'WITH', 'REASON', 'EVENT', 'RIGHT USE'] as const;

export function summarise(all: readonly Played[], paint: Paint): readonly string[] {
  const rows = all.map(({ title, without, with: on }) => [
    title,
    without.succeeded ? 'succeeds' : 'FAILS',
    on.stopped ? 'stopped' : 'NOT STOPPED',
    on.reason ?? '-',
    on.event?.kind ?? 'NONE',
    on.right_use.works ? 'works' : 'BROKEN',
  ]);
  const widths = HEADINGS.map((heading, at) => Math.max(heading.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const align = (cells: readonly string[]) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  const right = all.filter(({ ok }) => ok).length;
  return [
    paint('bold', align(HEADINGS)),
    ...rows.map((row, at) => paint(all[at]?.ok ? 'green' : 'red', align(row))),
    '',
    right === all.length
      ? `${right} of ${all.length} attacks succeed without audgate, and are stopped, explained and raised with it.`
      : `${all.length - right} of ${all.length} attacks went otherwise than they should.`,
    ...titlesOf(all),
  ];
}

/** What the identifiers stand for, once each, in the order of the frameworks. */
function titlesOf(all: readonly Played[]): readonly string[] {
  const ids = new Set<string>(all.flatMap(({ with: on }) => on.references));
  const used = FRAMEWORKS.flatMap(({ entries }) => entries.filter(([id]) => ids.has(id)));
  const width = Math.max(0, ...used.map(([id]) => id.length));
  return ['', 'References (docs/frameworks.md):', ...used.map(([id, title]) => `  ${id.padEnd(width)}  ${title}`)];
}
