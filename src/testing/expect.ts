/** What a case expects, against what was decided. */
import type { Decision } from '../decision/decision.ts';
import { canonical } from './rego.ts';
import type { Expectation } from './schema.ts';

/** @returns one sentence a difference; empty when all is as expected */
export function differences(expected: Expectation, decision: Decision): string[] {
  const codes = decision.reasons.map(({ code }) => code);
  const told = decision.reasons.map(({ code, message }) => `${code} (${message})`).join(', ');
  const found = [
    differ('decision', expected.decision, decision.decision),
    differ('reasons', expected.reasons.join(', ') || 'none', codes.join(', ') || 'none'),
    differ('status', expected.status, statusOf(decision)),
    ...challenge(expected, decision),
  ].filter((difference) => difference !== null);
  return found.length > 0 && told !== '' ? [...found, `it was told: ${told}`] : found;
}

function challenge({ challenge: wanted }: Expectation, decision: Decision): (string | null)[] {
  if (wanted === undefined) return [];
  const given = decision.decision === 'deny' ? decision.challenge : undefined;
  if (given === undefined) return [`challenge: expected one, got none`];
  const headers =
    wanted.headers === undefined
      ? []
      : Object.keys(wanted.headers).length === 0
        ? [differ('challenge headers', {}, given.headers)]
        : Object.entries(wanted.headers).map(([name, values]) =>
            differ(`challenge header ${name}`, values, given.headers[name] ?? null),
          );
  return 'body' in wanted ? [...headers, differ('challenge body', wanted.body, given.body ?? null)] : headers;
}

/** The challenge's; 200 for allow, 503 for indeterminate. */
export function statusOf(decision: Decision): number {
  switch (decision.decision) {
    case 'allow':
      return 200;
    case 'deny':
      return decision.challenge.status;
    case 'indeterminate':
      return 503;
  }
}

/** @param text what of a value is compared */
export function differ(what: string, expected: unknown, actual: unknown, text = canonical): string | null {
  if (text(expected) === text(actual)) return null;
  const show = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  return `${what}: expected ${show(expected)}, got ${show(actual)}`;
}
