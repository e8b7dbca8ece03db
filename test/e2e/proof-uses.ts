/** A client with a DPoP key, for tests of single use: each of its questions holds a proof, and can be asked again. */
import { randomUUID } from 'node:crypto';
import type { Json } from '../../src/json/value.ts';
import { holderOf, prove } from '../facts/proof/prove.ts';
import { FILES, type Issuer, readFile, registryOf, startIssuer } from './issue.ts';

export interface Bound {
  readonly issuer: Issuer;
  readonly registry: object;
  /** A right question with a fresh proof. @param seconds what is added to its iat */
  question(seconds?: number): Promise<object>;
  readonly token: string;
  proof(seconds?: number): Promise<string>;
}

export async function boundClient(): Promise<Bound> {
  const issuer = await startIssuer();
  const holder = await holderOf('ES256');
  const cnf: Json = { jkt: holder.jkt };
  const token = await issuer.token(FILES, { claims: { cnf } });
  const proof = (seconds = 0) => {
    const now = Math.floor(Date.now() / 1000) + seconds;
    return prove({ holder, resource: FILES, token, now }, { claims: { jti: randomUUID() } });
  };
  return {
    issuer,
    token,
    proof,
    registry: registryOf(issuer, { files: FILES }),
    async question(seconds = 0) {
      return {
        ...readFile(FILES, token),
        scheme: 'DPoP',
        http: { method: 'POST', url: FILES },
        proof: { dpop: [await proof(seconds)] },
      };
    },
  };
}

/** The code of the first reason; `allow` where there is none. */
export const codeOf = ({ decision, reasons: [first] }: { decision: string; reasons: readonly { code: string }[] }) =>
  first?.code ?? decision;

/** How often each answer came. */
export function countOf(codes: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}
