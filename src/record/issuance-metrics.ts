import { Counter, type Registry } from 'prom-client';
import { type Grant, type IssuanceDecision, JWT_BEARER, TOKEN_EXCHANGE } from '../decision/issuance.ts';

/** As labels have them: a URN is long, and no more of its kind are known. */
const NAMES: Readonly<Record<string, string>> = { [TOKEN_EXCHANGE]: 'token_exchange', [JWT_BEARER]: 'jwt_bearer' };

export function createIssuanceMetrics(register: Registry) {
  const decisions = new Counter({
    name: 'audgate_issuance_decisions_total',
    help: 'Decisions about what authorization servers may issue, by grant, outcome and first reason.',
    labelNames: ['grant', 'decision', 'reason'],
    registers: [register],
  });
  return {
    issued(decision: IssuanceDecision, grant: Grant): void {
      const reason = decision.reasons[0]?.code ?? 'none';
      decisions.inc({ grant: NAMES[grant] ?? grant, decision: decision.decision, reason });
    },
  };
}
