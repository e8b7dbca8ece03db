/** The matrix of a registry: what right tokens of one server open at another (`audgate reach --matrix`). Empty off its diagonal. */
import type { WaiverUse } from './decision.ts';
import type { Way } from './reach.ts';
import type { ReasonCode } from './reasons.ts';

/** A token that is right for one server, as far as it matters which it is. */
export interface TokenShape {
  /** Registry key. */
  readonly issuer: string;
  /** Null: of any client that no waiver of the other server names. */
  readonly client_id: string | null;
  /** `aud` */
  readonly audiences: readonly string[];
}

/** One token shape of a server that opens something at another. */
export interface Cell {
  readonly from: string;
  readonly to: string;
  /**
   * `open`: by nothing that anyone listed. `held`: the core opened it, and only the host's own comparison kept it shut.
   * `waived`: by waivers, each with owner and end.
   */
  readonly kind: 'open' | 'held' | 'waived';
  readonly token: TokenShape;
  /** As waivers name them; `*`: every one whose scopes the token holds. */
  readonly operations: readonly string[];
  readonly waivers: readonly WaiverUse[];
  /** What to change. */
  readonly remedy: string;
}

/** A server whose own right token does not open it: then an empty row says nothing. */
export interface Blind {
  readonly server: string;
  readonly token: TokenShape;
  readonly codes: readonly ReasonCode[];
}

export interface Matrix {
  /** RFC 3339 */
  readonly at: string;
  /** Keys, sorted. */
  readonly servers: readonly string[];
  /** Off the diagonal and not by waiver: none may be. */
  readonly open: readonly Cell[];
  readonly waived: readonly Cell[];
  /** Exchanges and hubs: no open cells, but how a token of one server leads to one of another. */
  readonly ways: readonly Way[];
  readonly blind: readonly Blind[];
  /** Servers that no enabled issuer serves: no token of theirs can be made. */
  readonly unserved: readonly string[];
  /** Judgements that nobody could make, because no instance of the core was to be had. Anything but 0: the matrix is not whole. */
  readonly unknown: number;
  /** Tokens that were judged. */
  readonly judged: number;
  /** Those that were not, because the other server accepts none of their audiences and no waiver of it is for their issuer. */
  readonly left_out: number;
  readonly core: { readonly digest: string; readonly modified: boolean };
  readonly custom: 'none' | 'not_judged';
  readonly revision: string;
}
