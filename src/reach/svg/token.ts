/** The reach of one token as a picture: the token, the servers with what it opens there, and whereto these lead. */
import type { Reach, ReachedOperation, ReachedServer } from '../../decision/reach.ts';
import { fitted, fittedKey, frame, textAt } from './frame.ts';

const MARGIN = 24;
const SMALL = 11;
/** Operations that a card names, and cards that a picture holds. */
const MAX_OPERATIONS = 12;
const MAX_CARDS = 60;
const MAX_WAYS = 40;
const LINE = 17;
const TOKEN = { x: MARGIN, width: 250 };
const CARDS = { x: 350, width: 470 };
const TRUNK = 312;
const WAYS = { x: 890, width: 330 };
const TOP = 78;

export function drawToken(reach: Reach): string {
  const cards = cardsOf(reach);
  const end = cards.at(-1);
  const ways = waysOf(reach);
  const closed = closedOf(reach);
  const bottom = Math.max(TOP + 150, (end === undefined ? 0 : end.y + end.height) + 16, TOP + ways.length * 46);
  const height = bottom + 22 + closed.length * LINE + 8;
  const width = ways.length === 0 ? CARDS.x + CARDS.width + MARGIN : WAYS.x + WAYS.width + MARGIN;
  const summary = summaryOf(reach);
  const middle = TOP + 66;
  return frame('audgate-reach', { width, height }, { title: 'What an access token opens', desc: describe(reach) }, [
    textAt(MARGIN, 34, reach.verified ? 'What this access token opens' : 'What a token with these claims would open', {
      size: 17,
      style: 'ink',
    }),
    textAt(MARGIN, 56, summary.text, { style: summary.style }),
    ...trunk(middle, cards),
    ...cards.map(({ y, server }) => branch(y + 25, server)),
    ...tokenCard(reach),
    ...cards.flatMap(({ y, height: tall, server }) => serverCard(y, tall, server)),
    ...ways.flatMap(({ y, title, text }, at) => [
      ...(at === 0 ? [textAt(WAYS.x, TOP - 6, 'leads to, with other tokens', { size: SMALL, style: 'quiet' })] : []),
      `<path class="edge-way" stroke-width="1.5" d="M${WAYS.x - 44} ${y + 18}h36m-6 -5l6 5l-6 5"/>`,
      textAt(WAYS.x, y + 15, fitted(title, WAYS.width, 12), { style: 'way', whole: title }),
      textAt(WAYS.x, y + 31, fitted(text, WAYS.width, SMALL), { size: SMALL, style: 'quiet', whole: text }),
    ]),
    ...closed.map((text, at) => {
      return textAt(MARGIN, bottom + 22 + at * LINE, fitted(text, width - 2 * MARGIN, SMALL), {
        size: SMALL,
        style: 'quiet',
        whole: text,
      });
    }),
  ]);
}

interface Card {
  readonly y: number;
  readonly height: number;
  readonly server: ReachedServer;
}

function cardsOf({ servers }: Reach): readonly Card[] {
  let y = TOP;
  return servers.slice(0, MAX_CARDS).map((server) => {
    const lines = Math.min(server.operations.length, MAX_OPERATIONS + 1);
    const card = { y, height: 50 + lines * LINE, server };
    y += card.height + 14;
    return card;
  });
}

function tokenCard({ token }: Reach): readonly string[] {
  const { x, width } = TOKEN;
  const rows: readonly (readonly [string, string])[] = [
    ['issuer', token?.issuer ?? '-'],
    ['audience', token?.audiences.join(' ') || '-'],
    ['subject', token?.subject ?? '-'],
    ['client', token?.client_id ?? '-'],
    ['scopes', token?.scopes.join(' ') || '-'],
    ['ends', token?.expires_at ?? '-'],
    ['bound', token?.bound.join(' and ') || 'no'],
  ];
  return [
    `<rect class="card" x="${x}" y="${TOP}" width="${width}" height="${14 + rows.length * LINE}" rx="6"/>`,
    ...rows.flatMap(([name, value], at) => {
      const y = TOP + 20 + at * LINE;
      return [
        textAt(x + 12, y, name, { size: SMALL, style: 'quiet' }),
        textAt(x + 80, y, fitted(value, width - 90, SMALL), { size: SMALL, whole: value }),
      ];
    }),
  ];
}

function trunk(from: number, cards: readonly Card[]): readonly string[] {
  const heights = [from, ...cards.map(({ y }) => y + 25)];
  if (cards.length === 0) return [];
  const [top, bottom] = [Math.min(...heights), Math.max(...heights)];
  return [
    `<path class="edge" stroke-width="1.5" d="M${TOKEN.x + TOKEN.width} ${from}H${TRUNK}M${TRUNK} ${top}V${bottom}"/>`,
  ];
}

/** Dashed: only with what the operations need. */
function branch(y: number, server: ReachedServer): string {
  const dashes = server.state === 'conditional' ? ' stroke-dasharray="5 4"' : '';
  const style = server.waivers.length > 0 ? 'edge-warn' : 'edge';
  return `<path class="${style}" stroke-width="1.5"${dashes} d="M${TRUNK} ${y}H${CARDS.x}"/>`;
}

