/** decide = evaluate, then record once. */
import type { Decision } from '../decision/decision.ts';
import type { DecisionEvent } from '../record/entry.ts';
import type { Recorder } from '../record/write.ts';
import { answer } from './answer.ts';
import type { Ask, Caller } from './ask.ts';
import { type Evaluation, evaluate, type Judges } from './evaluate.ts';
import type { Readers } from './readers.ts';
import { refusal } from './refuse.ts';
import type { Snapshot } from './snapshot.ts';

export interface Parts extends Readers {
  readonly recorder: Recorder;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Nanoseconds of a clock that never jumps, for durations only. */
  readonly ticks: () => bigint;
  /** A fresh UUIDv7. */
  readonly newId: () => string;
}

/**
 * @param path what asked, as records name it
 * @param seconds the time to decide for, seconds since the epoch
 * @throws only for bugs and a recorder that is broken; the caller answers that with a refusal
 */
export async function decide(
  ask: Ask,
  caller: Caller,
  at: Snapshot,
  parts: Parts,
  path: DecisionEvent['path'],
  seconds: number,
  judges: Judges = at.policy,
): Promise<{ decision: Decision; evaluation: Evaluation }> {
  const started = parts.now();
  const tick = parts.ticks();
  const evaluation = await evaluate(ask, caller, seconds, at, parts, judges);
  const id = parts.newId();
  const decision = answer(evaluation, id, at.revision, caller);
  const { call } = evaluation;
  const target = call?.tool ?? call?.prompt ?? call?.uri ?? call?.task;
  const event: DecisionEvent = {
    path,
    decision,
    input: evaluation.input,
    asked: {
      server: typeof ask.server === 'string' ? ask.server : ask.server.key,
      ...(call && { method: call.method }),
      ...(target !== undefined && { target }),
    },
    ...(call?.arguments && { arguments: call.arguments }),
    caller: caller.name,
    ...(ask.context?.client_ip !== undefined && { client_ip: ask.context.client_ip }),
    ...(ask.context?.request_id !== undefined && { request_id: ask.context.request_id }),
    ...(ask.trace_id !== undefined && { trace_id: ask.trace_id }),
    revisions: {
      registry: at.registry.digest,
      core: at.policy.core.digest,
      custom: at.policy.custom?.digest ?? null,
    },
    started,
    duration_ns: Number(parts.ticks() - tick),
  };
  const { accept } = parts.recorder;
  // An explanation opens nothing, and a denial never waits.
  if (accept === undefined || decision.decision !== 'allow' || path === 'audgate/explain') {
    parts.recorder.record(event);
    return { decision, evaluation };
  }
  if (await accept(event)) return { decision, evaluation };
  const unlogged: Evaluation = { ...evaluation, outcome: 'indeterminate', reasons: [refusal('log_unavailable')] };
  const refused = answer(unlogged, id, at.revision, caller);
  parts.recorder.record({ ...event, decision: refused });
  return { decision: refused, evaluation: unlogged };
}
