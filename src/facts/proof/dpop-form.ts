/** Checks 2 to 5 of RFC 9449 §4.3: the text, its header and its claims. What they mean for the request is not judged here. */

import { DPOP_ALGORITHMS } from '../../decision/dpop.ts';
import { legible } from '../../decision/evidence.ts';
import { decodeBase64url } from '../../json/base64url.ts';
import { hasControl } from '../../json/control.ts';
import { readJson } from '../../json/read.ts';
import { isJsonObject, type Json, type JsonObject } from '../../json/value.ts';
import { kindOf, type Refused, refuse } from './refuse.ts';

export type DpopAlgorithm = (typeof DPOP_ALGORITHMS)[number];

/** RFC 9449 §4.2. */
export interface ProofClaims {
  readonly jti: string;
  readonly htm: string;
  readonly htu: string;
  /** Seconds since the epoch. */
  readonly iat: number;
  readonly ath: string;
  readonly nonce?: string;
  readonly exp?: number;
  readonly nbf?: number;
}

export interface Parsed {
  readonly kind: 'parsed';
  readonly algorithm: DpopAlgorithm;
  readonly jwk: JsonObject;
  readonly claims: ProofClaims;
}

/** Characters of a proof: one with an RSA key of 4096 bits has some 2,000; more is somebody's attempt. */
const MAX_PROOF_LENGTH = 8192;
/** Levels of nesting, as in a token (contract 5). */
const MAX_DEPTH = 16;
/** Characters of jti: it is hashed, never stored. */
const MAX_JTI_LENGTH = 255;
/** Characters of all other claims: URLs of registered resources are shorter. */
const MAX_TEXT_LENGTH = 2048;
/** Characters of a JSON pointer in a message. */
const MAX_POINTER_LENGTH = 64;
/** 9999-12-31T23:59:59Z, as of tokens (contract 5). */
const MAX_SECONDS = 253_402_300_799;

/**
 * Members by which a proof would bring another key than its jwk, or change how it is to be read (RFC 7515 §4.1, RFC 7797, RFC
 * 7516 §4.1.3). `kid`, `x5t` and `x5t#S256` only name a key and are not looked at.
 */
const FORBIDDEN = ['crit', 'jku', 'x5u', 'x5c', 'cty', 'zip', 'b64', 'enc'];

const AGAIN = 'Send a proof as RFC 9449 §4.2 says.';

export function parseProof(text: string): Parsed | Refused {
  if (text.length > MAX_PROOF_LENGTH)
    return invalid(
      `The proof has ${text.length} characters; at most ${MAX_PROOF_LENGTH} are accepted. Put less into it.`,
    );
  const segments = text.split('.');
  const [headerBytes, payloadBytes, signature] = segments.map(decodeBase64url);
  if (segments.length !== 3 || !headerBytes || !payloadBytes || !signature)
    return invalid(
      `The proof is not a signed JWT: three segments of base64url without padding are expected${segments.length === 3 ? '' : `, and it has ${segments.length}`}. ${AGAIN}`,
    );
  const header = parseSegment(headerBytes, 'header');
  if (header.kind === 'refused') return header;
  const checked = readHeader(header.object);
  if (checked.kind === 'refused') return checked;
  const payload = parseSegment(payloadBytes, 'claims');
  if (payload.kind === 'refused') return payload;
  const claims = readClaims(payload.object);
  if (claims.kind === 'refused') return claims;
  return { kind: 'parsed', algorithm: checked.algorithm, jwk: checked.jwk, claims: claims.claims };
}

function invalid(message: string, actual?: string): Refused {
  return refuse('proof_invalid', message, actual === undefined ? {} : { actual: [actual], verified: false });
}

