/** The question, after the outer JSON was read and found well-formed. What the client wrote in it is still untrusted. */
import type { CallSource } from '../decision/facts.ts';
import type { JsonObject } from '../json/value.ts';

export interface Ask {
  /** The registered resource that the gateway is about to call. */
  readonly server: string;
  readonly token?: string | null;
  /** As written; compared without case. Default `Bearer`. */
  readonly scheme?: string;
  readonly source?: CallSource;
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  /** W3C Trace Context trace-id of the request to audgate, for the record: 32 hexadecimal digits, lower case. */
  readonly trace_id?: string;
  readonly context?: { readonly client_ip?: string; readonly request_id?: string; readonly extra?: JsonObject };
}

/** The gateway or server that asks (the PEP). */
export interface Caller {
  readonly name: string;
  /** Registry keys of the servers that it may ask about. */
  readonly servers: '*' | readonly string[];
}

export function mayAskAbout(caller: Caller, serverKey: string): boolean {
  return caller.servers === '*' || caller.servers.includes(serverKey);
}
