/** Authorization details (RFC 9396 §9.1): their form. Which types a server knows is policy. */
import { isJsonObject, type Json, type JsonObject } from '../../json/value.ts';
import { kindOf, type Refused, refuse, wrongText } from './refuse.ts';

/** Members of one claim; a token of 8 KiB with more means nothing by them. */
const MAX_DETAILS = 64;

/** @returns undefined when absent; null is not absent, because a token that says so was not made by the RFC */
export function readDetails(claim: Json | undefined): readonly JsonObject[] | undefined | Refused {
  if (claim === undefined) return undefined;
  if (!Array.isArray(claim)) return wrong(`must be an array, and is ${kindOf(claim)}`, kindOf(claim));
  const listed: readonly Json[] = claim;
  if (listed.length > MAX_DETAILS) return wrong(`may hold at most ${MAX_DETAILS}, not ${listed.length}`, listed.length);
  const details: JsonObject[] = [];
  for (const [at, one] of listed.entries()) {
    // Never with its value: what stands there may be anybody's data.
    if (!isJsonObject(one)) return wrong(`must hold objects, and [${at}] is ${kindOf(one)}`, kindOf(one));
    const type = Object.hasOwn(one, 'type') ? one.type : undefined;
    const refused = wrongText(`authorization_details[${at}].type`, type, true, 'RFC 9396 §2');
    if (refused !== undefined) return refused;
    details.push(one);
  }
  return details;
}

function wrong(rule: string, actual: string | number): Refused {
  return refuse('claims_invalid', `The claim "authorization_details" ${rule}. Have the issuer follow RFC 9396 §9.1.`, {
    actual: [actual],
  });
}