function serverCard(y: number, height: number, server: ReachedServer): readonly string[] {
  const { x, width } = CARDS;
  const { operations } = server;
  const more = operations.length - MAX_OPERATIONS;
  const until = `${server.state} until ${server.valid_until}`;
  return [
    `<rect class="card" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>`,
    textAt(x + 12, y + 19, fittedKey(server.server, 170, 13), { size: 13, whole: server.resource }),
    textAt(x + width - 12, y + 19, fitted(until, width - 200, SMALL), {
      size: SMALL,
      style: 'quiet',
      anchor: 'end',
      whole: until,
    }),
    textAt(x + 12, y + 36, fitted(server.resource, width - 24, SMALL), {
      size: SMALL,
      style: 'quiet',
      whole: server.resource,
    }),
    ...operations.slice(0, MAX_OPERATIONS).flatMap((one, at) => {
      const line = y + 54 + at * LINE;
      const { text, style, whole } = noteOf(one);
      const name = named(one);
      return [
        textAt(x + 12, line, fitted(name, text === '' ? width - 24 : 150, SMALL), { size: SMALL, whole: name }),
        ...(text === ''
          ? []
          : [
              textAt(x + width - 12, line, fitted(text, width - 175, SMALL), {
                size: SMALL,
                style,
                anchor: 'end',
                whole,
              }),
            ]),
      ];
    }),
    ...(more > 0
      ? [textAt(x + 12, y + 54 + MAX_OPERATIONS * LINE, `and ${more} more`, { size: SMALL, style: 'quiet' })]
      : []),
  ];
}

const named = ({ kind, name }: ReachedOperation) =>
  kind === 'unlisted' ? `any unlisted tool${name === '*' ? '' : ` ${name}`}` : `${kind} ${name}`;

interface Note {
  readonly text: string;
  readonly style: string;
  readonly whole: string;
}

/** Beside an operation: by which waiver it is open, or what it needs. */
function noteOf({ needs, waivers, would_deny }: ReachedOperation): Note {
  const asked = needs.length > 0 ? `needs ${needs.join(' + ')}` : '';
  const [waiver] = waivers;
  const uses = waivers.map(({ what, owner, until }) => `${what} waiver of ${owner}, ends ${until}`);
  const denied = would_deny.length > 0 ? `would be denied: ${would_deny.join(', ')}` : '';
  const whole = [asked, ...uses, denied].filter((text) => text !== '').join('; ');
  if (asked !== '') return { text: asked, style: waiver === undefined ? 'quiet' : 'warn', whole };
  if (waiver === undefined) return { text: denied, style: 'warn', whole };
  return {
    text: `waiver of ${fitted(waiver.owner, 110, SMALL)}, ends ${waiver.until.slice(0, 10)}`,
    style: 'warn',
    whole,
  };
}

function waysOf({ ways }: Reach): readonly { readonly y: number; readonly title: string; readonly text: string }[] {
  return ways.slice(0, MAX_WAYS).map((way, at) => ({
    y: TOP + at * 46,
    title: `${way.from} → ${way.to}`,
    text:
      way.kind === 'exchange'
        ? `exchange by ${way.client_id}, scopes ${way.scopes.join(' ') || '-'}`
        : `hub, for names that begin with ${way.prefix}`,
  }));
}

function closedOf({ closed, unknown, servers, ways, custom, at, revision }: Reach): readonly string[] {
  const told = (what: string) => (one: Reach['closed'][number]) =>
    `${what} ${one.count === 1 ? '1 server' : `${one.count} servers`} (${one.servers.slice(0, 4).join(', ')}${one.count > 4 ? ', …' : ''}): ${one.codes.join(', ')}`;
  return [
    ...(servers.length > MAX_CARDS ? [`${servers.length - MAX_CARDS} servers more are not drawn`] : []),
    ...(ways.length > MAX_WAYS ? [`${ways.length - MAX_WAYS} ways more are not drawn`] : []),
    ...closed.map(told('refused at')),
    ...unknown.map(told('nobody knows of')),
    ...(custom === 'not_judged' ? ['custom rules were not asked, and may deny any of this'] : []),
    `${at} · ${revision.slice(0, 19)}`,
  ];
}

function summaryOf({ servers, asked, unknown }: Reach): { readonly text: string; readonly style: string } {
  const open = servers.filter(({ state }) => state === 'open').length;
  const conditional = servers.length - open;
  const besides = conditional === 0 ? '' : `, and ${conditional} only with what they need`;
  if (unknown.length > 0)
    return { text: `opens ${open} of ${asked} servers${besides}; of some nobody knows`, style: 'warn' };
  return { text: `opens ${open} of ${asked} servers${besides}`, style: open > 1 ? 'warn' : 'good' };
}

/** The same in words, for who cannot see it. */
function describe(reach: Reach): string {
  const { servers } = reach;
  const told = servers.slice(0, 6).map(({ server, state, valid_until, operations }) => {
    const names = operations.slice(0, 6).map(named).join(', ');
    return `${server} (${state}, until ${valid_until}): ${names}${operations.length > 6 ? ` and ${operations.length - 6} more` : ''}`;
  });
  return `The token ${summaryOf(reach).text}. ${told.join('. ')}`;
}
