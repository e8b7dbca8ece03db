/** What verified tokens take that are remembered, and that no more are than may be. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { importJWK } from 'jose';
import { createTokenReader, type TokenReader } from '../../src/facts/token/read.ts';
import { openStand } from './stand.ts';

export interface Memory {
  readonly tokens: number;
  /** Characters of one. */
  readonly length: number;
  /** Bytes of heap for all of them. */
  readonly bytes: number;
  /** Bytes that as many again add, where they take the place of the first. */
  readonly more: number;
}

const WARM_UP = 2000;

export async function measureMemory({ remembered }: { remembered: number }): Promise<Memory> {
  const stand = await openStand('ES256');
  const key = await importJWK(stand.key.jwk, 'ES256');
  if (key instanceof Uint8Array) throw new Error('a secret is no key of an issuer');
  const answer = { kind: 'key', key, generation: {} } as const;
  const readerOf = (cacheSize: number) => createTokenReader({ lookup: () => answer, cacheSize });
  let last = '';
  const fill = async (reader: TokenReader, count: number, series: string) => {
    for (let nth = 0; nth < count; nth++) {
      const claims = { sub: `user-${nth}@example.com`, client_id: `client-${nth % 100}`, jti: `${series}-${nth}` };
      const text = await stand.token(claims);
      last = text;
      if ((await reader.read(text, stand.at)).kind !== 'verified') throw new Error('a right token was refused');
    }
  };
  // What is compiled and imported once is nobody's token.
  await fill(readerOf(WARM_UP), WARM_UP, 'warm');
  const before = used();
  const reader = readerOf(remembered);
  await fill(reader, remembered, 'first');
  const full = used();
  await fill(reader, remembered, 'second');
  const again = used();
  stand.close();
  // It remembers until here: one of the last is answered at once.
  if (reader.read(last, stand.at) instanceof Promise) throw new Error('a token was forgotten');
  return { tokens: remembered, length: last.length, bytes: full - before, more: again - full };
}

/** Bytes of heap after what nobody holds is gone. */
function used(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let times = 0; times < 3; times++) collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
