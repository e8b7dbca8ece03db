/** What entries ask of the user's authentication (RFC 9470), together: nobody who fails one of them satisfies all. */
import type { WrittenOperation } from './schema/operation.ts';

export type Asked = NonNullable<WrittenOperation['authentication']>;

/**
 * @returns the values of acr that all of them take, in the order of the first, and the shortest age; undefined where none
 * asks anything. An empty list of values is one that no token satisfies, not none.
 */
export function strictest(entries: readonly Pick<WrittenOperation, 'authentication'>[]): Asked | undefined {
  const asked = entries.flatMap(({ authentication }) => authentication ?? []);
  if (asked.length === 0) return undefined;
  const [first, ...others] = asked.flatMap(({ acr_values }) => (acr_values === undefined ? [] : [acr_values]));
  const ages = asked.flatMap(({ max_age_seconds }) => max_age_seconds ?? []);
  return {
    ...(first && {
      acr_values: [...new Set(first)].filter((value) => others.every((values) => values.includes(value))),
    }),
    ...(ages.length > 0 && { max_age_seconds: Math.min(...ages) }),
  };
}
