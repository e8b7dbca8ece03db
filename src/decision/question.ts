/**
 * The questions of `/v1/decide`, `/v1/allowed` and `/v1/explain` as types, for whoever asks. The schemas that validate them
 * are `http/native/schema.ts`; a test holds the two against each other.
 */
import type { Json, JsonObject } from '../json/value.ts';
import type { CallFacts } from './facts.ts';

interface Token {
  /** The registered resource, byte for byte, of the server that is about to be called: from the asker's own route. */
  readonly server: string;
  /** The access token that the client sent. */
  readonly token?: string | null;
  /** Authentication scheme of the token, in any case. Default `Bearer`. */
  readonly scheme?: string;
  /** The client's request. */
  readonly http?: {
    /** Needed with scheme DPoP, whose proof names it. */
    readonly method?: string;
    readonly url?: string;
    /** Lower-case names. */
    readonly headers?: Readonly<Record<string, readonly string[]>>;
  };
  /** What the client proved possession of its token's key with. */
  readonly proof?: {
    /** All values of its DPoP header, each as it was sent. */
    readonly dpop?: readonly string[];
    /** The certificate of its TLS connection in PEM, without its chain; only from callers with `client_certificates`. */
    readonly client_certificate?: string;
  };
  readonly context?: {
    readonly client_ip?: string;
    readonly request_id?: string;
    /** For custom rules. */
    readonly extra?: JsonObject;
  };
}

/** The MCP call in the asker's own words. */
export type QuestionedCall = CallFacts;

/** Exactly one of call, message and body; none is answered with a deny. */
export interface DecideQuestion extends Token {
  readonly call?: QuestionedCall;
  /** The JSON-RPC message, for a gateway that forwards its own serialisation of it. */
  readonly message?: Json;
  /** The message's exact bytes. */
  readonly body?: string | { readonly base64: string };
}

export interface ExplainQuestion extends DecideQuestion {
  /** RFC 3339: the time to decide for. Default now. */
  readonly at?: string;
}

export type AllowedQuestion = Token;
