/** Patterns of misuse that several decisions show together, as values (CloudEvents types end in these names). */
import type { ReferenceId } from './frameworks.ts';

export const MISUSE_KINDS = [
  /** A token that was refused at one server, or is for one, shows up at another. */
  'token_elsewhere',
  /** One client is refused at many servers, one after the other. */
  'server_sweep',
  /** A call that was refused at one server comes with the same token at another, shortly after. */
  'fallback_retry',
  /** One token comes through several callers. */
  'several_gateways',
  /** A hub's own token was passed on to a server behind it (confused deputy). */
  'passed_through',
  /** An authorization request or exchange asked for another target than its grant was made for. */
  'target_rewritten',
  /** A token that was revoked is still being tried: it leaked, or its holder was not told. */
  'revoked_in_use',
] as const;

export type MisuseKind = (typeof MISUSE_KINDS)[number];

/** What is told, never with a token, a proof or a key in it. Times are RFC 3339. */
export interface MisuseEvent {
  readonly kind: MisuseKind;
  /** A fresh UUIDv7. */
  readonly id: string;
  readonly time: string;
  /** For people: what was seen, and what to do next. */
  readonly message: string;
  /** Registry keys, the first seen first; cut as evidence is. */
  readonly servers: readonly string[];
  /** Names of callers. */
  readonly callers: readonly string[];
  /** Registry key of the token's issuer; absent where nobody verified it. */
  readonly issuer?: string | undefined;
  readonly client_id?: string | undefined;
  readonly subject?: string | undefined;
  /** `jti`, by which it can be revoked. */
  readonly token_id?: string | undefined;
  /** Reason codes of the decisions that it was recognised from. */
  readonly codes: readonly string[];
  /** Of the decisions, the last at the end; cut as evidence is. */
  readonly decision_ids: readonly string[];
  /** Events of this kind that were recognised since the last one that was told, and not told themselves. */
  readonly untold: number;
  /** What it stands against, as `docs/frameworks.md` says. */
  readonly references: readonly ReferenceId[];
}
