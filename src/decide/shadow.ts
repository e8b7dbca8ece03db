/**
 * Another bundle beside the live one: each decision is made again with its rules, and its registry where it holds one, once
 * the answer is out, and only what differs is told. The answer never waits for it, and nothing of it reaches the answer. Its rules run on a thread of their
 * own, so that one which takes long holds up no decision. Whatever comes faster than it can be judged is dropped and counted.
 *
 * NOT guaranteed: that each decision is judged again, or that the end of the process waits for those that are not yet.
 */
import type { Decision } from '../decision/decision.ts';
import { legible } from '../decision/evidence.ts';
import type { TokenReader } from '../facts/token/read.ts';
import type { Policy } from '../policy/policy.ts';
import type { Registry } from '../registry/registry.ts';
import type { Ask, Caller } from './ask.ts';
import { type Evaluation, evaluate, type Judges } from './evaluate.ts';
import { type Readers, repeating } from './readers.ts';
import type { Snapshot } from './snapshot.ts';

/** Decisions that wait at most. Each may hold a body of 256 KiB, so these are some 64 MiB in the worst case. */
const MAX_WAITING = 256;
/** Lines of the log a second; differences beyond are counted alone. */
const MAX_LINES = 20;

export type ShadowOutcome = 'same' | 'would_deny' | 'would_allow' | 'unavailable' | 'dropped';

export interface Difference {
  readonly decision_id: string;
  readonly server: string | null;
  readonly kind: 'would_deny' | 'would_allow';
  /** Codes of the live answer; empty for an allow. */
  readonly live: readonly string[];
  readonly shadow: readonly string[];
  /** Digest of the shadow's module, or of its registry where it holds no rules. */
  readonly revision: string;
  /** Differences since the last line that were not told. */
  readonly untold: number;
}

export interface Decided {
  readonly ask: Ask;
  readonly caller: Caller;
  /** What the answer was made with. */
  readonly at: Snapshot;
  /** Seconds since the epoch, by which the answer was made. */
  readonly seconds: number;
  readonly decision: Decision;
  readonly evaluation: Evaluation;
}

/** A policy that decides nothing. */
export interface ShadowRules {
  /** What it is. It is never asked. */
  readonly policy: Pick<Policy, 'core' | 'custom'>;
  /** Who is asked, elsewhere. */
  readonly judges: Judges;
  /** The bundle's own registry, with a reader whose keys and cache are not those that decide; absent: the registry in force. */
  readonly own?: { readonly registry: Registry; readonly tokens: TokenReader } | undefined;
  /** Ends what was started to judge. */
  close(): void;
}

export interface Shadow {
  /** Takes one decision that was made. Never throws and never waits. */
  offer(decided: Decided): void;
  /** From now on; null: none. What waits is judged with it. What was there before is closed. */
  replace(rules: ShadowRules | null): void;
  /** What is in force; null: none. */
  current(): { readonly digest: string; readonly rules: readonly string[] } | null;
  /** Forgets what waits. */
  close(): void;
}

export interface ShadowParts {
  readonly readers: Readers;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly onOutcome: (outcome: ShadowOutcome) => void;
  readonly onDifference: (difference: Difference) => void;
  /** Decisions that wait at most. */
  readonly max_waiting?: number;
}

export function createShadow({
  readers,
  now,
  onOutcome,
  onDifference,
  max_waiting = MAX_WAITING,
}: ShadowParts): Shadow {
  let rules: ShadowRules | null = null;
  let waiting: Decided[] = [];
  let working = false;
  const mayTell = limiter(now);

  /** One a turn of the event loop, so that requests that came meanwhile go first. */
  function work(): void {
    working = true;
    setImmediate(async () => {
      const next = waiting.shift();
      if (next !== undefined && rules !== null) await judge(next, rules);
      if (waiting.length > 0) work();
      else working = false;
    });
  }

  async function judge({ ask, caller, at, seconds, decision }: Decided, by: ShadowRules): Promise<void> {
    const { core, custom } = by.policy;
    let evaluation: Evaluation;
    try {
      const { registry, tokens } = by.own ?? { registry: at.registry, tokens: readers.tokens };
      const snapshot = { ...at, registry, policy: { ...at.policy, core, custom } };
      const again = repeating({ ...readers, tokens }, codesOf(decision.reasons));
      evaluation = await evaluate(ask, caller, seconds, snapshot, again, by.judges);
    } catch {
      return onOutcome('unavailable');
    }
    const outcome = compare(decision.decision, evaluation.outcome);
    onOutcome(outcome);
    if (outcome !== 'would_deny' && outcome !== 'would_allow') return;
    const untold = mayTell();
    if (untold === null) return;
    const { decision_id, server, reasons } = decision;
    onDifference({
      decision_id,
      server,
      kind: outcome,
      live: codesOf(reasons),
      shadow: codesOf(evaluation.reasons),
      revision: shown(by).digest,
      untold,
    });
  }

  return {
    offer(decided) {
      // What never came to the rules ended before them in the shadow too, if the registry is the same. `indeterminate`
      // says nothing of either.
      if (rules === null || decided.decision.decision === 'indeterminate') return;
      if (rules.own === undefined && decided.evaluation.custom === null) return;
      if (waiting.length >= max_waiting) return onOutcome('dropped');
      waiting.push(decided);
      if (!working) work();
    },
    replace(next) {
      rules?.close();
      rules = next;
    },
    current: () => rules && shown(rules),
    close() {
      waiting = [];
      rules?.close();
      rules = null;
    },
  };
}

function shown({ policy: { core, custom }, own }: ShadowRules) {
  return { digest: custom?.digest ?? own?.registry.digest ?? core.digest, rules: custom?.rules ?? [] };
}

function compare(live: Decision['decision'], shadow: Evaluation['outcome']): ShadowOutcome {
  if (shadow === 'indeterminate') return 'unavailable';
  if (live === shadow) return 'same';
  return shadow === 'deny' ? 'would_deny' : 'would_allow';
}

/** A custom rule may have made its code of what a client wrote. */
const codesOf = (reasons: readonly { readonly code: string }[]) => reasons.map(({ code }) => legible(code));

/** @returns how many were not told since the last that was; null: this one is not told either */
function limiter(now: () => number): () => number | null {
  let since = Number.NEGATIVE_INFINITY;
  let told = 0;
  let untold = 0;
  return () => {
    // A clock that went back must not silence the log.
    if (now() - since >= 1000 || now() < since) {
      since = now();
      told = 0;
    }
    if (told >= MAX_LINES) {
      untold++;
      return null;
    }
    told++;
    const missed = untold;
    untold = 0;
    return missed;
  };
}
