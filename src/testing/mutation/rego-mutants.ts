/** Mistakes in one condition of a Rego rule; a test or a case should notice each of them. */
import { type Condition, replaced } from '../../policy/conditions.ts';
import type { Sources } from '../../policy/sources.ts';

export interface RegoMutant {
  readonly what: string;
  /** Changed so that it lets more pass: a case that must be refused notices. Else one that must be allowed does. */
  readonly wider: boolean;
  readonly change: (sources: Sources) => Sources;
}

/** By an operator: what differs from it in equal values alone, and what orders the other way. */
const OTHERS: Readonly<Record<string, readonly [beside: string | null, turned: string]>> = {
  '<': ['<=', '>'],
  '<=': ['<', '>='],
  '>': ['>=', '<'],
  '>=': ['>', '<='],
  '==': [null, '!='],
  '!=': [null, '=='],
};
/** A limit that itself passes, moved by one. */
const MOVED: Readonly<Record<string, string>> = { '<=': ' + 1', '>=': ' - 1' };

/** That it is left out comes first: most mistakes are of that kind. */
export function regoMutants(condition: Condition): readonly RegoMutant[] {
  const { file, offset, text, operator, closes } = condition;
  const length = Buffer.byteLength(text);
  const put = (what: string, written: string, wider: boolean): RegoMutant => ({
    what,
    wider,
    change: (sources) => replaced(sources, { file, offset, length }, written),
  });
  const mutants = [put(`without ${oneLine(text)}`, 'true', true)];
  if (closes) mutants.push(put(`${oneLine(text)} never holds`, 'false', false));
  if (operator === null) return mutants;
  const at = Buffer.from(text).subarray(0, operator.offset - offset);
  const [left, right] = [at.toString(), text.slice(at.toString().length + operator.text.length)];
  const [beside, turned] = OTHERS[operator.text] ?? [null, operator.text];
  const other = (verb: string, behind = '') => `${left}${verb}${right}${behind}`;
  const told = (written: string, wider: boolean) => put(`${oneLine(written)}, not ${oneLine(text)}`, written, wider);
  if (beside !== null) mutants.push(told(other(beside), beside.length > operator.text.length));
  mutants.push(told(other(turned), true));
  const moved = MOVED[operator.text];
  if (moved !== undefined) mutants.push(told(other(operator.text, moved), true));
  return mutants;
}

export const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');
