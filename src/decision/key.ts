/** What a key lookup answers. Here, because `facts/token` asks it and `facts/keys` gives it, and neither imports the other. */
export type KeyAnswer =
  /** `generation` is compared by identity: another one means that the key may no longer be what was handed out. */
  | {
      readonly kind: 'key';
      readonly key: CryptoKey;
      readonly generation: object;
      /** Registry keys of the other issuers in whose sets the same key stands: each of them can sign as this one. */
      readonly shared?: readonly string[];
    }
  /** A good set of the issuer is held, and has no such kid. */
  | { readonly kind: 'unknown' }
  /** The key is there, but not for this algorithm (RFC 7517 §4.4, or no alg where the issuer pins several). */
  | { readonly kind: 'not_allowed'; readonly expected: readonly string[] }
  /** No good set is held: nobody knows. `detail` is for logs and messages and holds nothing secret. */
  | { readonly kind: 'unavailable'; readonly detail: string };
