/** Hostile tokens, made from code: each is a right token but for one thing, and says for which reason it must be refused. */
import { ALGORITHMS, type Authorities } from './authorities.ts';
import { algorithms, keyed, signatures } from './tokens/algorithms.ts';
import { audiences, bindings, claims, issuers, scopes, times, users } from './tokens/claims.ts';
import { encodings } from './tokens/encodings.ts';
import { headers, types } from './tokens/headers.ts';
import { texts } from './tokens/json.ts';

export interface HostileToken {
  readonly family: string;
  /** Unique; says what is wrong with it. */
  readonly name: string;
  readonly text: string;
  /** All reasons of the decision, in the order of precedence. */
  readonly reasons: readonly string[];
}

/** What is wrong, the token and the reasons. */
export type Made = readonly [name: string, text: string | Promise<string>, ...reasons: string[]];

export async function hostileTokens(by: Authorities): Promise<readonly HostileToken[]> {
  const families: Readonly<Record<string, Iterable<Made>>> = {
    ...Object.fromEntries(ALGORITHMS.map((algorithm) => [`alg of ${algorithm}`, algorithms(by, algorithm)])),
    ...Object.fromEntries(ALGORITHMS.map((algorithm) => [`signature of ${algorithm}`, signatures(by, algorithm)])),
    keys: keyed(by),
    header: headers(by),
    typ: types(by),
    issuer: issuers(by),
    claims: claims(by),
    times: times(by),
    audience: audiences(by),
    scope: scopes(by),
    user: users(by),
    binding: bindings(by),
    JSON: texts(by),
    encoding: encodings(await by.right('corp')),
  };
  const all = Object.entries(families).flatMap(([family, made]) =>
    Array.from(made, async ([name, text, ...reasons]): Promise<HostileToken> => {
      return { family, name: `${family}: ${name}`, text: await text, reasons };
    }),
  );
  return Promise.all(all);
}
