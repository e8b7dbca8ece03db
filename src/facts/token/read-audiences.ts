/** `aud` (RFC 7519 §4.1.3): a string or a list of them. Compared byte for byte later, so never changed here. */
import type { Json } from '../../json/value.ts';
import { found, type Refused, refuse } from './refuse.ts';

/** Values of one token. Each is compared with the registry, and named in answers. */
const MAX_AUDIENCES = 16;
/** Characters of one value: longer than any resource that can be registered. */
const MAX_AUDIENCE_LENGTH = 2048;

/** @returns an empty list when absent, null, `""` or `[]`: policy says `audience_missing` */
export function readAudiences(aud: Json | undefined): readonly string[] | Refused {
  if (aud === undefined || aud === null || aud === '') return [];
  const values: readonly Json[] = isList(aud) ? aud : [aud];
  const texts = values.filter((value) => typeof value === 'string');
  if (texts.length !== values.length) return wrong('must be a string or a list of strings', values.map(found));
  if (texts.length > MAX_AUDIENCES)
    return wrong(`may hold at most ${MAX_AUDIENCES} values, not ${texts.length}`, texts);
  if (new Set(texts).size !== texts.length) return wrong('must not repeat a value', texts);
  if (texts.some((text) => text.length > MAX_AUDIENCE_LENGTH))
    return wrong(`must have values of at most ${MAX_AUDIENCE_LENGTH} characters`, texts);
  return texts;
}

function wrong(rule: string, actual: readonly (string | number)[]): Refused {
  return refuse(
    'claims_invalid',
    `The claim "aud" ${rule}. Ask the authorization server for a token with this server's resource alone.`,
    { actual },
  );
}

/** `Array.isArray` does not narrow a read-only array. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
