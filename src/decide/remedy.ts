/**
 * The smallest changes that would allow a call, from each side that can make one. Each is tried before it is told: the facts
 * are changed, the rules asked again, and what turns out to be needless is left out.
 */
import type { Change, NoSafeChange, Side } from '../decision/explanation.ts';
import type { ReasonCode } from '../decision/reasons.ts';
import type { Evaluation } from './evaluate.ts';
import { proposeToClient } from './remedy-client.ts';
import { firstSteps } from './remedy-first.ts';
import { proposeToIssuer } from './remedy-issuer.ts';
import { proposeToOperator } from './remedy-operator.ts';
import { type Denial, type Proposal, type Propose, type Setting, type Trial, tryOut } from './remedy-trial.ts';

export interface Remedies {
  readonly changes: readonly Change[];
  readonly no_safe_change: readonly NoSafeChange[];
}

const PROPOSE: Readonly<Record<Side, Propose>> = {
  client: proposeToClient,
  authorization_server: proposeToIssuer,
  operator: proposeToOperator,
};
const SIDES: readonly Side[] = ['client', 'authorization_server', 'operator'];
/** Whom another side needs most likely: the client can act at once. */
const HELP: Readonly<Record<Side, readonly Side[]>> = {
  client: ['client', 'operator', 'authorization_server'],
  authorization_server: ['authorization_server', 'client', 'operator'],
  operator: ['operator', 'client', 'authorization_server'],
};
/** One denial may uncover the next: what an unknown tool needs is told only once it is listed. */
const MAX_ROUNDS = 6;

/** @param now seconds since the epoch, of the decision */
export function remediesOf(evaluation: Evaluation, setting: Setting, now: number): Remedies {
  if (evaluation.outcome === 'allow') return { changes: [], no_safe_change: [] };
  const first = firstSteps(evaluation, setting, now);
  if (first.start === null) return { changes: first.changes, no_safe_change: first.no_safe_change };
  // The token that would have to be had first is part of every way.
  const begun: Way = { proposals: [], trial: first.start };
  const denials = tryOut(first.start, setting) ?? [];
  const ways = SIDES.map((side) => ({ side, way: climb(begun, side, setting) }));
  // What nobody verified is no ground to change a registry.
  const told = first.trusted ? ways : ways.filter(({ side }) => side !== 'operator');
  const own = listed(told, setting, first.start, first.certain);
  const offset = first.changes.length;
  const beside = own.map((change) => ({
    ...change,
    with: [...first.changes.keys(), ...(change.with ?? []).map((at) => at + offset)],
  }));
  // Where the rules would deny the right token too, the first way that leads on is told with it.
  const [next] = beside;
  const rest = next === undefined ? [] : [offset, ...next.with.filter((at) => at > offset)];
  const others = (at: number) => [...first.changes.keys(), ...rest].filter((other) => other !== at);
  const verified = first.certain && (denials.length === 0 || next?.verified === true);
  const tried = [...first.changes.map((change, at) => ({ ...change, verified, with: others(at) })), ...beside].map(
    ({ with: needed, ...change }) => (needed.length === 0 ? change : { ...change, with: needed }),
  );
  const changes = [...tried, ...first.also];
  return { changes, no_safe_change: [...first.no_safe_change, ...unsafeOf(denials, changes, first.start, setting)] };
}

interface Way {
  readonly proposals: readonly Proposal[];
  readonly trial: Trial;
}
type Climbed = Way & { readonly allowed: boolean };

/** Takes one proposal after the other, this side's where it has one, until the call is allowed or nobody has another. */
function climb(from: Way, side: Side, setting: Setting): Climbed {
  let way = from;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const denials = tryOut(way.trial, setting);
    if (denials === null) return { ...way, allowed: false };
    if (denials.length === 0) return { ...least(way, from.trial, side, setting), allowed: true };
    const next = denials.reduce((at, denial) => step(at, denial, side, setting), way);
    if (next === way) return { ...way, allowed: false };
    way = next;
  }
  return { ...way, allowed: false };
}

