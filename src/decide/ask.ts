/** The question, after the outer JSON was read and found well-formed. What the client wrote in it is still untrusted. */
import type { CallSource, ProofSource } from '../decision/facts.ts';
import type { JsonObject } from '../json/value.ts';
import type { Door } from '../record/entry.ts';
import type { Registry, ServerRecord } from '../registry/registry.ts';

export interface Ask {
  /**
   * The server that the gateway is about to call: its registered resource, byte for byte; or its registry key, where the
   * gateway's own route holds that (adapters). Never from the client.
   */
  readonly server: string | { readonly key: string };
  readonly token?: string | null;
  /** Whom the asker takes the token to speak for (AuthZEN's `subject.id`): another `sub` than this is a deny. */
  readonly subject?: string;
  /** As written; compared without case. Default `Bearer`. */
  readonly scheme?: string;
  /** Why nobody can say which token is meant (`credentials.ts`); completes "The client's request …". */
  readonly ambiguous?: string;
  readonly source?: CallSource;
  /** Method of the client's HTTP request, which a DPoP proof must name (htm); a source of kind `request` holds its own. */
  readonly method?: string;
  /** What the client proved possession with; absent: nothing. */
  readonly proof?: ProofSource;
  /**
   * Where this call is part of a request that was let through with this very proof: when that was, in seconds since the epoch.
   * The proof is held against that time and used no second time. Only for who saw that request itself: no door reads it.
   */
  readonly proved_at?: number;
  /** What of the client's request, its call aside, a door could not take; completes "The client's request …". */
  readonly malformed?: string;
  /** Of the client's request; lower-case names. */
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  /** Target of the client's request as it was sent; looked at only for a token in its query, never for the server. */
  readonly target?: string;
  /** How the question came in, for the record. Default `audgate/decide`. */
  readonly door?: Door;
  /** W3C Trace Context trace-id of the request to audgate, for the record: 32 hexadecimal digits, lower case. */
  readonly trace_id?: string;
  readonly context?: { readonly client_ip?: string; readonly request_id?: string; readonly extra?: JsonObject };
}

/** The gateway or server that asks (the PEP). */
export interface Caller {
  readonly name: string;
  /** Registry keys of the servers that it may ask about. */
  readonly servers: '*' | readonly string[];
  /** It vouches for `context.request_id`: two questions with one id are about one request of its client. */
  readonly request_ids?: boolean;
  /** What it is a replica or a part of: callers of one gateway see the same tokens. Absent: it stands alone. */
  readonly gateway?: string;
}

export function mayAskAbout(caller: Caller, serverKey: string): boolean {
  return caller.servers === '*' || caller.servers.includes(serverKey);
}

export function findServer(named: Ask['server'], registry: Registry): ServerRecord | undefined {
  return typeof named === 'string' ? registry.serverByResource.get(named) : registry.servers.get(named.key);
}
