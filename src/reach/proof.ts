/** What the right holder of a bound token would show: assumed where asked is what the token opens with it. */
import type { PolicyInput } from '../decision/input.ts';

/** Empty: it is not bound, or to something that nobody here can verify, which no proof opens. */
export function bindingsOf(confirmation: PolicyInput['token']['confirmation']): readonly ('dpop' | 'certificate')[] {
  const members = Object.keys(confirmation ?? {});
  if (members.some((name) => name !== 'jkt' && name !== 'x5t#S256')) return [];
  return [
    ...(members.includes('jkt') ? (['dpop'] as const) : []),
    ...(members.includes('x5t#S256') ? (['certificate'] as const) : []),
  ];
}

/** The same with proof facts to match the token's binding. */
export function assumeProof(input: PolicyInput): PolicyInput {
  const { jkt, 'x5t#S256': thumbprint } = input.token.confirmation ?? {};
  return {
    ...input,
    proof: {
      ...(typeof jkt === 'string' && { dpop: { jkt, algorithm: 'ES256', issued_at: input.now } }),
      ...(typeof thumbprint === 'string' && { mtls: { 'x5t#S256': thumbprint } }),
    },
  };
}
