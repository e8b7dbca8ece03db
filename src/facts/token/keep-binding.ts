/**
 * A JWT whose issuer was asked about it (RFC 7662): the answer counts, and not the JWT. But an answer that leaves out to which
 * key the token is bound (RFC 9449 §6.2, RFC 8705 §3.2) would make a bearer token of it, and the JWT tells that it is none.
 */
import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject } from '../../json/value.ts';
import type { TokenReading } from './read.ts';
import { refuse } from './refuse.ts';

/** @param written claims of the JWT, whose signature nobody here has verified: what stands there can only refuse */
export function keepBinding(written: JsonObject, answered: TokenReading): TokenReading {
  const { cnf } = written;
  if (answered.kind !== 'verified' || cnf === undefined) return answered;
  const { issuer, token } = answered;
  const { confirmation = {} } = token;
  const names = isJsonObject(cnf) ? Object.keys(cnf) : [];
  const isSame = (name: string) =>
    isJsonObject(cnf) && Object.hasOwn(confirmation, name) && isDeepStrictEqual(confirmation[name], cnf[name]);
  if (names.length > 0 && names.every(isSame)) return answered;
  return refuse(
    'claims_invalid',
    `The token holds a confirmation (cnf) that the answer of issuer "${issuer.key}" about it does not repeat. Have the issuer tell cnf in its answers (RFC 9449 §6.2, RFC 8705 §3.2).`,
    { expected: names, actual: Object.keys(confirmation) },
  );
}
