/** A decision for people: what, why, and what to do next. */
import type { Decision } from '../decision/decision.ts';
import type { Host } from './host.ts';
import { painter, print, type Style, shown } from './terminal.ts';

const STYLES: Readonly<Record<Decision['decision'], Style>> = { allow: 'green', deny: 'red', indeterminate: 'yellow' };

export function printDecision(decision: Decision, host: Host): void {
  const { stdout, env } = host;
  const paint = painter(stdout, env);
  const field = (name: string, value: string) => print(stdout, `  ${paint('dim', name.padEnd(11))} ${shown(value)}`);

  print(stdout, `${paint(STYLES[decision.decision], decision.decision)} ${decision.server ?? '(no server)'}`);
  for (const { code, message, expected, actual, verified } of decision.reasons) {
    print(stdout, `  ${paint('bold', code)}${verified === false ? ' (signature not verified)' : ''}`);
    print(stdout, `    ${shown(message)}`);
    if (expected !== undefined) print(stdout, `    ${paint('dim', 'expected')} ${expected.map(shown).join(' ')}`);
    if (actual !== undefined) print(stdout, `    ${paint('dim', 'actual')}   ${actual.map(shown).join(' ')}`);
  }
  if (decision.decision === 'allow') {
    const { principal, valid_until, advice } = decision;
    field('issuer', principal.issuer);
    field('subject', principal.subject ?? '-');
    field('client', principal.client_id ?? '-');
    field('scopes', principal.scopes.join(' ') || '-');
    if (principal.actor !== null) field('actor', principal.actor);
    field('valid until', valid_until);
    for (const { what, owner, until } of advice.waivers ?? []) field('waiver', `${what}, of ${owner}, until ${until}`);
    if (advice.hop) field('next hop', `${advice.hop.tool ?? advice.hop.prompt ?? ''} at ${advice.hop.server}`);
    if (advice.would_deny) field('would deny', advice.would_deny.join(', '));
  }
  if (decision.decision === 'deny') {
    field('status', String(decision.challenge.status));
    for (const [name, values] of Object.entries(decision.challenge.headers)) {
      for (const value of values) field('header', `${name}: ${value}`);
    }
  }
  field('revision', decision.revision);
  field('decision id', decision.decision_id);
}
