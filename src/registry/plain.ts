/**
 * What a plain value may hold at all, whatever its schema: labels travel into the policy's input, and there a value that
 * JSON cannot carry becomes null, or an evaluation that throws (design 3).
 */
import { MAX_DEPTH, TOO_DEEP } from './nesting.ts';
import { below, type Place, quote, type Report } from './place.ts';

export function checkPlain(value: unknown, place: Place, report: Report): void {
  if (value === null || value === undefined || typeof value === 'boolean') return;
  if (place.path.length > MAX_DEPTH) {
    report(place, { value: null, ...TOO_DEEP });
  } else if (typeof value === 'number') {
    checkNumber(value, place, report);
  } else if (typeof value === 'string') {
    if (value.isWellFormed()) return;
    report(place, { value: null, message: 'The text holds half a surrogate pair.', remedy: 'Write whole characters.' });
  } else if (typeof value !== 'object') {
    report(place, { value: null, message: `A ${typeof value} is no JSON value.`, remedy: 'Write a plain value.' });
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkPlain(item, below(place, index), report);
  } else {
    for (const [name, member] of Object.entries(value)) {
      const here = below(place, name);
      if (name !== '__proto__' && name.isWellFormed()) checkPlain(member, here, report);
      else report(here, { at: 'name', value: null, message: `${quote(name)} is no name.`, remedy: 'Choose another.' });
    }
  }
}

function checkNumber(value: number, place: Place, report: Report): void {
  if (Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))) return;
  report(place, {
    value: Number.isFinite(value) ? value : null,
    message: 'The number lies beyond what JSON readers agree on (±(2^53−1) for whole numbers).',
    remedy: 'Write a smaller number, or the number as a quoted string.',
  });
}
