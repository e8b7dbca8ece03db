/** A profile in words, the same in `audgate help issuer` and docs/issuers.md. */
import type { JsonObject } from '../../json/value.ts';
import { type Mark, type Profile, type ScopePlace, UNTYPED } from './profile.ts';

/** What stands for no server and no issuer in particular. */
export const named = (text: string) => text.replaceAll('{resource}', 'RESOURCE').replaceAll('{issuer}', 'ISS');

/** Where its tokens put each fact, and what follows for the registry: pairs of what and where. */
export function factsOf(profile: Profile): readonly (readonly [string, string])[] {
  const { subject, client, scopes, marks, writes_types, token_types, token_id, algorithms, adds } = profile;
  return [
    ['subject', subject],
    ['client', client.length === 1 ? client[0] : `${client.join(' or ')}; where both are there, they must agree`],
    ['scopes', scopes.map(place).join('; else ')],
    ['jti', token_id ?? 'none'],
    ['an access token has', marks.length === 0 ? 'typ at+jwt' : marks.map(mark).join(', and ')],
    ['typ that it writes', writes_types.map((type) => (type === UNTYPED ? 'none' : type)).join(', ')],
    ['token_types, if left out', token_types.join(', ')],
    ...(adds === undefined ? [] : ([['may stand in aud besides', named(adds.value)]] as const)),
    ...(algorithms === undefined ? [] : ([['algorithms', algorithms.join(', ')]] as const)),
    ...(profile.issuer_form === undefined ? [] : ([['iss', profile.issuer_form.example]] as const)),
  ];
}

function place({ claim, form, when }: ScopePlace): string {
  const what = `${claim}, ${form === 'text' ? 'one string' : 'a list'}`;
  return when === undefined ? what : `${what} (where ${when.claim} is ${when.value})`;
}

function mark({ claims, values }: Mark): string {
  return `${claims.join(' or ')}${values === undefined ? '' : ` ${values.join(' or ')}`}`;
}

/** All of it as plain values: `audgate help issuer NAME --json`. */
export function profileJson(profile: Profile): JsonObject {
  const { name, title, subject, client, scopes, marks, writes_types, token_types, adds } = profile;
  return {
    name,
    title,
    subject,
    client,
    scopes: scopes.map(({ claim, form, when }) => ({ claim, form, ...(when !== undefined && { when: { ...when } }) })),
    marks: marks.map(({ claims, values }) => ({ claims, ...(values !== undefined && { values }) })),
    writes_types,
    token_types,
    adds: adds === undefined ? null : { ...adds, steps: adds.steps.map(({ where, set }) => ({ where, set })) },
    algorithms: profile.algorithms ?? null,
    issuer_form: profile.issuer_form?.example ?? null,
    token_id: profile.token_id,
    remedies: Object.fromEntries(
      Object.entries(profile.remedies).map(([topic, { sentence, steps }]) => [
        topic,
        { sentence, steps: steps.map(({ where, set }) => ({ where, set })) },
      ]),
    ),
    limits: profile.limits,
    sources: profile.sources,
  };
}
