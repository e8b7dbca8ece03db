/** What a replay found: coverage first, then what would change. */
import { isJudged, type LoggedEntry } from './entry.ts';
import { type Again, sorted, type WhyNot } from './judge-again.ts';

export type ChangeKind = 'opens' | 'closes' | 'reasons';

/** Records that change alike. */
export interface Change {
  /** `opens`: not allowed then, allowed now. `closes`: the reverse. `reasons`: denied for other reasons. */
  readonly change: ChangeKind;
  /** Of the denial: the one that went, or the one that came; for `reasons`, the first then and the first now. */
  readonly reason: string;
  readonly server: string;
  /** METHOD, or METHOD TARGET. */
  readonly operation: string;
  readonly client: string;
  readonly count: number;
  /** Some `decision_id`s. */
  readonly examples: readonly string[];
}

export interface Report {
  readonly coverage: {
    /** Decisions; explanations and other lines are not among them. */
    readonly records: number;
    readonly replayable: number;
    /** Replayable, and ended before policy, by what no registry or rule changes. */
    readonly facts: number;
    readonly not_replayable: Readonly<Partial<Record<WhyNot, number>>>;
    readonly explanations: number;
    readonly other_lines: number;
  };
  readonly unchanged: number;
  readonly opens: number;
  readonly closes: number;
  readonly reasons: number;
  /** Opening ones first, then by count. */
  readonly changes: readonly Change[];
}

export interface Tally {
  add(entry: LoggedEntry | null, again: Again | null): void;
  report(): Report;
}

const MAX_EXAMPLES = 3;
/** Groups; a log in which every client differs must not fill the memory. */
const MAX_GROUPS = 10_000;
const ORDER: readonly ChangeKind[] = ['opens', 'closes', 'reasons'];

export function createTally(): Tally {
  const groups = new Map<string, Change>();
  const not = new Map<WhyNot, number>();
  const counts = { records: 0, replayable: 0, facts: 0, explanations: 0, other_lines: 0, unchanged: 0 };
  const changed = { opens: 0, closes: 0, reasons: 0 };

  function group(entry: LoggedEntry, change: ChangeKind, reason: string): void {
    changed[change]++;
    const { input, result } = entry;
    const { call } = input;
    const target = isJudged(input)
      ? (input.call.tool ?? input.call.prompt ?? input.call.uri ?? input.call.task)
      : input.call?.target;
    const named = {
      change,
      reason,
      server: result.server ?? '-',
      operation: [call?.method ?? '-', ...(target === undefined ? [] : [target])].join(' '),
      client: (isJudged(input) ? input.token.client_id : undefined) ?? '-',
    };
    const whole = JSON.stringify(named);
    const full = groups.size >= MAX_GROUPS && !groups.has(whole);
    const one = full ? { ...named, operation: '…', client: '…' } : named;
    const id = full ? JSON.stringify(one) : whole;
    const { count, examples } = groups.get(id) ?? { count: 0, examples: [] };
    groups.set(id, {
      ...one,
      count: count + 1,
      examples: examples.length < MAX_EXAMPLES ? [...examples, entry.decision_id] : examples,
    });
  }

  return {
    add(entry, again) {
      if (entry === null || again === null) {
        counts.other_lines++;
        return;
      }
      if (again.kind === 'skipped') {
        counts.explanations++;
        return;
      }
      counts.records++;
      if (again.kind === 'not_replayable') {
        not.set(again.why, (not.get(again.why) ?? 0) + 1);
        return;
      }
      counts.replayable++;
      if (again.kind === 'facts') {
        counts.facts++;
        counts.unchanged++;
        return;
      }
      const before = entry.result.decision;
      const codes = sorted(entry.result.reasons.map(({ code }) => code));
      if (before !== 'allow' && again.outcome === 'allow') group(entry, 'opens', codes[0] ?? '-');
      else if (before === 'allow' && again.outcome !== 'allow') group(entry, 'closes', again.codes[0] ?? '-');
      else if (!again.partial && codes.join() !== again.codes.join())
        group(entry, 'reasons', `${codes[0] ?? '-'} → ${again.codes[0] ?? '-'}`);
      else counts.unchanged++;
    },
    report() {
      const { unchanged, ...coverage } = counts;
      const changes = [...groups.values()].sort(
        (a, b) => ORDER.indexOf(a.change) - ORDER.indexOf(b.change) || b.count - a.count,
      );
      const not_replayable = Object.fromEntries([...not].sort(([a], [b]) => (a < b ? -1 : 1)));
      return { coverage: { ...coverage, not_replayable }, unchanged, ...changed, changes };
    },
  };
}
