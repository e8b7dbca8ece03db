/** The matrix as a picture: a row for the tokens of each server, a column for each server that they could come to. */
import type { Cell, Matrix } from '../../decision/matrix.ts';
import type { Way } from '../../decision/reach.ts';
import { fittedKey, frame, textAt, widthOf, xml } from './frame.ts';

/** Servers that a picture holds; of more, those with anything off the diagonal. */
const MAX_SERVERS = 80;
const MARGIN = 24;
const SMALL = 11;
/** Pixels of the longest name. */
const MAX_NAME = 190;

/** What stands in one cell. */
interface Marked {
  readonly cells: Cell[];
  readonly ways: Way[];
}

export function drawMatrix(matrix: Matrix): string {
  const marks = marksOf(matrix);
  const keys = chosen(matrix, marks);
  const place = new Map(keys.map((key, at) => [key, at]));
  const side = keys.length <= 20 ? 26 : keys.length <= 45 ? 18 : 13;
  const size = Math.min(12, side - 2);
  const names = Math.min(MAX_NAME, Math.max(60, ...keys.map((key) => widthOf(key, size)))) + 10;
  const top = 78 + names;
  const left = MARGIN + names;
  const span = keys.length * side;
  const grid = keys.length === 0 ? [] : gridOf(keys, { left, top, side, size, names });
  const drawn = [...marks.values()].flatMap((one) => {
    const { from, to } = one.cells[0] ?? one.ways[0] ?? { from: '', to: '' };
    const [row, column] = [place.get(from), place.get(to)];
    if (row === undefined || column === undefined) return [];
    return [markAt(left + column * side, top + row * side, side, one)];
  });
  const lines = legendOf(matrix, keys.length);
  const width = Math.max(left + span + MARGIN, ...lines.map(({ text }) => MARGIN * 2 + 28 + widthOf(text, SMALL)), 620);
  const below = top + span + 26;
  const height = below + lines.length * 20 + 12;
  const summary = summaryOf(matrix);
  return frame(
    'audgate-matrix',
    { width, height },
    { title: 'What tokens of one MCP server open at another', desc: describe(matrix) },
    [
      textAt(MARGIN, 34, 'What tokens of one server open at another', { size: 17, style: 'ink' }),
      textAt(MARGIN, 56, summary.text, { style: summary.style }),
      ...(keys.length === 0 ? [] : [textAt(MARGIN, top - 10, 'token of ↓  at →', { size: SMALL, style: 'quiet' })]),
      ...grid,
      ...drawn,
      ...lines.map(({ text, mark }, at) => {
        const y = below + at * 20;
        return `${mark(MARGIN, y - 1)}${textAt(MARGIN + 28, y + 11, text, { size: SMALL, style: 'quiet' })}`;
      }),
    ],
  );
}

function marksOf({ open, waived, ways }: Matrix): ReadonlyMap<string, Marked> {
  const marks = new Map<string, Marked>();
  const at = ({ from, to }: { readonly from: string; readonly to: string }) => {
    const known = marks.get(`${from} ${to}`) ?? { cells: [], ways: [] };
    marks.set(`${from} ${to}`, known);
    return known;
  };
  // Keys have no space. What is worst comes first, and is what a cell is drawn as.
  for (const cell of [...open, ...waived]) at(cell).cells.push(cell);
  for (const way of ways) at(way).ways.push(way);
  return marks;
}

function chosen({ servers }: Matrix, marks: ReadonlyMap<string, Marked>): readonly string[] {
  if (servers.length <= MAX_SERVERS) return servers;
  const named = new Set([...marks.keys()].flatMap((pair) => pair.split(' ')));
  const first = new Set([...named].slice(0, MAX_SERVERS));
  return servers.filter((key) => first.has(key));
}

interface Places {
  readonly left: number;
  readonly top: number;
  readonly side: number;
  readonly size: number;
  readonly names: number;
}

function gridOf(keys: readonly string[], { left, top, side, size, names }: Places): readonly string[] {
  const span = keys.length * side;
  const steps = Array.from({ length: keys.length + 1 }, (_, at) => at * side);
  const path = steps.map((at) => `M${left} ${top + at}h${span}M${left + at} ${top}v${span}`).join('');
  const own = keys.map((_, at) => {
    const inset = side / 4;
    return `M${left + at * side + inset} ${top + at * side + inset}h${side / 2}v${side / 2}h-${side / 2}z`;
  });
  return [
    `<path class="line" d="${path}"/>`,
    `<path class="own" d="${own.join('')}"><title>its own tokens</title></path>`,
    ...keys.flatMap((key, at) => {
      const middle = at * side + side / 2 + size / 3;
      const [name, whole] = [fittedKey(key, names - 10, size), key];
      return [
        textAt(left - 8, top + middle, name, { size, anchor: 'end', whole }),
        textAt(left + middle, top - 8, name, { size, whole, transform: `rotate(-90 ${left + middle} ${top - 8})` }),
      ];
    }),
  ];
}

