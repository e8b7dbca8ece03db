/** A key set, by one guarded request. Every failure is a value; its text names the kind and holds no URL, body or key. */
import { readJson } from '../../json/read.ts';
import { isJsonObject, type Json } from '../../json/value.ts';
import { type RequestParts, request } from './request.ts';

export type Download =
  | { readonly ok: true; readonly members: readonly Json[] }
  | { readonly ok: false; readonly detail: string };

/** A set is an object of an array of objects; certificates chains and the like add little. */
const MAX_DEPTH = 16;
const MEDIA_TYPES = ['application/json', 'application/jwk-set+json'];

/** @param url from the registry or an issuer's metadata, never from a token */
export async function download(url: string, parts: RequestParts): Promise<Download> {
  const answer = await request({ url, media_types: MEDIA_TYPES }, parts);
  if (!answer.ok) return failed(answer.detail);
  const json = readJson(answer.body, { depth: MAX_DEPTH });
  if (!json.ok) return failed('the body is not well-formed JSON');
  if (!isJsonObject(json.value) || !Array.isArray(json.value.keys))
    return failed('the JSON is no key set (RFC 7517 §5)');
  return { ok: true, members: json.value.keys };
}

function failed(detail: string): Download {
  return { ok: false, detail };
}
