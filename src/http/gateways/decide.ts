import type { Ask, Caller } from '../../decide/ask.ts';
import type { Decider } from '../../decide/decider.ts';
import type { Metrics } from '../../record/metrics.ts';
import { answerOf, type GatewayAnswer, UNDECIDED } from './answer.ts';

export interface DecidingParts {
  readonly decider: Decider;
  readonly metrics: Metrics;
  readonly log: { error(what: { readonly err: unknown }, message: string): void };
}

/** One decision for a door that is read by its status. Whatever breaks inside is a refusal, an alarm and a log line. */
export async function decideForGateway(parts: DecidingParts, ask: Ask, caller: Caller): Promise<GatewayAnswer> {
  try {
    return answerOf(await parts.decider.decide(ask, caller));
  } catch (err) {
    return undecided(parts, err);
  }
}

export function undecided({ metrics, log }: DecidingParts, err: unknown): GatewayAnswer {
  metrics.alarmed('gateway_undecided');
  log.error({ err }, 'a call could not be decided, and was refused');
  return UNDECIDED;
}
