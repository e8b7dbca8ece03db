/** Which of many operations core opens to one token: one evaluation, and the floor under each operation that it opens. */
import { setImmediate } from 'node:timers/promises';
import type { WaiverUse } from '../decision/decision.ts';
import type { OperationInput, PolicyInput } from '../decision/input.ts';
import type { CoreVerdict } from '../decision/verdict.ts';
import type { Engine, Evaluation } from './engine.ts';
import { belowFloor } from './floor.ts';
import type { Judgement, Opened, Opening } from './policy.ts';
import { readOpening } from './shape.ts';

export const ALLOWED = 'audgate/decision/allowed';

/**
 * Operations of one evaluation: some 5 ms, in which nothing else is decided (measured), and far below what an engine takes as
 * input. A server that lists more costs one evaluation more for each beginning so many, and other decisions are made between
 * them.
 */
const MAX_OPERATIONS = 500;

/** What core's judge does with an answer; each of them tells the alarm. */
export interface CoreJudge {
  readonly engine: Engine;
  conclude(verdict: CoreVerdict, input: PolicyInput): Judgement;
  odd(kind: 'core' | 'floor', detail: string): Judgement;
  failed(answer: Exclude<Evaluation, { kind: 'value' }>): Judgement;
}

/** @param input its operation is what the token itself is judged by, apart from all of `operations` */
export async function judgeOpening(
  core: CoreJudge,
  input: PolicyInput,
  operations: readonly OperationInput[],
): Promise<Opening> {
  const opened: Opened[] = [];
  let itself: Judgement | undefined;
  for (let from = 0; from === 0 || from < operations.length; from += MAX_OPERATIONS) {
    if (from > 0) await setImmediate();
    const part = judgePart(core, input, operations.slice(from, from + MAX_OPERATIONS));
    if (part.failed !== undefined) return { itself: part.failed, opened: [] };
    itself ??= part.itself;
    opened.push(...part.opened.map((one) => ({ ...one, at: from + one.at })));
  }
  if (itself === undefined) throw new Error('an opening without judgement is a bug');
  return { itself, opened };
}

type Part = Opening & { readonly failed?: Judgement };

function judgePart(core: CoreJudge, input: PolicyInput, operations: readonly OperationInput[]): Part {
  const { registered } = input;
  const failed = (itself: Judgement): Part => ({ itself, opened: [], failed: itself });
  const answer = core.engine.evaluate(ALLOWED, { ...input, registered: { ...registered, operations } });
  if (answer.kind !== 'value') return failed(core.failed(answer));
  const read = readOpening(answer.value, operations.length);
  if (read === null) return failed(core.odd('core', 'its list of what is open has not the agreed form'));
  for (const { at, would_deny } of read.opened) {
    const operation = operations[at];
    const breach =
      operation === undefined ? 'core opened what was not asked' : belowFloor(inputFor(input, operation), would_deny);
    if (breach !== null) return failed(core.odd('floor', breach));
  }
  return { itself: core.conclude(read.itself, input), opened: read.opened };
}

function inputFor(input: PolicyInput, operation: OperationInput): PolicyInput {
  return { ...input, registered: { ...input.registered, operation } };
}

/** Each once: many operations may be open by the same waiver. */
export function distinct(uses: readonly WaiverUse[]): readonly WaiverUse[] {
  return [...new Map(uses.map((use) => [JSON.stringify([use.what, use.owner, use.until]), use])).values()];
}
