/**
 * One guarded request to an issuer: what is asked, and what came back. Here, because `facts/keys` makes it and `facts/token`
 * asks for it, and neither imports the other.
 */
export interface Asked {
  /** From the registry or an issuer's metadata, never from a token. */
  readonly url: string;
  /** What the answer may be; in lower case, without parameters. */
  readonly media_types: readonly string[];
  /** Absent: a GET. */
  readonly form?: { readonly body: string; readonly headers: Readonly<Record<string, string>> };
}

/** Every failure is a value; its text names the kind and holds no URL, body or key. */
export type Answered =
  | { readonly ok: true; readonly media_type: string; readonly body: Uint8Array }
  /** `status`: the issuer answered, but not with 200. */
  | { readonly ok: false; readonly detail: string; readonly status?: number };
