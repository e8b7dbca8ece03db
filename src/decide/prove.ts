/** What a proof of possession is held against, from the question. */
import type { TokenFacts } from '../decision/facts.ts';
import type { ProofContext, UseSettings } from '../facts/proof/proofs.ts';
import type { ServerRecord } from '../registry/registry.ts';
import type { Ask } from './ask.ts';

/** @param now seconds since the epoch */
export function proofContext(
  { scheme = 'Bearer', source, method, proved_at }: Ask,
  text: string,
  token: TokenFacts,
  server: ServerRecord,
  now: number,
): ProofContext {
  return {
    token,
    text,
    // Stage 2 let only these two through.
    scheme: scheme.toLowerCase() === 'dpop' ? 'dpop' : 'bearer',
    server,
    method: source?.kind === 'request' ? source.method : method,
    now: proved_at ?? now,
  };
}

export function retryOf({ retry_id }: Ask): Pick<UseSettings, 'retry_id'> {
  return retry_id === undefined ? {} : { retry_id };
}
