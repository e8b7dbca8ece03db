/** A signature of RSA-PSS that starts with a zero, and is sent without it (RFC 8017 §8.1.2, step 1). */
import { compactVerify, importJWK } from 'jose';
import { expect, it } from 'vitest';
import { holders } from './proofs/holders.ts';
import { forged } from './tokens/algorithms.ts';
import { provingWorld, said } from './world.ts';

/** One in 256 is so; which one, nobody knows before. */
async function startingWithZero(sign: (nth: number) => Promise<string>): Promise<string> {
  for (let nth = 0; ; nth++) {
    const text = await sign(nth);
    if (Buffer.from(text.slice(text.lastIndexOf('.') + 1), 'base64url')[0] === 0) return text;
  }
}
const cut = (text: string) => forged(text, (signature) => signature.subarray(1));

it('is taken by the library, and refused here: of tokens and of proofs', async () => {
  const { by, decide } = await provingWorld();
  const token = await startingWithZero((nth) => by.token('of-ps256', {}, { jti: `token-${nth}` }));
  const key = await importJWK(by.key('of-ps256').jwk, 'PS256');
  expect(await compactVerify(cut(token), key)).toHaveProperty('payload');
  expect(said(await decide({ token }))).toBe('allow');
  expect(said(await decide({ token: cut(token) }))).toBe('deny signature_invalid');

  const held = await holders(by);
  const holder = held.of('PS256');
  const proof = await startingWithZero(() => held.proof(holder));
  expect(said(await decide(await held.ask(holder, cut(proof))))).toBe('deny proof_invalid');
  expect(said(await decide(await held.ask(holder, proof)))).toBe('allow');
});
