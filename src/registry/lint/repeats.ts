import { below, type Place, quote, type Report } from '../place.ts';

/** A value that a list names twice does no harm, but is seldom what the author meant. */
export function warnOfRepeats(values: unknown, place: Place, report: Report): void {
  if (!Array.isArray(values)) return;
  const seen = new Set<unknown>();
  for (const [index, value] of values.entries()) {
    if (typeof value !== 'string') continue;
    if (seen.has(value)) {
      const message = `${quote(value)} is listed twice.`;
      report(below(place, index), { severity: 'warning', value, message, remedy: 'Remove one of the two.' });
    }
    seen.add(value);
  }
}
