/** A token that nobody remembers, read by audgate and verified by jose alone. */
import { compactVerify, importJWK } from 'jose';
import { createTokenReader } from '../../src/facts/token/read.ts';
import type { Algorithm } from '../../src/registry/registry.ts';
import { sideBySide } from './sides.ts';
import { openStand } from './stand.ts';

export interface Cold {
  readonly algorithm: Algorithm;
  readonly jose_us: number;
  readonly audgate_us: number;
}

export async function measureCold({ tokens, rounds }: { tokens: number; rounds: number }): Promise<readonly Cold[]> {
  const results: Cold[] = [];
  for (const algorithm of ['ES256', 'RS256', 'Ed25519'] as const) {
    const stand = await openStand(algorithm);
    const texts = await Promise.all(Array.from({ length: tokens }, (_, nth) => stand.token({ jti: `token-${nth}` })));
    const imported = await importJWK(stand.key.jwk, algorithm);
    if (imported instanceof Uint8Array) throw new Error('a secret is no key of an issuer');
    const answer = { kind: 'key', key: imported, generation: {} } as const;
    const jose = async () => {
      for (const text of texts) await compactVerify(text, imported, { algorithms: [algorithm] });
    };
    const audgate = async () => {
      // A reader of its own each time, so that it remembers none of them.
      const reader = createTokenReader({ lookup: () => answer, cacheSize: tokens });
      for (const text of texts) {
        const { kind } = await reader.read(text, stand.at);
        if (kind !== 'verified') throw new Error(`a right token was ${kind}`);
      }
    };
    const contenders = [
      { name: 'jose', run: jose, times: tokens },
      { name: 'audgate', run: audgate, times: tokens },
    ];
    const taken = await sideBySide(contenders, rounds);
    results.push({ algorithm, jose_us: taken.get('jose') ?? 0, audgate_us: taken.get('audgate') ?? 0 });
    stand.close();
  }
  return results;
}