function markAt(x: number, y: number, side: number, { cells, ways }: Marked): string {
  const told = [...cells.map(sentenceOf), ...ways.map(wayOf)].slice(0, 8).join('\n');
  const [worst] = cells;
  const shapes = [
    ...(worst === undefined ? [] : [worst.kind === 'waived' ? waivedMark(x, y, side) : openMark(x, y, side)]),
    ...(ways.length > 0
      ? [
          wayMark(
            x,
            y,
            side,
            ways.some(({ kind }) => kind === 'hub'),
          ),
        ]
      : []),
  ];
  return `<g><title>${xml(told)}</title>${shapes.join('')}</g>`;
}

function openMark(x: number, y: number, side: number): string {
  const [at, arm] = [side / 4, side / 2];
  return `<rect class="bad-mark" x="${x + 1}" y="${y + 1}" width="${side - 2}" height="${side - 2}"/><path class="bad-cross" stroke-width="2" d="M${x + at} ${y + at}l${arm} ${arm}M${x + at + arm} ${y + at}l-${arm} ${arm}"/>`;
}

const waivedMark = (x: number, y: number, side: number) =>
  `<path class="warn-mark" d="M${x + side / 2} ${y + 2}L${x + side - 2} ${y + side - 2}H${x + 2}z"/>`;

/** A ring, for exchanges; a square around it, for hubs. */
function wayMark(x: number, y: number, side: number, hub: boolean): string {
  if (!hub)
    return `<circle class="way-mark" stroke-width="2" cx="${x + side / 2}" cy="${y + side / 2}" r="${side / 3}"/>`;
  return `<rect class="way-mark" stroke-width="2" x="${x + side / 5}" y="${y + side / 5}" width="${(side * 3) / 5}" height="${(side * 3) / 5}"/>`;
}

function sentenceOf({ from, to, kind, token, operations, waivers }: Cell): string {
  const which = `issuer ${token.issuer}, client ${token.client_id ?? 'any'}, aud ${token.audiences.join(' ')}`;
  const by = waivers.map(({ owner, until }) => `${owner} until ${until}`).join(', ');
  const how = { open: 'opens', held: 'is held back by the last comparison alone at', waived: 'opens by waiver' }[kind];
  return `A token of ${from} ${how} ${to}: ${which}; ${operations.join(', ')}${by && `; ${by}`}`;
}

const wayOf = (way: Way) =>
  way.kind === 'exchange'
    ? `${way.client_id} may exchange a token of ${way.from} for one of ${way.to}, scopes ${way.scopes.join(' ') || 'none'}`
    : `hub ${way.from} calls ${way.to} for names that begin with ${way.prefix}`;

function summaryOf({ open, blind, unknown, servers, judged }: Matrix): {
  readonly text: string;
  readonly style: string;
} {
  const whole = `${servers.length} servers, ${judged} tokens judged`;
  if (open.length > 0) return { text: `${whole}: ${open.length} open that nobody listed`, style: 'bad' };
  if (blind.length > 0)
    return { text: `${whole}: ${blind.length} right tokens are refused at their own server`, style: 'bad' };
  if (unknown > 0) return { text: `${whole}: ${unknown} could not be`, style: 'warn' };
  return { text: `${whole}: none opens another server, but for what is listed`, style: 'good' };
}

function legendOf({ open, waived, ways, servers, at, revision }: Matrix, drawn: number) {
  const none = () => '';
  const exchanges = ways.filter(({ kind }) => kind === 'exchange').length;
  const left = servers.length - drawn;
  return [
    {
      text: 'its own server',
      mark: (x: number, y: number) => `<rect class="own" x="${x + 4}" y="${y + 4}" width="8" height="8"/>`,
    },
    { text: `open, and nobody listed it: ${open.length}`, mark: (x: number, y: number) => openMark(x, y, 16) },
    { text: `open by a waiver that ends: ${waived.length}`, mark: (x: number, y: number) => waivedMark(x, y, 16) },
    { text: `leads there by exchange: ${exchanges}`, mark: (x: number, y: number) => wayMark(x, y, 16, false) },
    {
      text: `leads there through a hub: ${ways.length - exchanges}`,
      mark: (x: number, y: number) => wayMark(x, y, 16, true),
    },
    ...(left > 0
      ? [{ text: `${left} servers are not drawn: at most ${MAX_SERVERS}, and only those with a mark`, mark: none }]
      : []),
    { text: `${at} · ${revision.slice(0, 19)}`, mark: none },
  ];
}

/** The same in words, for who cannot see it. */
function describe(matrix: Matrix): string {
  const { open, waived, ways } = matrix;
  const told = [...open.map(sentenceOf), ...waived.map(sentenceOf), ...ways.map(wayOf)];
  const more = told.length > 6 ? ` And ${told.length - 6} more.` : '';
  return `${summaryOf(matrix).text}. ${told.slice(0, 6).join('. ')}${more}`;
}
