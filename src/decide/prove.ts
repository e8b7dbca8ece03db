/** What a proof of possession is held against, from the question. */
import type { TokenFacts } from '../decision/facts.ts';
import type { ProofContext, UseSettings } from '../facts/proof/proofs.ts';
import type { ServerRecord } from '../registry/registry.ts';
import type { Ask, Caller } from './ask.ts';

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

/** Names the client's request where somebody vouches for its id: a gateway that asks once more about it is no second use. */
export function retryOf({ context }: Ask, { name, request_ids = false }: Caller): Pick<UseSettings, 'retry_id'> {
  const id = context?.request_id ?? '';
  return request_ids && id !== '' ? { retry_id: JSON.stringify([name, id]) } : {};
}
