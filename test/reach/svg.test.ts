/** Pictures: whole XML of their own, with every text as text, and nothing from elsewhere. */
import { describe, expect, it } from 'vitest';
import type { Cell, Matrix } from '../../src/decision/matrix.ts';
import type { Reach } from '../../src/decision/reach.ts';
import { matrixOf } from '../../src/reach/matrix.ts';
import { fitted, widthOf, xml } from '../../src/reach/svg/frame.ts';
import { drawMatrix } from '../../src/reach/svg/matrix.ts';
import { drawToken } from '../../src/reach/svg/token.ts';
import { EVERYONE, openDesk } from '../decide/desk.ts';
import { RIGHT } from '../property/world.ts';
import { NOW, registryOf, snapshotOf, waiver } from './registries.ts';

const HOSTILE = `</text><script>alert("1")</script>&amp;'\u202e\uffff${'x'.repeat(80)}`;

/** Elements are closed in the order in which they were opened, and what stands between them holds no mark-up. */
function expectWhole(svg: string): void {
  const open: string[] = [];
  const rest = svg.replaceAll(/<(\/?)([a-z]+)((?: [a-zA-Z:-]+="[^"<]*")*)(\/?)>/g, (_, end, name, __, empty) => {
    if (end === '/') expect(open.pop()).toBe(name);
    else if (empty === '') open.push(name);
    return '';
  });
  expect(open).toEqual([]);
  expect(rest.replaceAll(/@media \([^)]*\)|&(amp|lt|gt|quot|#39);/g, '')).not.toMatch(/[<>&]/);
}

function expectAlone(svg: string): void {
  expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(
    /href|url\(|@import|<(script|image|use|foreignObject)|\son\w+=/,
  );
  expect(svg).toMatch(
    /^<svg [^>]*role="img" aria-labelledby="(\S+) (\S+)">\n<title id="\1">[^<]+<\/title>\n<desc id="\2">[^<]+<\/desc>/,
  );
  expect(svg).toContain('prefers-color-scheme:dark');
  expect(svg).not.toMatch(/[\u202a-\u202e\uffff]/);
}

const cell = (from: string, to: string, kind: Cell['kind']): Cell => ({
  ...{ from, to, kind, operations: [HOSTILE], remedy: '' },
  token: { issuer: 'corp', client_id: HOSTILE, audiences: [HOSTILE] },
  waivers: kind === 'waived' ? [{ what: 'audience', owner: HOSTILE, until: '' }] : [],
});

async function matrixWith(count: number, change: Partial<Matrix>): Promise<Matrix> {
  const servers = Array.from({ length: count }, (_, at) => `s${String(at).padStart(3, '0')}`);
  const empty = await matrixOf(snapshotOf(registryOf({ files: {} })), { now: NOW });
  return { ...empty, servers, ...change };
}

describe('the picture of a matrix', () => {
  it('marks what is open, waived, exchanged and behind a hub, each by a shape, and says it in words', async () => {
    const way = { from: 's000', to: 's002' };
    const svg = drawMatrix(
      await matrixWith(10, {
        open: [cell('s000', 's001', 'open')],
        waived: [cell('s003', 's004', 'waived')],
        ways: [
          { kind: 'exchange', ...way, client_id: HOSTILE, scopes: [HOSTILE], issuer: 'corp' },
          { kind: 'hub', from: 's005', to: 's006', prefix: HOSTILE },
        ],
      }),
    );
    expectWhole(svg);
    expectAlone(svg);
    const count = (part: string) => svg.split(part).length - 1;
    // Each once in the grid and once in the legend.
    expect([count('class="bad-mark"'), count('class="warn-mark"'), count('<circle')]).toEqual([2, 2, 2]);
    expect(svg).toMatch(/<desc[^>]*>[^<]*1 open that nobody listed[^<]*A token of s000 opens s001/);
  });

  it('of more servers than a picture holds draws those with a mark, and says how many it leaves out', async () => {
    const svg = drawMatrix(await matrixWith(500, { waived: [cell('s003', 's400', 'waived')] }));
    expectWhole(svg);
    expect(svg).toContain('498 servers are not drawn');
    expect(svg.length).toBeLessThan(20_000);
  });

  it('of real waivers names their owner', async () => {
    const waivers = [waiver({ what: 'audience', audience: 'api://default' })];
    const registry = registryOf({ billing: { waivers }, files: { waivers } });
    const svg = drawMatrix(await matrixOf(snapshotOf(registry), { now: NOW }));
    expectWhole(svg);
    expect(svg).toContain('team-move until 2026-12-10');
    expect(svg).toContain('class="good">2 servers');
  });
});

describe('the picture of a token', () => {
  const reachOf = async (claims: object) =>
    (await openDesk()).service.reach({ claims: { ...RIGHT, ...claims } }, undefined, EVERYONE);

  it('shows what it opens, and until when', async () => {
    const svg = drawToken(await reachOf({}));
    expectWhole(svg);
    expectAlone(svg);
    for (const text of [
      'tool read_file',
      'open until 2026-11-23T12:05:00Z',
      'refused at 1 server (billing): audience_mismatch',
    ])
      expect(svg).toContain(text);
  });

  it('shows whatever a token says as text', async () => {
    const svg = drawToken(await reachOf({ sub: HOSTILE.replace('\uffff', ''), scope: 'files:read <b>' }));
    expectWhole(svg);
    expectAlone(svg);
  });

  it('of one that nobody could read still is one', () => {
    const reach = {
      servers: [],
      ways: [],
      closed: [],
      unknown: [],
      token: null,
      asked: 0,
      custom: 'none',
      at: '',
      revision: '',
    };
    expectWhole(drawToken(reach as unknown as Reach));
  });
});

it('a text fits its place, whatever its script', () => {
  for (const text of ['short', 'x'.repeat(100), '漢字'.repeat(30), '🙂'.repeat(30)])
    expect(widthOf(fitted(text, 120, 12), 12)).toBeLessThanOrEqual(121);
  expect(xml('<a href="&\'">')).toBe('&lt;a href=&quot;&amp;&#39;&quot;&gt;');
});
