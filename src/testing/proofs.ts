/** What one case proves possession with, and what is known of the proof before. */
import { readPem, thumbprintOf } from '../facts/proof/certificate-text.ts';
import { createProofs } from '../facts/proof/create.ts';
import { createNonces, type Nonces } from '../facts/proof/nonces.ts';
import type { Proofs, UseAnswer } from '../facts/proof/proofs.ts';
import { createProofKey, prove } from './prove.ts';
import type { Case } from './schema.ts';

type Minted = Extract<NonNullable<NonNullable<Case['proof']>['dpop']>, { readonly nonce?: unknown }>;

/** As of the service (`proofs` in docs/configuration.md). */
const MAX_AGE_SECONDS = 60;
const NONCE_SECONDS = 300;

/** Of a case alone: nobody else knows it, and nobody needs to guess it. */
const nonces = (): Nonces => createNonces({ secrets: [Buffer.alloc(32)], max_age_seconds: NONCE_SECONDS });

function mintedOf(proof: Case['proof']): Minted | undefined {
  const dpop = proof?.dpop;
  return typeof dpop === 'object' && !Array.isArray(dpop) ? dpop : undefined;
}

/** Reads proofs as the service does; what is known of their use, the case says. */
export function proofsOf(proof: Case['proof']): Proofs {
  const { nonce, use = 'fresh' } = mintedOf(proof) ?? {};
  return createProofs({
    max_age_seconds: MAX_AGE_SECONDS,
    ...(nonce !== undefined && { nonces: nonces() }),
    store: { use: () => USES[use], status: () => null },
  });
}

const USES: Readonly<Record<NonNullable<Minted['use']>, UseAnswer>> = {
  fresh: { kind: 'fresh' },
  replayed: { kind: 'replayed' },
  forgotten: { kind: 'forgotten' },
  unavailable: { kind: 'unavailable', detail: 'the case says so' },
};

export interface Proved {
  /** For the token, unless the case says another. */
  readonly cnf?: { readonly jkt: string };
  /** Values of the client's DPoP header, for the token with this text. */
  dpop(token: string): Promise<readonly string[]>;
}

export interface ProvedAt {
  readonly server: string;
  /** The server's registered resource; what the case has in its place where there is none. */
  readonly resource: string;
  readonly method: string;
  /** Seconds since the epoch. */
  readonly now: number;
  readonly newId: () => string;
}

/** What a token is bound to by a certificate; undefined where there is none that can be read. */
export function boundBy(proof: Case['proof']): { readonly 'x5t#S256': string } | undefined {
  const pem = proof?.client_certificate;
  const read = pem === undefined ? undefined : thumbprintOf(readPem(pem));
  return read?.ok ? { 'x5t#S256': read.thumbprint } : undefined;
}

/** @returns null where the client shows no DPoP proof */
export async function provedBy(proof: Case['proof'], at: ProvedAt): Promise<Proved | null> {
  const dpop = proof?.dpop;
  if (dpop === undefined) return null;
  if (typeof dpop === 'string') return { dpop: () => Promise.resolve([dpop]) };
  if (Array.isArray(dpop)) return { dpop: () => Promise.resolve(dpop) };
  const minted = mintedOf(proof) ?? {};
  const { algorithm, header, claims, sign, key, times = 1 } = minted;
  const holder = await createProofKey(algorithm);
  const prover = key === 'other' ? await createProofKey(algorithm) : holder;
  const { resource, method, now, newId } = at;
  const nonce = nonceOf(minted, at);
  const right = { resource, method, now, nonce };
  const spec = { ...(header && { header }), ...(claims && { claims }), ...(sign && { sign }) };
  return {
    cnf: { jkt: holder.jkt },
    dpop: (token) =>
      Promise.all(Array.from({ length: times }, () => prove(prover, { ...right, token, proof_id: newId() }, spec))),
  };
}

function nonceOf({ nonce }: Minted, { server, now }: ProvedAt): string | undefined {
  if (nonce === undefined || nonce === 'missing') return undefined;
  const age = { fresh: 0, ageing: NONCE_SECONDS - 1, old: NONCE_SECONDS + 1 }[nonce];
  return nonces().issue(server, now - age);
}
