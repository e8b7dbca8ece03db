/** decide = evaluate, then record once. */
import type { Caller } from '../decide/ask.ts';
import type { Parts } from '../decide/decide.ts';
import { refusal } from '../decide/refuse.ts';
import type { Snapshot } from '../decide/snapshot.ts';
import type { IssuanceDecision, IssuanceQuestion } from '../decision/issuance.ts';
import { entryOf } from '../decision/reasons.ts';
import type { IssuanceEvent } from '../record/issuance-entry.ts';
import { describe } from './description.ts';
import { evaluateIssuance, type IssuanceEvaluation } from './evaluate.ts';

type DecideParts = Pick<Parts, 'recorder' | 'now' | 'ticks' | 'newId'>;

/** Never throws for anything that a client or an authorization server wrote. */
export async function decideIssuance(
  question: IssuanceQuestion,
  caller: Caller,
  at: Snapshot,
  { recorder, now, ticks, newId }: DecideParts,
  trace_id?: string,
): Promise<IssuanceDecision> {
  const started = now();
  const tick = ticks();
  const evaluation = evaluateIssuance(question, caller, Math.floor(started / 1000), at);
  const id = newId();
  const decision = answer(evaluation, id, at.revision);
  const event: IssuanceEvent = {
    path: 'audgate/issuance',
    decision,
    input: evaluation.input,
    question,
    caller: caller.name,
    ...(trace_id !== undefined && { trace_id }),
    revisions: {
      registry: at.registry.digest,
      core: at.policy.core.digest,
      custom: at.policy.custom?.digest ?? null,
    },
    started,
    duration_ns: Number(ticks() - tick),
  };
  const { accept } = recorder;
  // A denial never waits.
  if (accept === undefined || decision.decision !== 'allow') {
    recorder.record(event);
    return decision;
  }
  if (await accept(event)) return decision;
  const { server, input } = evaluation;
  const reasons = [refusal('log_unavailable')];
  const refused = answer({ outcome: 'indeterminate', server, input, reasons }, id, at.revision);
  recorder.record({ ...event, decision: refused });
  return refused;
}

function answer(evaluation: IssuanceEvaluation, decision_id: string, revision: string): IssuanceDecision {
  const { outcome, server, reasons } = evaluation;
  const all = { decision_id, server, reasons, revision };
  if (outcome === 'allow') return { decision: 'allow', ...all, issue: evaluation.issue };
  if (outcome === 'indeterminate') return { decision: 'indeterminate', ...all };
  const [first] = reasons;
  // RFC 8707 §2 and RFC 6749 §5.2 have no error for the rest; whatever it is, no token is to be had for that target.
  const error =
    first !== undefined && entryOf(first.code).wire === 'invalid_scope' ? 'invalid_scope' : 'invalid_target';
  return { decision: 'deny', ...all, error, error_description: describe(first?.code) };
}
