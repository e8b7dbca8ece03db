/** Compares the challenges of a server's refusals with the registry (RFC 6750 §3, RFC 9728 §5.1): one check a difference. */
import { legible } from '../decision/evidence.ts';
import type { ServerRecord } from '../registry/registry.ts';
import { tokenChallenges } from './challenge.ts';
import type { Answer } from './exchange.ts';
import type { Check, Kind } from './report.ts';
import { RULES, type RuleId } from './rules.ts';

export interface Refusal {
  readonly kind: Kind;
  readonly answer: Answer;
}

interface Difference {
  readonly check: RuleId;
  readonly expected: string;
  readonly found: string;
}

/** Errors by which a refused token is called so: its proof and its user's authentication have their own (RFC 9449, RFC 9470). */
const TOKEN_ERRORS = ['invalid_token', 'invalid_dpop_proof', 'use_dpop_nonce', 'insufficient_user_authentication'];

export function checkRefusals(refusals: readonly Refusal[], server: ServerRecord): readonly Check[] {
  const all = refusals.flatMap((refusal) =>
    differencesOf(refusal, server).map((one) => ({ ...one, kind: refusal.kind })),
  );
  const grouped = Map.groupBy(all, ({ check }) => check);
  const differing = [...grouped].map(([check, found]): Check => {
    const said = Map.groupBy(found, (one) => one.found);
    return {
      check,
      verdict: 'differs',
      expected: [...new Set(found.map(({ expected }) => expected))],
      found: [...said].map(([text, ones]) => legible(`${text} (${ones.map(({ kind }) => kind).join(', ')})`)),
      remedy: RULES[check].help,
    };
  });
  const same = grouped.size > 0 || refusals.length === 0 ? [] : [agrees(server)];
  return [...differing, ...same];
}

const agrees = ({ resource_metadata }: ServerRecord): Check => ({
  check: 'challenge-resource-metadata',
  verdict: 'same',
  expected: [resource_metadata],
  found: [resource_metadata],
  remedy: '',
});

function differencesOf({ kind, answer }: Refusal, server: ServerRecord): readonly Difference[] {
  const { status, headers } = answer;
  const found: Difference[] = [];
  const add = (check: RuleId, expected: string, said: string) => void found.push({ check, expected, found: said });
  if (status !== 401) add('challenge-status', '401', String(status));
  const challenges = tokenChallenges(headers);
  if (challenges.length === 0) {
    if (status === 401) add('challenge-missing', 'WWW-Authenticate: Bearer …', 'no such challenge');
    return found;
  }
  const said = (name: string) => challenges.flatMap(({ parameters }) => parameters.get(name) ?? []);
  const { resource_metadata, advertised_scopes } = server;
  const places = said('resource_metadata');
  if (places.length === 0) add('challenge-resource-metadata', resource_metadata, 'none');
  for (const place of places)
    if (place !== resource_metadata) add('challenge-resource-metadata', resource_metadata, place);
  const errors = said('error');
  if (kind !== 'absent' && status === 401 && !errors.some((error) => TOKEN_ERRORS.includes(error)))
    add('challenge-error', 'error="invalid_token"', errors.map((error) => `error="${error}"`).join(', ') || 'no error');
  const [scope] = said('scope');
  if (scope !== undefined && sorted(scope.split(' ')) !== sorted(advertised_scopes))
    add('challenge-scope', sorted(advertised_scopes) || 'none', sorted(scope.split(' ')));
  return found;
}

export const sorted = (values: readonly string[]) => [...new Set(values)].sort().join(' ');
