import { createHash } from 'node:crypto';
import { isJsonObject, type Json } from '../json/value.ts';

/** `sha256:…` of a value, the same whatever the order in which members were written. Lists keep their order. */
export function digestOf(value: Json): string {
  return `sha256:${createHash('sha256').update(canonical(value)).digest('hex')}`;
}

/** After RFC 8785: members sorted by UTF-16 code units, numbers and strings as ECMAScript writes them. */
function canonical(value: Json): string {
  if (isJsonObject(value)) {
    const members = Object.keys(value)
      .sort()
      .map((name) => `${JSON.stringify(name)}:${canonical(value[name] ?? null)}`);
    return `{${members.join(',')}}`;
  }
  return Array.isArray(value) ? `[${value.map(canonical).join(',')}]` : JSON.stringify(value);
}
