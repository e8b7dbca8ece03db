/**
 * The hash of one file in a bundle's signature, as OPA computes it: of the bytes; of JSON documents that OPA knows by name
 * of their content with sorted members, whatever the spaces, so that repacking does not break a signature.
 */
import { createHash } from 'node:crypto';
import { readJson } from '../json/read.ts';

/** Those that OPA knows and that are not broken. */
export const HASHES: ReadonlyMap<string, string> = new Map([
  ['SHA-256', 'sha256'],
  ['SHA-384', 'sha384'],
  ['SHA-512', 'sha512'],
]);

/** Levels of nesting in a structured file: OPA's manifests have four. */
const MAX_DEPTH = 32;

const isStructured = (name: string) => /(^|\/)(\.manifest|data\.json)$/.test(name);

/**
 * @param algorithm one of `HASHES`
 * @returns hex digits; null where the file is no well-formed JSON, and should be
 */
export function hashOf(name: string, bytes: Uint8Array, algorithm: string): string | null {
  const hash = createHash(HASHES.get(algorithm) ?? 'sha256');
  if (!isStructured(name)) return hash.update(bytes).digest('hex');
  // Duplicate members are read differently by different readers: the strict one refuses them.
  if (!readJson(bytes, { depth: MAX_DEPTH }).ok) return null;
  return hash.update(written(withNumbers(new TextDecoder().decode(bytes)))).digest('hex');
}

/** A number by its own digits: OPA hashes `1.50` as it was written. */
class Digits {
  readonly digits: string;
  constructor(digits: string) {
    this.digits = digits;
  }
}

function withNumbers(text: string): unknown {
  const keep = (_: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && context?.source !== undefined ? new Digits(context.source) : value;
  return JSON.parse(text, keep);
}

function written(value: unknown): string {
  if (value instanceof Digits) return value.digits;
  if (Array.isArray(value)) return `[${value.map(written).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return `{${members.map(([name, member]) => `${quoted(name)}:${written(member)}`).join(',')}}`;
  }
  return typeof value === 'string' ? quoted(value) : JSON.stringify(value);
}

/** As Go writes a string: it escapes two line separators that JSON allows as they are. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
