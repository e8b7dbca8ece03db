/** The name that someone probably meant: for messages only. */
import { distance } from 'fastest-levenshtein';

/** Edits (insert, remove, replace one character) up to which another name is a likely typo. */
const MAX_EDITS = 2;
/** Longer names are not compared: the work grows with the product of the lengths, and a client may have written them. */
const MAX_LENGTH = 64;

/** @returns the known name with the fewest edits, or undefined when none is near */
export function nearestName(found: string, known: readonly string[]): string | undefined {
  if (found.length > MAX_LENGTH) return undefined;
  let nearest: string | undefined;
  let fewest = MAX_EDITS + 1;
  for (const name of known) {
    const edits = distance(found.toLowerCase(), name.toLowerCase());
    // A short name is near to everything: at least half of it must stand.
    if (edits < fewest && edits * 2 <= name.length) [nearest, fewest] = [name, edits];
  }
  return nearest;
}
