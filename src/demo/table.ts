/** The demonstration's tables: aligned columns, colour only where the caller says so. */
import type { Decision } from '../decision/decision.ts';

export interface Line {
  readonly call: string;
  readonly token: string;
  readonly status: number;
  readonly reason: string;
  readonly fact: string;
  readonly ok: boolean;
}

export type Paint = (style: 'bold' | 'green' | 'red' | 'dim', text: string) => string;

const HEADINGS = ['CALL', 'TOKEN', 'STATUS', 'REASON', 'THE FACT THAT DECIDED'] as const;

/** @returns one aligned line each, the headings first */
export function formatTable(lines: readonly Line[], paint: Paint): readonly string[] {
  const rows = lines.map(({ call, token, status, reason, fact }) => [call, token, String(status), reason, fact]);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const align = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [
    paint('bold', align(HEADINGS)),
    ...rows.map((row, index) => {
      const line = lines[index];
      const text = align(row);
      return line?.ok
        ? paint(line.status === 200 ? 'green' : 'red', text)
        : `${paint('bold', text)}  <- not what it should be`;
    }),
  ];
}

/** What the decision rests on, in a few words. @param brief shortens the URLs that the table is about */
export function decidingFact(decision: Decision, brief: (text: string) => string): string {
  const [reason] = decision.reasons;
  if (decision.decision === 'allow') return `aud is this server; scope ${decision.principal.scopes.join(' ')}`;
  if (reason === undefined) return '';
  const words = (values: readonly (string | number)[] | undefined) =>
    values?.map((value) => (typeof value === 'number' ? duration(value) : brief(value))).join(', ') ?? '';
  const [found, wanted] = [words(reason.actual), words(reason.expected)];
  if (found !== '' && wanted !== '') return `found ${found}; wanted ${wanted}`;
  if (found !== '') return `found ${found}`;
  return brief(reason.message.split('. ')[0] ?? '');
}

/** Numbers in evidence are seconds: of an instant when they are many, else of a lifetime. */
function duration(seconds: number): string {
  return seconds > 1e9 ? new Date(seconds * 1000).toISOString().slice(11, 19) : `${seconds} s`;
}
