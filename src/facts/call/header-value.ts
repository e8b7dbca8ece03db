/** Values of headers that repeat a part of the call (MCP 2026-07-28, streamable HTTP, "Value Encoding"). */

const PREFIX = '=?base64?';
const SUFFIX = '?=';

/** RFC 9110 §5.5 as MCP narrows it: visible ASCII, space and tab. */
export function isPlainValue(value: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(value);
}

/**
 * The text that a value of `Mcp-Name` or `Mcp-Param-*` stands for.
 * @returns null for what is neither plain nor the one right encoding of a text: servers would read it differently
 */
export function decodeValue(value: string): string | null {
  if (!isPlainValue(value)) return null;
  if (!value.startsWith(PREFIX) || !value.endsWith(SUFFIX)) return value;
  // "=?base64?=" has both markers and no room for them.
  if (value.length < PREFIX.length + SUFFIX.length) return null;
  const encoded = value.slice(PREFIX.length, -SUFFIX.length);
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The first revision whose servers compare headers with the body. Revisions are dates, so their text has their order. */
const COMPARING = '2026-07-28';

export function comparesHeaders(version: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= COMPARING;
}
