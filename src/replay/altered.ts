/** Whether a text of these was cut, escaped or hidden when it was recorded: then it is not what was judged. */
export function isAltered(value: unknown): boolean {
  // A literal backslash-u of a client is taken for an escape too: better one record too few than one wrong.
  if (typeof value === 'string') return value.endsWith('…') || /eyJ…|\\u[0-9a-f]{4}/.test(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, member]) => isAltered(name) || isAltered(member));
}
