/** Proofs as a configuration asks for them: secrets of nonces read, and the store of used proofs opened. */

import type { ProofsConfig } from '../config/proofs.ts';
import { createProofs } from '../facts/proof/create.ts';
import { createMemoryStore, TIMER_MS } from '../facts/proof/memory.ts';
import { createNonces, MIN_SECRET_BYTES, type Nonces } from '../facts/proof/nonces.ts';
import type { Proofs, UseAnswer } from '../facts/proof/proofs.ts';
import type { UseStore } from '../facts/proof/store.ts';
import type { Metrics } from '../record/metrics.ts';
import type { Log } from '../service.ts';
import { openUsedProofs } from './used-proofs.ts';

export interface ProofsParts {
  /** Its files located. */
  readonly config: ProofsConfig;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Nanoseconds of a clock that never jumps. */
  readonly ticks: () => bigint;
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Contents of a file of the configuration. */
  readonly readFile: (path: string) => Promise<string>;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'proofUsed'>;
}

export interface OpenProofs extends Proofs {
  /** Settles once a proof that is made now is accepted: those of the second in which this process began, or a shared store, are not. */
  ready(): Promise<void>;
  close(): void;
}

export type OpenedProofs =
  | { readonly ok: true; readonly proofs: OpenProofs }
  | { readonly ok: false; readonly problems: readonly string[] };

export async function openProofs(parts: ProofsParts): Promise<OpenedProofs> {
  const { config, now, metrics } = parts;
  const { max_age_seconds, nonce } = config;
  // The first whole second of this process: a proof of an earlier one may have been used in a former process.
  const started_at = Math.ceil(now() / 1000);
  const [signing, kept] = await Promise.all([
    nonce === undefined ? null : openNonces(nonce, parts.readFile),
    openStore(parts, started_at),
  ]);
  const problems = [signing, kept].flatMap((opened) => (opened?.ok === false ? opened.problems : []));
  if (problems.length > 0 || signing?.ok === false || !kept.ok) {
    if (kept.ok) kept.close();
    return { ok: false, problems };
  }
  const { store } = kept;
  const proofs = createProofs({
    max_age_seconds,
    store,
    ...(signing !== null && { nonces: signing.nonces }),
    ...(config.replay.store === 'memory' && { started_at }),
  });
  return {
    ok: true,
    proofs: {
      ...proofs,
      async use(once, how) {
        const answer = await proofs.use(once, how);
        if (how.mark) metrics.proofUsed(outcomeOf(answer));
        return answer;
      },
      ready: kept.ready,
      close: kept.close,
    },
  };
}

const outcomeOf = (answer: UseAnswer) => (answer.kind === 'fresh' && answer.again ? 'retried' : answer.kind);

type OpenedStore =
  | {
      readonly ok: true;
      readonly store: UseStore;
      readonly ready: () => Promise<void>;
      readonly close: () => void;
    }
  | { readonly ok: false; readonly problems: readonly string[] };

async function openStore(parts: ProofsParts, started_at: number): Promise<OpenedStore> {
  const { store, max_entries, timeout_ms } = parts.config.replay;
  if (store === 'memory')
    return {
      ok: true,
      store: createMemoryStore({ ...parts, max_entries, started_at }),
      ready: async () => {
        const early = started_at * 1000 - parts.now();
        if (early > 0) await parts.wait(early + TIMER_MS);
      },
      close: () => {},
    };
  const opened = await openUsedProofs({ ...parts, config: store.valkey, timeout_ms });
  return opened.ok ? opened : { ok: false, problems: [`proofs.replay.store.valkey ${opened.problem}`] };
}

type OpenedNonces =
  | { readonly ok: true; readonly nonces: Nonces }
  | { readonly ok: false; readonly problems: readonly string[] };

async function openNonces(
  { secret_file, max_age_seconds }: NonNullable<ProofsConfig['nonce']>,
  readFile: ProofsParts['readFile'],
): Promise<OpenedNonces> {
  const problems: string[] = [];
  const secrets: Uint8Array[] = [];
  for (const file of typeof secret_file === 'string' ? [secret_file] : secret_file) {
    try {
      // One line's end, as editors write it, is no part of a secret.
      const secret = Buffer.from((await readFile(file)).replace(/\r?\n$/, ''));
      if (secret.length >= MIN_SECRET_BYTES) secrets.push(secret);
      else problems.push(`${file} has ${secret.length} bytes, and at least ${MIN_SECRET_BYTES} are needed: ${MAKE}`);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown failure';
      problems.push(`${file} cannot be read (${code}): ${MAKE}`);
    }
  }
  if (problems.length > 0)
    return { ok: false, problems: problems.map((problem) => `proofs.nonce.secret_file ${problem}`) };
  return { ok: true, nonces: createNonces({ secrets, max_age_seconds }) };
}

const MAKE = 'make one with openssl rand -hex 32, the same for all replicas';
