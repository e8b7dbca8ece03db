/** Lays a test's own addresses over those of an example, so that the very file that users copy is the one that runs. */

/**
 * In one pass: what was put in is never replaced again, as an address that happens to be another one's example.
 * @throws when the example lacks one of the texts, for then it would run with an address of its own
 */
export function replaceEach(text: string, replacements: Readonly<Record<string, string>>): string {
  const missing = Object.keys(replacements).filter((from) => !text.includes(from));
  if (missing.length > 0) throw new Error(`the example holds no ${missing.join(', no ')}`);
  const longestFirst = Object.keys(replacements).toSorted((a, b) => b.length - a.length);
  const literal = (from: string) => from.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(longestFirst.map((from) => `${literal(from)}(?![0-9])`).join('|'), 'g');
  return text.replaceAll(pattern, (from) => replacements[from] ?? from);
}
