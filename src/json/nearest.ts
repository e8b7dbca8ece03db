/** The name that someone probably meant: for messages only. */

/** Edits (insert, remove, replace one character) up to which another name is a likely typo. */
const MAX_EDITS = 2;
/** Longer names are not compared: the work grows with the product of the lengths. */
const MAX_LENGTH = 64;

/** @returns the known name with the fewest edits, or undefined when none is near */
export function nearestName(found: string, known: readonly string[]): string | undefined {
  if (found.length > MAX_LENGTH) return undefined;
  let nearest: string | undefined;
  let fewest = MAX_EDITS + 1;
  for (const name of known) {
    const count = edits(found.toLowerCase(), name.toLowerCase());
    // A short name is near to everything: at least half of it must stand.
    if (count < fewest && count * 2 <= name.length) [nearest, fewest] = [name, count];
  }
  return nearest;
}

/** Levenshtein distance, one row at a time. */
function edits(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MAX_EDITS) return MAX_EDITS + 1;
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
