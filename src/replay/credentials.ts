/** What a record holds of a client's credentials, beside the token's own claims: read back as facts. */
import { z } from 'zod';
import type { ProofFacts } from '../decision/facts.ts';
import { type FixedCode, isFixedCode } from '../decision/reasons.ts';
import { isJsonObject, type JsonObject } from '../json/value.ts';
import { isAltered } from './altered.ts';

const text = z.string();
const refused = z.object({
  refused: z.custom<FixedCode>((value) => typeof value === 'string' && isFixedCode(value), {
    error: 'must be a reason code of this version',
  }),
});

export const proofForm = z.object({
  dpop: z.union([refused, z.object({ jkt: text, algorithm: text, issued_at: z.int() })]).optional(),
  mtls: z.union([refused, z.object({ 'x5t#S256': text })]).optional(),
});

/** Each with its type; the rest is a digest, unless arguments are recorded. */
export const detailsForm = z.array(
  z.custom<JsonObject>((value) => isJsonObject(value) && typeof value.type === 'string', {
    error: 'must be an object with a type',
  }),
);

export function proofOf({ dpop, mtls }: z.output<typeof proofForm>): ProofFacts {
  return {
    ...(dpop && {
      dpop:
        'refused' in dpop
          ? { refused: dpop.refused }
          : { jkt: dpop.jkt, algorithm: dpop.algorithm, issued_at: dpop.issued_at },
    }),
    ...(mtls && { mtls: 'refused' in mtls ? { refused: mtls.refused } : { 'x5t#S256': mtls['x5t#S256'] } }),
  };
}

/** Whether the types of details were cut, which is all that the core rules look at. */
export function lacksTypes(details: readonly JsonObject[] = []): boolean {
  return details.some(({ type }) => isAltered(type));
}
