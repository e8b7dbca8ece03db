/** A reader of tokens, an issuer with one key, and tokens that are right but for one thing. */
import type { Reason } from '../../../src/decision/reason.ts';
import { createKeys } from '../../../src/facts/keys/look-up.ts';
import { createTokenReader } from '../../../src/facts/token/read.ts';
import { generate, issuerRecord, type Pair } from '../keys/serve.ts';
import { askedAt, claims, mintText, NOW } from './mint.ts';

export const [pair, foreign] = await Promise.all([generate('ES256', 'k1'), generate('ES256', 'k1')]);
const inline = (...pairs: readonly Pair[]) =>
  ({ kind: 'jwks', keys: JSON.parse(JSON.stringify(pairs.map(({ jwk }) => jwk))) }) as const;
export const issuer = issuerRecord(inline(pair));
const older = issuerRecord(inline(pair), ['ES256'], {
  key: 'older',
  issuer: 'https://older.example.com',
  token_types: ['jwt', 'at+jwt', 'token+jwt'],
});
const keys = createKeys({
  fetch: () => () => Promise.reject(new Error('nothing is fetched here')),
  now: () => NOW * 1000,
  settings: { max_age_seconds: 300, cooldown_seconds: 30, timeout_ms: 1000, outage_ceiling_seconds: 3600 },
});
export const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 100 });

export const HEADER = { alg: 'ES256', kid: 'k1', typ: 'at+jwt' };
export const read = async (text: string) => reader.read(text, askedAt(issuer, older));
export const signed = (over: Record<string, unknown>, header: Record<string, unknown> = {}) =>
  mintText(pair.privateKey, JSON.stringify({ ...HEADER, ...header }), JSON.stringify(claims(over)));
/** Reads a token that is right but for these claims and header members. */
export const withClaims = async (over: Record<string, unknown>, header: Record<string, unknown> = {}) =>
  read(await signed(over, header));
export const withPayload = async (payload: string | Uint8Array) =>
  read(await mintText(pair.privateKey, JSON.stringify(HEADER), payload));
export const withHeader = async (header: string | Uint8Array) =>
  read(await mintText(pair.privateKey, header, JSON.stringify(claims())));
export async function reasonOf(text: string): Promise<Reason> {
  const reading = await read(text);
  if (reading.kind !== 'refused') throw new Error(`expected a refusal, not ${reading.kind}`);
  return reading.reason;
}
