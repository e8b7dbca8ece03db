/** What a proof of possession is held against, from the question. */
import { hash } from 'node:crypto';
import type { CallFacts, TokenFacts } from '../decision/facts.ts';
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

/**
 * Names the client's request where somebody vouches for its id: a gateway that asks once more about it is no second use. The
 * call is part of the name, or a client that may choose ids after all could put another call under the same one.
 */
export function retryOf(
  { context, source }: Ask,
  { name, request_ids = false }: Caller,
  call: CallFacts,
): Pick<UseSettings, 'retry_id'> {
  const id = context?.request_id ?? '';
  return request_ids && id !== '' ? { retry_id: JSON.stringify([name, id, call, digestOf(source)]) } : {};
}

/** Of what the call was read from: arguments are not read where no rule judges them. */
function digestOf(source: Ask['source']): string {
  switch (source?.kind) {
    case 'body':
      return hash('sha256', source.body, 'base64url');
    case 'message':
      return hash('sha256', JSON.stringify(source.message), 'base64url');
    case 'request': {
      const { method, body } = source;
      return `${method} ${body.kind === 'whole' ? hash('sha256', body.bytes, 'base64url') : body.kind}`;
    }
    default:
      return '';
  }
}
