/**
 * Findings → events: each kind once a token or client and window, and no more than a reader reads. Made-up tokens have a
 * budget of their own, so that nobody silences what is told of real ones.
 */
import { evidence, legible } from '../decision/evidence.ts';
import { referencesOfMisuse } from '../decision/frameworks.ts';
import type { MisuseEvent, MisuseKind } from '../decision/misuse.ts';
import { describe } from './describe.ts';
import type { Evidence, Finding } from './recognise.ts';

/** Whom it is about, as an issuer that is registered says; cut when told. */
export interface About {
  readonly issuer?: string | undefined;
  readonly client_id?: string | undefined;
  readonly subject?: string | undefined;
  readonly token_id?: string | undefined;
}

export interface RaiseParts {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly window_ms: number;
  /** Runs something later; returns what prevents it. Must not keep the process alive. */
  readonly later: (act: () => void, ms: number) => () => void;
  /** Each event that is told. */
  readonly onEvent: (event: MisuseEvent) => void;
  /** Each that was recognised; `repeated`: the same of the same token or client in one window, which is no event. */
  readonly onRecognised: (kind: MisuseKind, repeated: boolean) => void;
}

export interface Raise {
  /** @param at milliseconds of a clock that never jumps */
  (found: Finding, about: About, at: number): void;
  /** Tells now of what was only counted. */
  readonly flush: () => void;
}

/** Events of one kind that are told in `BUDGET_MS`; more are counted, and told together. */
const BUDGET = { verified: 60, unverified: 10 };
const BUDGET_MS = 60_000;

interface Period {
  since: number;
  told: number;
  /** The last that was not told, and how many there are. */
  held: { readonly from: readonly Evidence[]; readonly untold: number } | null;
  stop: () => void;
}

export function createRaise({ now, newId, window_ms, later, onEvent, onRecognised }: RaiseParts): Raise {
  // At most two for each kind.
  const periods = new Map<string, Period>();

  function tell(kind: MisuseKind, from: readonly Evidence[], about: About, message: string, untold: number): void {
    const texts = (values: readonly string[]) => evidence([...new Set(values.filter((one) => one !== ''))]).map(String);
    const codes = from.flatMap(({ code }) => (code === null ? [] : [code]));
    onEvent({
      kind,
      id: newId(),
      time: new Date(now()).toISOString(),
      message,
      servers: texts(from.map(({ server }) => server)),
      callers: texts(from.map(({ caller }) => caller)),
      ...shown(about),
      codes: texts(codes),
      decision_ids: lastOf(from.map(({ decision_id }) => decision_id)),
      untold,
      references: referencesOfMisuse(kind),
    });
  }

  function summarise(kind: MisuseKind, period: Period): void {
    const { held } = period;
    if (held === null) return;
    period.held = null;
    const message = `${held.untold} more of ${kind} were recognised than are told one by one; servers, callers and codes are those of the last. Look for its cause in the decision records.`;
    tell(kind, held.from, {}, message, held.untold);
  }

  function raise({ kind, from, entry, verified }: Finding, about: About, at: number): void {
    const last = entry.told[kind];
    const repeated = last !== undefined && at - last < window_ms;
    onRecognised(kind, repeated);
    if (repeated) return;
    entry.told[kind] = at;
    const name = `${kind} ${verified}`;
    let period = periods.get(name);
    if (period === undefined) {
      period = { since: at, told: 0, held: null, stop: () => {} };
      periods.set(name, period);
    }
    if (at - period.since >= BUDGET_MS) {
      period.stop();
      summarise(kind, period);
      Object.assign(period, { since: at, told: 0 });
    }
    if (period.told < BUDGET[verified ? 'verified' : 'unverified']) {
      period.told++;
      tell(kind, from, verified ? about : {}, describe(kind, from, verified), 0);
      return;
    }
    if (period.held === null) {
      const current = period;
      period.stop = later(() => summarise(kind, current), Math.max(BUDGET_MS - (at - period.since), 0));
    }
    period.held = { from, untold: (period.held?.untold ?? 0) + 1 };
  }

  return Object.assign(raise, {
    flush() {
      for (const [name, period] of periods) {
        period.stop();
        summarise(name.split(' ')[0] as MisuseKind, period);
      }
    },
  });
}

/** Decisions of one event; the last of them matter most. */
const MAX_DECISIONS = 16;
const lastOf = (ids: readonly string[]) => ids.slice(-MAX_DECISIONS);

function shown(about: About): About {
  const told = Object.entries(about).filter(([, value]) => value !== undefined);
  return Object.fromEntries(told.map(([name, value]) => [name, legible(String(value))]));
}
