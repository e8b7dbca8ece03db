/** What a record holds of a client's credentials: enough to decide again, and nothing that anybody could use. */
import { legible, MAX_VALUES } from '../decision/evidence.ts';
import type { PolicyInput } from '../decision/input.ts';
import type { JsonObject } from '../json/value.ts';
import { digestOf, maskJson } from './mask.ts';

type Proof = NonNullable<PolicyInput['proof']>;

/** Thumbprints and codes of proofs, which are public; a proof itself never comes here. Built member by member, as all of a record. */
export function maskProof({ dpop, mtls }: Proof): Proof {
  const masked: Proof = {};
  if (dpop !== undefined)
    masked.dpop =
      'refused' in dpop
        ? { refused: legible(dpop.refused) }
        : { jkt: legible(dpop.jkt), algorithm: legible(dpop.algorithm), issued_at: dpop.issued_at };
  if (mtls !== undefined)
    masked.mtls = 'refused' in mtls ? { refused: legible(mtls.refused) } : { 'x5t#S256': legible(mtls['x5t#S256']) };
  return masked;
}

/**
 * Authorization details (RFC 9396): of each its type, which the rules judge, and a digest of it all.
 * @param whole write them cut and escaped in place of their digests
 */
export function maskDetails(details: readonly JsonObject[], whole: boolean): readonly JsonObject[] {
  const shown = details
    .slice(0, MAX_VALUES)
    .map((one): JsonObject => (whole ? maskJson(one) : { type: legible(String(one.type)), ...digestOf(one) }));
  if (details.length > MAX_VALUES) shown[MAX_VALUES - 1] = { type: '…' };
  return shown;
}
