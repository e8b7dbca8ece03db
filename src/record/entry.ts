/**
 * One masked record a decision, in the shape of an event of OPA's decision log (contract 9). Masking is by type: an entry
 * is built member by member, and no member of it can hold a token, a proof, a key or the claims.
 */
import type { Decision } from '../decision/decision.ts';
import type { PolicyInput } from '../decision/input.ts';
import type { JsonObject } from '../json/value.ts';

/** What was decided, as the decider tells it. Still holds arguments and claims: never written as it is. */
export interface DecisionEvent {
  readonly path: 'audgate/decide' | 'audgate/explain';
  readonly decision: Decision;
  /** What policy judged; null when the decision ended before it. */
  readonly input: PolicyInput | null;
  /** What was asked, as the caller and its client wrote it. */
  readonly asked: { readonly server: string; readonly method?: string; readonly target?: string };
  readonly arguments?: JsonObject;
  /** Name of the caller. */
  readonly caller: string;
  /** `context.request_id` */
  readonly request_id?: string;
  /** W3C Trace Context trace-id, where there is one. */
  readonly trace_id?: string;
  readonly revisions: { readonly registry: string; readonly core: string; readonly custom: string | null };
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly duration_ns: number;
}
