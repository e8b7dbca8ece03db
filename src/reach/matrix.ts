/**
 * Right tokens of each server, judged at each other one: that none of them opens anything there, but for what somebody listed,
 * with an owner and an end.
 */
import { setImmediate } from 'node:timers/promises';
import type { Snapshot } from '../decide/snapshot.ts';
import type { Blind, Cell, Matrix } from '../decision/matrix.ts';
import type { ServerRecord } from '../registry/registry.ts';
import { acceptorsOf } from './acceptors.ts';
import { instant } from './instant.ts';
import { judgeAt, type Verdict } from './judge-at.ts';
import { remedyOf } from './remedy.ts';
import { clientsAt, type RightToken, rightTokensOf } from './shapes.ts';
import { waysOf } from './ways.ts';

export interface MatrixOptions {
  /** Seconds since the epoch. */
  readonly now: number;
  /**
   * `every`: each token at each server. `possible`: only where an audience or a waiver could open. Default: every, up to
   * so many judgements that it takes well under a minute; a modified core is always asked about every one.
   */
  readonly cells?: 'every' | 'possible';
  /** Told of each row that is done. */
  readonly onRow?: (done: number, of: number) => void;
}

/** Some 15 to 20 s of one core (measured, 1,000 servers). */
const MAX_JUDGEMENTS = 1_100_000;
/** Milliseconds of work before others get their turn. */
const SLICE_MS = 5;

export async function matrixOf(at: Snapshot, { now, cells, onRow }: MatrixOptions): Promise<Matrix> {
  const { registry, policy } = at;
  const servers = [...registry.servers.values()];
  const rows = servers.map((from) => ({ from, tokens: rightTokensOf(from, registry, now) }));
  const all = rows.reduce((sum, { tokens }) => sum + tokens.length, 0) * Math.max(servers.length - 1, 0);
  const every = policy.core.modified || (cells === undefined ? all <= MAX_JUDGEMENTS : cells === 'every');
  const accepting = every ? null : acceptorsOf(registry);

  const found: Cell[] = [];
  const blind: Blind[] = [];
  let [judged, left_out, unknown] = [0, 0, 0];
  let since = performance.now();
  for (const [row, { from, tokens }] of rows.entries()) {
    for (const right of tokens) {
      if (!right.waived) {
        const own = judgeAt(right, null, { from, to: from }, registry, policy, now);
        judged++;
        if (own.itself.kind !== 'allow') blind.push(blindAt(from, right, own));
      }
      const others =
        accepting === null ? servers : [...accepting(right)].flatMap((key) => registry.servers.get(key) ?? []);
      const here = others.filter(({ key }) => key !== from.key);
      left_out += servers.length - 1 - here.length;
      for (const to of here) {
        for (const client of right.waived ? [right.client_id] : clientsAt(to, right.issuer)) {
          const verdict = judgeAt(right, client, { from, to }, registry, policy, now);
          judged++;
          if (verdict.kind === 'unknown') unknown++;
          else if (verdict.kind !== 'shut') found.push(cellOf(from, to, right, client, verdict, at));
        }
        if (performance.now() - since < SLICE_MS) continue;
        await setImmediate();
        since = performance.now();
      }
    }
    onRow?.(row + 1, rows.length);
  }
  return {
    at: instant(now),
    servers: servers.map(({ key }) => key),
    open: found.filter(({ kind }) => kind !== 'waived'),
    waived: found.filter(({ kind }) => kind === 'waived'),
    ways: waysOf(registry),
    blind,
    unserved: rows.filter(({ tokens }) => tokens.length === 0).map(({ from }) => from.key),
    unknown,
    judged,
    left_out,
    core: { ...policy.core },
    custom: policy.custom === null ? 'none' : 'not_judged',
    revision: at.revision,
  };
}

function blindAt({ key }: ServerRecord, { issuer, client_id, audiences }: RightToken, { itself }: Verdict): Blind {
  const codes = itself.kind === 'deny' ? itself.denials.map(({ code }) => code) : ['policy_unavailable' as const];
  return { server: key, token: { issuer, client_id, audiences }, codes };
}

function cellOf(
  from: ServerRecord,
  to: ServerRecord,
  { issuer, audiences }: RightToken,
  client_id: string | null,
  { kind, operations, waivers }: Verdict,
  at: Snapshot,
): Cell {
  if (kind === 'shut' || kind === 'unknown') throw new Error('a cell that is shut is no finding');
  const cell = { from: from.key, to: to.key, kind, token: { issuer, client_id, audiences }, operations, waivers };
  return { ...cell, remedy: remedyOf(cell, from, to, at) };
}
