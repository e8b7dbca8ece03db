/** A token is what its issuer signed, byte for byte. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signText } from '../../src/testing/mint.ts';
import { FILES, HEADER, openWorld, RIGHT } from './world.ts';

const BASE64URL = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'];

describe('an allowed token', () => {
  it('is refused with any byte changed, removed or added', async () => {
    const { bench, key } = await openWorld();
    const token = await signText(key('corp'), JSON.stringify(HEADER), JSON.stringify(RIGHT));
    const decide = async (text: string) => {
      const source = { kind: 'call', method: 'tools/call', tool: 'read_file' } as const;
      return (await bench.decide({ server: FILES, token: text, source })).decision.decision;
    };
    expect(await decide(token)).toBe('allow');

    const character = fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...BASE64URL) },
      { weight: 2, arbitrary: fc.constantFrom('.', '=', '+', '/', ' ', '\n', '\u0000', 'é', '\u2028') },
    );
    const at = fc.nat({ max: token.length - 1 });
    const changed = fc.oneof(
      fc.tuple(at, character).map(([i, c]) => token.slice(0, i) + c + token.slice(i + 1)),
      at.map((i) => token.slice(0, i) + token.slice(i + 1)),
      fc.tuple(at, character).map(([i, c]) => token.slice(0, i) + c + token.slice(i)),
      at.map((i) => token.slice(0, i)),
      character.map((c) => token + c),
    );
    await fc.assert(
      fc.asyncProperty(changed, async (text) => {
        fc.pre(text !== token);
        expect(await decide(text)).toBe('deny');
      }),
      { numRuns: 3000 },
    );
    // It was not the token's being refused once that refused the others.
    expect(await decide(token)).toBe('allow');
  });

  it('is refused with any one bit of its signature changed', async () => {
    const { bench, key } = await openWorld();
    const token = await signText(key('corp'), JSON.stringify(HEADER), JSON.stringify(RIGHT));
    const [header, claims, signature = ''] = token.split('.');
    const bytes = Buffer.from(signature, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const text = `${header}.${claims}.${changed.toString('base64url')}`;
      const source = { kind: 'call', method: 'tools/call', tool: 'read_file' } as const;
      const { decision } = await bench.decide({ server: FILES, token: text, source });
      expect(decision.reasons.map(({ code }) => code)).toEqual(['signature_invalid']);
    }
  });
});
