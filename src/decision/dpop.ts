/** What proofs may be signed with (RFC 9449 §4.2: asymmetric only), for checks, challenges and metadata alike. */
export const DPOP_ALGORITHMS = [
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
] as const satisfies readonly string[];
