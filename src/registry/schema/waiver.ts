/** The members of a waiver, by what it waives. */
import { z } from 'zod';
import { OBSERVABLE_CODES } from '../../decision/observe.ts';
import { audience, clean, issuerKey, MAX_CLAIM } from './values.ts';

/** Seconds. Where the contract allows an hour, a waiver may allow a day. */
const MAX_WAIVED_LIFETIME = 86_400;

const waiverShape = {
  issuer: issuerKey,
  client_id: clean('the exact client_id, 1 to 255 characters', MAX_CLAIM, 'client-1'),
  operations: z
    .array(clean('METHOD, or METHOD TARGET for methods by target', 4096, 'tools/call read_file'))
    .min(1)
    .meta({
      description: 'the list of operations, each METHOD or METHOD TARGET',
      examples: [['tools/call read_file']],
    }),
  owner: clean('who answers for this waiver', MAX_CLAIM, 'team-files@example.com'),
  reason: clean('why the waiver is needed', 2000, 'corp cannot issue audience-bound tokens before December'),
  until: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/)
    .meta({ description: 'the end in UTC (RFC 3339 with Z)', examples: ['2026-12-31T00:00:00Z'] }),
};
export const audienceWaiverShape = { what: z.literal('audience'), ...waiverShape, audience };
export const lifetimeWaiverShape = {
  what: z.literal('lifetime'),
  ...waiverShape,
  max_lifetime_seconds: z
    .int()
    .min(1)
    .max(MAX_WAIVED_LIFETIME)
    .meta({ description: 'a whole number of seconds, 1 to 86400' }),
};

const observeWaiverShape = {
  what: z.literal('observe'),
  ...waiverShape,
  codes: z
    .array(
      z.enum(OBSERVABLE_CODES).meta({ description: `a code that can be observed: ${OBSERVABLE_CODES.join(', ')}` }),
    )
    .min(1)
    .meta({
      description: 'the list of codes that are told in advice.would_deny, and do not deny',
      examples: [['scope_insufficient']],
    }),
};

export const waiver = z
  .union([z.strictObject(audienceWaiverShape), z.strictObject(lifetimeWaiverShape), z.strictObject(observeWaiverShape)])
  .meta({ description: 'a waiver, a mapping with what, issuer, client_id, operations, owner, reason and until' });

export type WrittenWaiver = z.infer<typeof waiver>;
