/** Lists of revoked tokens: where they stand, how old they may be, and who may feed them with events. */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { JsonProblem } from '../json/locate.ts';
import { mismatches } from '../json/mismatch.ts';
import { locateValkey, valkeyMembers, valkeyProblems } from './valkey.ts';

const whole = (least: number, most: number) => {
  const error = (issue: { code?: string }) =>
    issue.code === 'invalid_type' ? undefined : `must be from ${least} to ${most}`;
  return z.int().min(least, { error }).max(most, { error });
};

/** Words of a key that separate nothing and need no quotation in a shell. */
const KEY = /^[A-Za-z0-9:._{}-]{1,200}$/;

export const revocation = z
  .strictObject({
    file: z
      .string()
      .min(1, { error: 'must name a file' })
      .exactOptional()
      .describe('file of revoked tokens, one JSON object a line, relative to this one; it must exist, and is watched'),
    valkey: z
      .strictObject({
        ...valkeyMembers,
        key: z
          .string()
          .regex(KEY, { error: 'must be 1 to 200 letters, digits and : . _ { } -' })
          .default('audgate:revoked')
          .describe('key of the stream that holds the entries'),
        timeout_ms: whole(50, 10_000).default(1000).describe('time for one command, milliseconds'),
      })
      .exactOptional()
      .describe('Valkey or Redis (7 or later, with maxmemory-policy noeviction) that holds the list for all replicas'),
    max_staleness_seconds: whole(2, 3600)
      .default(5)
      .describe('while a list could not be read for longer, nothing is allowed (revocation_unavailable)'),
    max_entries: whole(1, 1_000_000)
      .default(100_000)
      .describe('entries of one list at most; with more, nothing is allowed'),
    events: z
      .strictObject({
        issuers: z
          .record(
            z.string().min(1),
            z.strictObject({
              audience: z
                .string()
                .min(1, { error: 'must be the aud that the transmitter puts into its events' })
                .describe('aud of its events, byte for byte'),
              subjects_of: z
                .array(z.string().min(1))
                .min(1, { error: 'must hold at least one registry key' })
                .exactOptional()
                .describe('registry keys of the issuers whose tokens it may revoke; by default its own'),
            }),
          )
          .describe('transmitters by registry key: each is a registered issuer, whose keys sign its events'),
      })
      .exactOptional()
      .describe(
        'POST /v1/events takes Security Event Tokens (RFC 8935); needs file or valkey, and callers with events',
      ),
  })
  .describe('tokens that are revoked before their end; without it none is');

export type RevocationConfig = z.output<typeof revocation>;

/** What no single member shows. */
export function revocationProblems(written: RevocationConfig | undefined): readonly JsonProblem[] {
  if (written === undefined) return [];
  const { file, valkey, events } = written;
  const problems: JsonProblem[] = [];
  if (file === undefined && valkey === undefined)
    problems.push({ pointer: '/revocation', message: 'names no list: expected file, valkey or both' });
  if (events !== undefined && Object.keys(events.issuers).length === 0)
    problems.push({ pointer: '/revocation/events/issuers', message: 'must name at least one issuer' });
  return [...problems, ...(valkey === undefined ? [] : valkeyProblems(valkey, '/revocation/valkey'))];
}

/** The same with its files resolved against the configuration's folder. */
export function locateRevocation(written: RevocationConfig, folder: string): RevocationConfig {
  const { file, valkey } = written;
  return {
    ...written,
    ...(file !== undefined && { file: resolve(folder, file) }),
    ...(valkey && { valkey: locateValkey(valkey, folder) }),
  };
}

/** Where a server in its own process finds the lists; as the configuration has them, but that nobody sends it events. */
export type RevocationOptions = Omit<z.input<typeof revocation>, 'events'>;

/** @throws with every problem. Paths are relative to the working folder. */
export function readRevocation(written: RevocationOptions): RevocationConfig {
  const parsed = revocation.safeParse(written);
  const problems = parsed.success
    ? revocationProblems(parsed.data)
    : mismatches(revocation, written, parsed.error.issues).map(({ pointer, message }) => ({
        pointer: `/revocation${pointer}`,
        message,
      }));
  if (!parsed.success || problems.length > 0)
    throw new Error(`revocation cannot be used:\n${problems.map((one) => `${one.pointer} ${one.message}`).join('\n')}`);
  return locateRevocation(parsed.data, '.');
}
