import type { CallFacts } from '../../decision/facts.ts';
import type { Reason } from '../../decision/reason.ts';
import type { Json, JsonObject } from '../../json/value.ts';
import { type Defect, malformed } from './malformed.ts';

/** What of a call its headers must repeat (MCP 2026-07-28, streamable HTTP, "Request Metadata"). */
export interface Mirror {
  /** Undefined: there is none that a header could repeat. */
  readonly method: string | undefined;
  readonly name: string | undefined;
  /** `_meta["io.modelcontextprotocol/protocolVersion"]`; null: nobody said what the message holds there. */
  readonly version: { readonly sent: Json | undefined; readonly required: boolean } | null;
  /** Of `tools/call`; null: not known. */
  readonly arguments: JsonObject | null;
}

export type CallRead =
  /** `mirror` null: headers are not compared. */
  | { readonly ok: true; readonly call: CallFacts; readonly mirror: Mirror | null }
  | { readonly ok: false; readonly reason: Reason };

/** Of a call as it was read, with the JSON-RPC id of its message where that could be read. */
export interface SourceRead {
  readonly read: CallRead;
  readonly id?: string | number | undefined;
}

export function refused(defect: Defect): Extract<CallRead, { ok: false }> {
  return { ok: false, reason: malformed(defect) };
}
