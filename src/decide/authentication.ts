/** What an operation asks of the user's authentication, and what the token shows of it (RFC 9470), in words. */
import type { OperationInput, PolicyInput } from '../decision/input.ts';
import { shown } from './near-miss.ts';

/** What is asked; both absent: nothing. */
export type Asked = NonNullable<OperationInput['authentication']>;

type Said = Pick<PolicyInput['token'], 'authentication_context' | 'authenticated_at'>;

/** The part of what is asked that the token does not show: as the rule `authentication` judges it. */
export function unmet(
  { acr_values, max_age_seconds: limit }: Asked,
  { authentication_context: acr, authenticated_at: at }: Said,
  { now, tolerance }: { readonly now: number; readonly tolerance: number },
): Asked {
  const accepted = acr_values === undefined || (acr !== undefined && acr_values.includes(acr));
  const recent = limit === undefined || (at !== undefined && now - at <= limit + tolerance && now - at >= -tolerance);
  return {
    ...(!accepted && { acr_values }),
    ...(!recent && { max_age_seconds: limit }),
  };
}

/** Parameters of the authorization request that asks for it (RFC 9470 §4): `acr_values="mfa phr" and max_age=300`. */
export function parameters({ acr_values, max_age_seconds }: Asked): string {
  const named = [
    ...(acr_values === undefined || acr_values.length === 0 ? [] : [`acr_values="${acr_values.join(' ')}"`]),
    ...(max_age_seconds === undefined ? [] : [`max_age=${max_age_seconds}`]),
  ];
  return named.join(' and ');
}

export function insufficientMessage({ now, token, call, registered }: PolicyInput): string {
  const { operation, issuer } = registered;
  const asked = operation?.authentication ?? {};
  const lacking = unmet(asked, token, { now, tolerance: issuer.clock_tolerance_seconds });
  const { authentication_context: acr, authenticated_at: at } = token;
  const what = `The operation ${shown(operation?.name ?? call.method)}`;
  if (lacking.acr_values?.length === 0)
    return `${what} asks for acr values that have none in common, so that no token can satisfy it. Write one into the registry that its method and its target both accept.`;
  const parts = [
    ...(lacking.acr_values === undefined
      ? []
      : [
          `the user’s authentication to be ${lacking.acr_values.map((value) => shown(value)).join(' or ')} (acr), and the token says ${acr === undefined ? 'nothing of it' : shown(acr)}`,
        ]),
    ...(lacking.max_age_seconds === undefined
      ? []
      : [
          `it to be at most ${lacking.max_age_seconds} seconds ago (auth_time), and the token says ${at === undefined ? 'nothing of that' : at > now ? `${at - now} seconds ahead` : `${now - at} seconds`}`,
        ]),
  ];
  const needs = parts.join('; and ').replace(/^it to be/, 'the user’s authentication to be');
  return `${what} needs ${needs}. Ask the authorization server for a token with ${parameters(asked)} (RFC 9470 §4).`;
}
