/** The table of docs/gateways.md: written from results, and read back to hold later results against it. */
import { GATEWAYS, type GatewayName, type Section } from '../cases/case.ts';
import type { Result } from '../judge/judge.ts';

export interface GatewayRun {
  readonly gateway: GatewayName;
  readonly results: readonly Result[];
}

/** What the page says of one case at one gateway. */
export interface Cell {
  readonly outcome: string;
  readonly departure: string | null;
}

const BEGIN = '<!-- begin: npm run conformance -- --start all --write -->';
const END = '<!-- end -->';

/** @returns the page with its table replaced. @throws when it has no place for one, or a result failed */
export function withTable(page: string, sections: readonly Section[], runs: readonly GatewayRun[]): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/gateways.md lacks its lines ${BEGIN} and ${END}`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${written(sections, runs)}\n${page.slice(end)}`;
}

function written(sections: readonly Section[], runs: readonly GatewayRun[]): string {
  const cells = new Map(runs.map(({ gateway, results }) => [gateway, new Map(results.map((one) => [one.name, one]))]));
  const reasons: string[] = [];
  const cell = (gateway: GatewayName, name: string) => {
    const result = cells.get(gateway)?.get(name);
    if (result?.ok !== true) throw new Error(`"${name}" did not hold through ${gateway}: nothing was written`);
    if (result.departure === null) return `✓ ${result.outcome}`;
    if (!reasons.includes(result.departure)) reasons.push(result.departure);
    return `${letter(reasons.indexOf(result.departure))} ${result.outcome}`;
  };
  const tables = sections.map(({ title, cases }) => {
    const rows = cases.map(({ name }) => `| ${name} | ${GATEWAYS.map((each) => cell(each, name)).join(' | ')} |`);
    const head = `| ${title} | ${GATEWAYS.join(' | ')} |\n| --- |${' --- |'.repeat(GATEWAYS.length)}`;
    return `${head}\n${rows.join('\n')}\n`;
  });
  const notes = reasons.map((reason, at) => `- **${letter(at)}** ${reason}.`);
  return `${tables.join('\n')}\n${notes.join('\n')}\n`;
}

const letter = (at: number) => String.fromCharCode('a'.charCodeAt(0) + at);

/** A gateway's column, by the name of the case. */
export function readColumn(page: string, gateway: GatewayName): ReadonlyMap<string, Cell> {
  const text = page.slice(page.indexOf(BEGIN), page.indexOf(END));
  const reasons = new Map(
    [...text.matchAll(/^- \*\*([a-z])\*\* (.*)\.$/gm)].map(([, at = '', reason = '']) => [at, reason]),
  );
  const column = 2 + GATEWAYS.indexOf(gateway);
  const rows = text.split('\n').filter((line) => /^\| .* \|$/.test(line) && / (✓|[a-z]) /.test(line));
  return new Map(
    rows.flatMap((line) => {
      const cells = line.split('|').map((each) => each.trim());
      const [, sign = '', outcome = ''] = /^(✓|[a-z]) (.+)$/.exec(cells[column] ?? '') ?? [];
      return sign === ''
        ? []
        : [[cells[1] ?? '', { outcome, departure: sign === '✓' ? null : (reasons.get(sign) ?? '') }]];
    }),
  );
}