/** Strict, so that nobody behind audgate can read another proof out of the same text. */
function parseSegment(
  bytes: Uint8Array,
  what: 'header' | 'claims',
): { readonly kind: 'object'; readonly object: JsonObject } | Refused {
  const json = readJson(bytes, { depth: MAX_DEPTH });
  if (!json.ok) {
    const [problem] = json.problems;
    const where = problem?.pointer ? `"${legible(problem.pointer, MAX_POINTER_LENGTH)}"` : 'the text';
    return invalid(`The proof's ${what} must be strict JSON, but ${where} ${problem?.message ?? 'is not'}. ${AGAIN}`);
  }
  if (!isJsonObject(json.value))
    return invalid(`The proof's ${what} must be a JSON object, and is ${kindOf(json.value)}. ${AGAIN}`);
  return { kind: 'object', object: json.value };
}

function readHeader(
  header: JsonObject,
): { readonly kind: 'header'; readonly algorithm: DpopAlgorithm; readonly jwk: JsonObject } | Refused {
  const { typ, alg, jwk } = header;
  // 4: nothing that was signed for another purpose passes for a proof (RFC 8725 §3.11).
  if (typ !== 'dpop+jwt')
    return invalid(
      `The proof's header needs "typ" with the value dpop+jwt. ${AGAIN}`,
      typeof typ === 'string' ? typ : kindOf(typ),
    );
  for (const member of FORBIDDEN)
    if (Object.hasOwn(header, member))
      return invalid(`The proof's header holds "${member}", which no proof may. Leave it out.`, member);
  // 5: asymmetric, and not none.
  const algorithm = DPOP_ALGORITHMS.find((known) => known === alg);
  if (algorithm === undefined)
    return refuse(
      'proof_invalid',
      'The algorithm (alg) of the proof is not an asymmetric one that is accepted. Sign with one of the algorithms of the challenge (algs).',
      { expected: DPOP_ALGORITHMS, actual: [typeof alg === 'string' ? alg : kindOf(alg)], verified: false },
    );
  if (!isJsonObject(jwk)) return invalid(`The proof's header needs "jwk", the public key. ${AGAIN}`, kindOf(jwk));
  return { kind: 'header', algorithm, jwk };
}

/** 3: all that is required, each in its form. */
function readClaims(claims: JsonObject): { readonly kind: 'claims'; readonly claims: ProofClaims } | Refused {
  const { jti, htm, htu, iat, ath, nonce, exp, nbf } = claims;
  const wrong = (name: string, form: string, value: Json | undefined) =>
    invalid(
      `The claim "${name}" of the proof must be ${form}, and ${value === undefined ? 'is absent' : `is ${kindOf(value)} that is not`}. ${AGAIN}`,
      name,
    );
  const text = `a string of 1 to ${MAX_TEXT_LENGTH} characters without control characters`;
  if (!isText(jti, MAX_JTI_LENGTH))
    return wrong('jti', `a string of 1 to ${MAX_JTI_LENGTH} characters without control characters`, jti);
  if (!isText(htm)) return wrong('htm', text, htm);
  if (!isText(htu)) return wrong('htu', text, htu);
  if (!isTime(iat)) return wrong('iat', 'a whole number of seconds', iat);
  if (!isText(ath)) return wrong('ath', `${text}, the base64url SHA-256 of the access token`, ath);
  if (nonce !== undefined && !isText(nonce)) return wrong('nonce', text, nonce);
  if (exp !== undefined && !isTime(exp)) return wrong('exp', 'a whole number of seconds', exp);
  if (nbf !== undefined && !isTime(nbf)) return wrong('nbf', 'a whole number of seconds', nbf);
  return {
    kind: 'claims',
    claims: {
      ...{ jti, htm, htu, iat, ath },
      ...(nonce !== undefined && { nonce }),
      ...(exp !== undefined && { exp }),
      ...(nbf !== undefined && { nbf }),
    },
  };
}

function isText(value: Json | undefined, limit: number = MAX_TEXT_LENGTH): value is string {
  return typeof value === 'string' && value !== '' && value.length <= limit && !hasControl(value);
}

function isTime(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_SECONDS;
}
