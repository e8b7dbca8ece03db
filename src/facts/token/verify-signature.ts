/** Steps 6 and 7: the key, from the registry's source, and the signature. */
import { compactVerify, errors } from 'jose';
import type { KeyAnswer } from '../../decision/key.ts';
import { isWholeSignature } from '../../decision/signature.ts';
import type { Algorithm, IssuerRecord } from '../../registry/registry.ts';
import { quote, type Refused, refuse } from './refuse.ts';

export interface Wanted {
  readonly kid: string;
  readonly alg: Algorithm;
}

export type Key = Extract<KeyAnswer, { kind: 'key' }>;
export type NoKey = Extract<KeyAnswer, { kind: 'unavailable' }>;

/**
 * What follows from the lookup's answer, when that is not yet a refusal.
 * @param trusted registry keys of the issuers that are trusted where the token came to
 */
export function judgeAnswer(
  answer: KeyAnswer,
  { kid, alg }: Wanted,
  issuer: IssuerRecord,
  trusted: readonly string[],
): Key | NoKey | Refused {
  if (answer.kind === 'unknown')
    return refuse(
      'key_unknown',
      `The key set of issuer "${issuer.key}" holds no usable key with the token's kid ${quote(kid)}. Get a new token; if it persists, compare the issuer's key source with the registry.`,
      { actual: [kid] },
    );
  if (answer.kind === 'not_allowed') {
    const why =
      answer.expected.length > 0
        ? `is for ${answer.expected.map(quote).join(', ')}, and the token's alg is ${alg}. Have the issuer sign with the key's own algorithm.`
        : `names no algorithm, and the registry pins none or several for its type. Have the issuer publish the key's alg, or pin one algorithm.`;
    return refuse('algorithm_not_allowed', `Key ${quote(kid)} of issuer "${issuer.key}" ${why}`, {
      expected: answer.expected,
      actual: [alg],
    });
  }
  return (answer.kind === 'key' ? refuseShared(answer, kid, issuer, trusted) : undefined) ?? answer;
}

/**
 * A key that several issuers have signs for each of them, so a token of one may be the other's: where that one is not
 * trusted, neither is the key.
 */
export function refuseShared(
  { shared = [] }: Key,
  kid: string,
  issuer: IssuerRecord,
  trusted: readonly string[],
): Refused | undefined {
  const strange = shared.filter((other) => !trusted.includes(other));
  if (strange.length === 0) return undefined;
  const others = strange.map((other) => `"${other}"`).join(', ');
  return refuse(
    'issuer_not_trusted',
    `Key ${quote(kid)} of issuer "${issuer.key}" stands in the key set of ${others} too, which could sign as "${issuer.key}" and is not trusted here. Have each issuer sign with keys of its own, or list all of them at the server.`,
    { expected: [issuer.key], actual: [issuer.key, ...strange] },
  );
}

/** @returns undefined when the signature verifies */
export async function verifySignature(
  text: string,
  { key }: Key,
  { kid, alg }: Wanted,
  issuer: IssuerRecord,
): Promise<Refused | undefined> {
  if (isWholeSignature(text, key) && (await verifies(text, key, alg))) return undefined;
  return refuse(
    'signature_invalid',
    `The signature does not verify with key ${quote(kid)} of issuer "${issuer.key}". Get a new token from the issuer.`,
    { actual: [kid] },
  );
}

async function verifies(text: string, key: CryptoKey, alg: Algorithm): Promise<boolean> {
  try {
    // The payload that jose gives back is not used: it is what the steps before have read, byte for byte.
    await compactVerify(text, key, { algorithms: [alg] });
    return true;
  } catch (error) {
    // Anything else, such as a key of the wrong kind, is a bug of the lookup and no judgement about the token.
    if (!(error instanceof errors.JOSEError)) throw error;
    return false;
  }
}
