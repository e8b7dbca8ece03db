import { Counter, type Registry } from 'prom-client';

/** What an issuer that is asked about tokens said, or that it said nothing that could be believed. */
export type IntrospectionOutcome = 'active' | 'inactive' | 'failed';

export function createIntrospectionMetrics(register: Registry) {
  const questions = new Counter({
    name: 'audgate_introspections_total',
    help: 'Questions to issuers about tokens (RFC 7662); answers that were remembered are none.',
    labelNames: ['issuer', 'outcome'],
    registers: [register],
  });
  return {
    /** @param issuer registry key */
    introspected: (issuer: string, outcome: IntrospectionOutcome) => questions.inc({ issuer, outcome }),
  };
}