function step(way: Way, denial: Denial, side: Side, setting: Setting): Way {
  for (const helper of HELP[side]) {
    const proposed = PROPOSE[helper](denial, way.trial, setting);
    if (proposed === null || 'unsafe' in proposed) continue;
    // One proposal may answer two denials; one that did not help the first time will not help now.
    if (way.proposals.some(({ change }) => change === proposed.change)) continue;
    const trial = proposed.apply(way.trial);
    if (trial !== null) return { proposals: [...way.proposals, proposed], trial };
  }
  return way;
}

/** Without what it does not need: others' changes are tried first, so that a side does alone what it can. */
function least({ proposals }: Way, start: Trial, side: Side, setting: Setting): Way {
  const order = [...proposals.filter((one) => one.side !== side), ...proposals.filter((one) => one.side === side)];
  let kept = proposals;
  for (const one of order) {
    const without = kept.filter((other) => other !== one);
    const trial = without.length === 0 ? null : together(without, start);
    if (trial !== null && tryOut(trial, setting)?.length === 0) kept = without;
  }
  return { proposals: kept, trial: together(kept, start) ?? start };
}

function together(proposals: readonly Proposal[], start: Trial): Trial | null {
  return proposals.reduce<Trial | null>((trial, { apply }) => (trial === null ? null : apply(trial)), start);
}

/** The ways that lead to an allow as one list, each change once; else what was found of the first way, unverified. */
function listed(
  ways: readonly { readonly side: Side; readonly way: Climbed }[],
  setting: Setting,
  start: Trial,
  certain: boolean,
): readonly Change[] {
  const found: { proposal: Proposal; verified: boolean; beside: readonly Proposal[] }[] = [];
  // Where no way leads to an allow, a custom rule stands in it: the changes are still needed, and not enough.
  const open = ways.some(({ way }) => way.allowed);
  for (const { side, way } of ways) {
    if (open && !way.allowed) continue;
    const mine = way.proposals.filter((one) => one.side === side);
    if (mine.length === 0) continue;
    // Its own first; whom it needs are told of after it, and by their own way before where they have one.
    for (const proposal of [...mine, ...way.proposals.filter((one) => one.side !== side)]) {
      if (found.some((one) => isSame(one.proposal, proposal))) continue;
      const beside = way.proposals.filter((one) => one !== proposal);
      found.push({ proposal, verified: certain && way.allowed, beside });
    }
  }
  return found.map(({ proposal, verified, beside }) => {
    const needed = beside.map((one) => found.findIndex((other) => isSame(other.proposal, one))).sort((a, b) => a - b);
    const { side, change, why, where } = proposal;
    return {
      side,
      change,
      why,
      ...(where !== undefined && { where }),
      cures: curedBy(proposal, start, setting),
      verified,
      ...(needed.length > 0 && { with: needed }),
    };
  });
}

const isSame = (a: Proposal, b: Proposal) => a.side === b.side && a.change === b.change;

/** Codes of the denials that are gone once this alone is changed. */
function curedBy(proposal: Proposal, start: Trial, setting: Setting): readonly ReasonCode[] {
  const changed = proposal.apply(start);
  const after = changed === null ? null : tryOut(changed, setting);
  if (after === null) return [];
  const left = new Set(after.map(({ code }) => code));
  const before = (tryOut(start, setting) ?? []).map(({ code }) => code);
  return [...new Set(before)].filter((code) => !left.has(code)).sort();
}

/** A side with no change of its own says why, if a rule of safety keeps it from having one. */
function unsafeOf(
  denials: readonly Denial[],
  changes: readonly Change[],
  start: Trial,
  setting: Setting,
): readonly NoSafeChange[] {
  const found = denials.flatMap((denial) =>
    SIDES.flatMap((side): NoSafeChange[] => {
      if (changes.some((change) => change.side === side && change.cures.includes(denial.code))) return [];
      const proposed = PROPOSE[side](denial, start, setting);
      if (proposed !== null) return 'unsafe' in proposed ? [{ side, why: proposed.unsafe }] : [];
      const { rule } = denial;
      if (side !== 'operator' || rule === undefined) return [];
      const file = setting.policy.rules.find(({ name }) => name === rule || name === `custom.${rule}`)?.file;
      return [
        {
          side,
          why: `The rule ${rule} denies by itself: whether it should, its author decides${file === undefined ? '' : `, in ${file}`}.`,
        },
      ];
    }),
  );
  return found.filter((one, at) => at === found.findIndex(({ side, why }) => side === one.side && why === one.why));
}
