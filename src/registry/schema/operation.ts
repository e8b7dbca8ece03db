/** What the registry says of one operation: scopes, and how the user must have been authenticated. */
import { z } from 'zod';
import { labels, MAX_CLAIM, SCOPE, scopes } from './values.ts';

/** A year: whoever means longer asks nothing. */
const MAX_AUTHENTICATION_AGE = 31_536_000;

/** RFC 9470 §3 lists them with spaces between, inside a quoted text. */
const acrValue = z
  .string()
  .max(MAX_CLAIM)
  .regex(SCOPE)
  .meta({ description: 'an acr value of 1 to 255 visible ASCII characters without space, " and \\' });
export const authentication = z
  .strictObject({
    acr_values: z
      .array(acrValue)
      .min(1)
      .exactOptional()
      .meta({ description: 'a list of one or more acr values, of which the token must hold one' }),
    max_age_seconds: z
      .int()
      .min(0)
      .max(MAX_AUTHENTICATION_AGE)
      .exactOptional()
      .meta({ description: `a whole number of seconds, 0 to ${MAX_AUTHENTICATION_AGE}` }),
  })
  .refine(({ acr_values, max_age_seconds }) => acr_values !== undefined || max_age_seconds !== undefined, {
    // A misspelt member is told by itself.
    when: ({ issues }) => issues.length === 0,
  })
  .exactOptional()
  .meta({
    description: 'a mapping with acr_values, max_age_seconds or both (RFC 9470)',
    examples: [{ acr_values: ['mfa'], max_age_seconds: 300 }],
    minProperties: 1,
  });
export const operation = z
  .strictObject({ scopes: scopes.default([]), authentication, labels })
  .meta({ description: 'a mapping with scopes, authentication and labels', examples: [{ scopes: ['files:read'] }] });

export type WrittenOperation = z.infer<typeof operation>;
