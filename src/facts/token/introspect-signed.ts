/** A signed answer (RFC 9701 §5): what the issuer says of one token, to one server, now. */
import type { JsonObject } from '../../json/value.ts';
import { isJsonObject, type Json } from '../../json/value.ts';
import type { IssuerRecord } from '../../registry/registry.ts';
import { checkHeader } from './check-header.ts';
import { parseSegment } from './parse.ts';
import type { KeyLookup } from './read.ts';
import { splitText } from './split.ts';
import { judgeAnswer, verifySignature } from './verify-signature.ts';

export const SIGNED_TYPE = 'token-introspection+jwt';

export interface SignedParts {
  readonly issuer: IssuerRecord;
  /** What the answer's `aud` may name: the server as the issuer knows it (RFC 9701 §5). */
  readonly audiences: readonly string[];
  /** Seconds since the epoch. */
  readonly now: number;
  /** Seconds: an older answer is one to a question that somebody else asked, or asked before. */
  readonly max_age: number;
  readonly lookup: KeyLookup;
  /** Registry keys of the issuers that the server trusts. */
  readonly trusted: readonly string[];
}

export type SignedAnswer =
  | { readonly ok: true; readonly answer: Json }
  | { readonly ok: false; readonly detail: string };

/** Characters: as many as an answer may have bytes. */
const MAX_LENGTH = 64 * 1024;

export async function readSigned(text: string, parts: SignedParts): Promise<SignedAnswer> {
  const { issuer, lookup } = parts;
  const segments = splitText(text, MAX_LENGTH);
  if (segments.kind === 'refused') return failed('is no JWT');
  const parsed = parseSegment(segments.header, 'header');
  const header = parsed.kind === 'refused' ? parsed : checkHeader(parsed.object);
  if (header.kind === 'refused') return failed('has a header that no signed answer may have');
  // RFC 9701 §5, and RFC 8725 §3.11: an access token of the same issuer, with a member of this name, is no answer.
  if (typeof header.typ !== 'string' || header.typ.toLowerCase().replace(/^application\//, '') !== SIGNED_TYPE)
    return failed(`is not of typ ${SIGNED_TYPE}`);
  const alg = issuer.algorithms.find((pinned) => pinned === header.alg);
  if (alg === undefined) return failed(`is signed with an algorithm other than ${issuer.algorithms.join(', ')}`);
  const claims = parseSegment(segments.payload, 'claims');
  if (claims.kind === 'refused') return failed('is not strict JSON');
  const wrong = wrongClaims(claims.object, parts);
  if (wrong !== null) return failed(wrong);
  const wanted = { kid: header.kid, alg };
  const key = judgeAnswer(await lookup(issuer, wanted), wanted, issuer, parts.trusted);
  if (key.kind === 'unavailable') return failed(`cannot be verified: ${key.detail}`);
  if (key.kind === 'refused') return failed('names a key that the issuer does not publish for it');
  const refused = await verifySignature(text, key, wanted, issuer);
  if (refused !== undefined) return failed('has a signature that does not verify');
  return { ok: true, answer: claims.object.token_introspection ?? null };
}

function wrongClaims({ iss, aud, iat, exp, token_introspection }: JsonObject, parts: SignedParts): string | null {
  const { issuer, audiences, now, max_age } = parts;
  const tolerance = issuer.clock_tolerance_seconds;
  if (iss !== issuer.issuer) return 'is of another iss';
  const values = Array.isArray(aud) ? aud : [aud];
  if (values.length === 0 || !values.every((value) => audiences.some((one) => one === value)))
    return 'has an aud that is not this server’s client_id or resource';
  if (typeof iat !== 'number' || !Number.isInteger(iat)) return 'has no iat';
  if (iat > now + tolerance) return 'has an iat that lies ahead';
  if (iat < now - tolerance - max_age) return 'is older than an answer may be';
  if (exp !== undefined && !(typeof exp === 'number' && now < exp + tolerance)) return 'has ended';
  return isJsonObject(token_introspection ?? null) ? null : 'holds no token_introspection';
}

function failed(why: string): SignedAnswer {
  return { ok: false, detail: `its signed answer ${why}` };
}
