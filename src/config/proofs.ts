/** DPoP proofs: how old they may be, whether they need nonces, and where it stands which were used. */
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
const secretFile = z.string().min(1, { error: 'must name a file' });

/** Words of a key that separate nothing and need no quotation in a shell. */
const KEY = /^[A-Za-z0-9:._{}-]{1,200}$/;

const nonce = z
  .strictObject({
    secret_file: z
      .union([secretFile, z.array(secretFile).min(1, { error: 'must hold at least one file' })], {
        error: 'must name a file, or be a list of files',
      })
      .describe(
        'file with a secret of at least 32 bytes, the same for all replicas, relative to this one; a list while one takes the place of another: the first one signs, each is accepted',
      ),
    max_age_seconds: whole(10, 3600).default(300).describe('age up to which a nonce is accepted, seconds'),
  })
  .describe('proofs must hold a nonce of this service (RFC 9449 §9); without it none is asked for');

const store = z
  .union(
    [
      z.literal('memory'),
      z.strictObject({
        valkey: z.strictObject({
          ...valkeyMembers,
          key: z
            .string()
            .regex(KEY, { error: 'must be 1 to 200 letters, digits and : . _ { } -' })
            .default('audgate:proofs')
            .describe('what the keys of used proofs begin with; the same for all replicas'),
        }),
      }),
    ],
    { error: 'must be memory, or an object with valkey' },
  )
  .describe(
    'where it stands which proofs were used: memory (of one process), or an object with valkey: Valkey, or Redis 7 or later, with maxmemory-policy noeviction, for all replicas',
  );

export const proofs = z.strictObject({
  max_age_seconds: whole(5, 300).default(60).describe('age up to which a DPoP proof is accepted, seconds'),
  nonce: nonce.exactOptional(),
  replay: z
    .strictObject({
      store: store.default('memory'),
      max_entries: whole(100, 10_000_000)
        .default(100_000)
        .describe('used proofs that memory holds; when it is full, calls with proofs get replay_store_unavailable'),
      timeout_ms: whole(20, 5000).default(250).describe('time for one question to a shared store, milliseconds'),
    })
    .prefault({}),
  replicas: whole(1, 1000)
    .default(1)
    .describe('processes that answer for the same servers; more than one need a shared store'),
});

export type ProofsConfig = z.output<typeof proofs>;
export type ProofsOptions = z.input<typeof proofs>;

/** What no single member shows. */
export function proofsProblems({ replay, replicas }: ProofsConfig): readonly JsonProblem[] {
  if (replay.store !== 'memory') return valkeyProblems(replay.store.valkey, '/proofs/replay/store/valkey');
  if (replicas === 1) return [];
  const message =
    'needs a store that all replicas share, or one proof opens a call at each: set proofs.replay.store to { valkey: { url: … } }';
  return [{ pointer: '/proofs/replicas', message }];
}

/**
 * As somebody writes it in a program of his own.
 * @throws with all that is wrong with it
 */
export function readProofs(written: ProofsOptions): ProofsConfig {
  const parsed = proofs.safeParse(written);
  const problems = parsed.success
    ? proofsProblems(parsed.data)
    : mismatches(proofs, written, parsed.error.issues).map(({ pointer, message }) => ({
        pointer: `/proofs${pointer}`,
        message,
      }));
  if (!parsed.success || problems.length > 0)
    throw new Error(`proofs cannot be used:\n${problems.map((one) => `${one.pointer} ${one.message}`).join('\n')}`);
  return locateProofs(parsed.data, '.');
}

/** The same with its files resolved against the configuration's folder. */
export function locateProofs(written: ProofsConfig, folder: string): ProofsConfig {
  const { nonce: asked, replay } = written;
  const at = (file: string) => resolve(folder, file);
  return {
    ...written,
    ...(asked && {
      nonce: {
        ...asked,
        secret_file: typeof asked.secret_file === 'string' ? at(asked.secret_file) : asked.secret_file.map(at),
      },
    }),
    replay: {
      ...replay,
      store: replay.store === 'memory' ? 'memory' : { valkey: locateValkey(replay.store.valkey, folder) },
    },
  };
}
