/** Members of a key set → the keys of one issuer, imported once each and ready to be asked for. */
import { calculateJwkThumbprint, importJWK } from 'jose';
import { legible } from '../../decision/evidence.ts';
import type { KeyAnswer } from '../../decision/key.ts';
import type { Json } from '../../json/value.ts';
import type { Algorithm } from '../../registry/registry.ts';
import { type Candidate, judgeMember, leakedKey, type PublicJwk, publicHalf } from './judge-member.ts';

type Key = Extract<KeyAnswer, { kind: 'key' }>;

export interface RingKey {
  /** Equal for the same kid, algorithm and key, whatever else the set says of it. Stays inside this folder. */
  readonly identity: string;
  /** RFC 7638, SHA-256. */
  readonly thumbprint: string;
  /** The one algorithm that the key serves at this issuer; null: none. */
  readonly algorithm: Algorithm | null;
  readonly answer: Key | null;
  readonly refusal: KeyAnswer;
}

/** One issuer's well-formed public keys by kid. Immutable. */
export interface Ring {
  readonly keys: ReadonlyMap<string, RingKey>;
  /** Of all keys that stand in the set, those that are skipped too: whoever has their private halves signs with them. */
  readonly thumbprints: ReadonlySet<string>;
  /** Keys that serve one of the issuer's algorithms. */
  readonly usable: number;
  /** Why the other members were left out: for logs and status. */
  readonly skipped: readonly string[];
}

const UNKNOWN: KeyAnswer = Object.freeze({ kind: 'unknown' });

/** The key type of an algorithm (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). */
const TYPE_OF: Readonly<Record<Algorithm, PublicJwk['kty']>> = {
  ES256: 'EC',
  ES384: 'EC',
  ES512: 'EC',
  RS256: 'RSA',
  RS384: 'RSA',
  RS512: 'RSA',
  PS256: 'RSA',
  PS384: 'RSA',
  PS512: 'RSA',
  EdDSA: 'OKP',
  Ed25519: 'OKP',
};

/** The answer for one kid and algorithm. */
export function choose(ring: Ring, wanted: { kid: string; alg: Algorithm }): KeyAnswer {
  const held = ring.keys.get(wanted.kid);
  if (held === undefined) return UNKNOWN;
  return held.answer !== null && held.algorithm === wanted.alg ? held.answer : held.refusal;
}

/**
 * Imports what is good and skips the rest.
 * @param algorithms those that the registry pins for the issuer
 * @param previous keys that are in it unchanged keep their CryptoKey and generation, so verified tokens stay cached
 */
export async function importRing(
  members: readonly Json[],
  algorithms: readonly Algorithm[],
  previous: Ring | null,
): Promise<Ring> {
  const leaked = new Set(members.map(leakedKey).flatMap((jwk) => (jwk === null ? [] : [textOf(jwk)])));
  const skipped: string[] = [];
  const good: { readonly kid: string; readonly key: RingKey }[] = [];
  for (const member of members) {
    const candidate = judgeMember(member);
    if (candidate.kind === 'skipped') {
      skipped.push(candidate.why);
      continue;
    }
    const name = `key "${legible(candidate.kid)}"`;
    const key = await importOne(candidate, algorithms, previous?.keys.get(candidate.kid));
    if (key === null) skipped.push(`${name} does not fit its algorithm, or cannot be imported`);
    else if (leaked.has(textOf(candidate.jwk))) skipped.push(`${name} stands in the set with its private half too`);
    else good.push({ kid: candidate.kid, key });
  }
  const byKid = Map.groupBy(good, ({ kid }) => kid);
  const keys = new Map<string, RingKey>();
  for (const [kid, [first, ...others]] of byKid) {
    // Neither of two good keys under one kid is used: which one the issuer meant would be a guess (RFC 7517 §4.5).
    if (others.length > 0) skipped.push(...[first, ...others].map(() => `key "${legible(kid)}" is not the only one`));
    else if (first !== undefined) keys.set(kid, first.key);
  }
  const shown = members.map(publicHalf).filter((jwk) => jwk !== null);
  const thumbprints = new Set(await Promise.all(shown.map((jwk) => calculateJwkThumbprint(jwk))));
  const usable = [...keys.values()].filter((key) => key.answer !== null).length;
  return { keys, thumbprints, usable, skipped };
}

/** Equal for equal keys: the members stand in one order. */
const textOf = (jwk: PublicJwk) => JSON.stringify(jwk);

async function importOne(
  { kid, alg, jwk }: Candidate,
  algorithms: readonly Algorithm[],
  previous: RingKey | undefined,
): Promise<RingKey | null> {
  const algorithm = servedAlgorithm(alg, jwk, algorithms);
  const thumbprint = await calculateJwkThumbprint(jwk);
  const identity = `${alg ?? ''} ${algorithm ?? ''} ${thumbprint}`;
  if (previous?.identity === identity) return previous;
  const expected = algorithm ?? alg;
  const refusal: KeyAnswer = { kind: 'not_allowed', expected: expected === undefined ? [] : [expected] };
  if (algorithm === null) return { identity, thumbprint, algorithm, answer: null, refusal };
  const key = await imported(jwk, algorithm);
  if (key === null) return null;
  return {
    identity,
    thumbprint,
    algorithm,
    answer: Object.freeze({ kind: 'key', key, generation: Object.freeze({ kid }) }),
    refusal,
  };
}

/** A key's own alg binds it (RFC 7517 §4.4); without one, the registry must leave no choice for its type. */
function servedAlgorithm(alg: string | undefined, jwk: PublicJwk, algorithms: readonly Algorithm[]): Algorithm | null {
  if (alg !== undefined) return algorithms.find((pinned) => pinned === alg) ?? null;
  const [only, ...others] = algorithms.filter((pinned) => TYPE_OF[pinned] === jwk.kty);
  return only !== undefined && others.length === 0 ? only : null;
}

async function imported(jwk: PublicJwk, algorithm: Algorithm): Promise<CryptoKey | null> {
  try {
    const key = await importJWK(jwk, algorithm, { extractable: false });
    return key instanceof Uint8Array ? null : key;
  } catch {
    // A type or curve that the algorithm does not take, a point off its curve, a coordinate of the wrong length: the
    // member is bad, and what it held stays unsaid.
    return null;
  }
}
