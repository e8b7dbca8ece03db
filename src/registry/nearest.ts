import { distance } from 'fastest-levenshtein';

/** The known name that an author most likely meant, or undefined when none is near. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const [first] = known
    .map((word) => ({ word, away: distance(name.toLowerCase(), word.toLowerCase()) }))
    .filter(({ word, away }) => away <= Math.max(2, Math.floor(word.length / 3)))
    .sort((a, b) => a.away - b.away);
  return first?.word;
}
