/** A proof is what its holder signed, for one request, and opens nothing once anything of it is changed. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createAuthorities, FILES, NOW } from '../corpus/authorities.ts';
import { holders } from '../corpus/proofs/holders.ts';
import { memory, provingWorld, said } from '../corpus/world.ts';

const SEED = 9449;
const BASE64URL = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'];

async function stand() {
  const by = await createAuthorities();
  // Nothing is used, so that whatever is refused is refused for itself.
  const world = await provingWorld({ by, store: { ...memory(), use: () => ({ kind: 'fresh' }) } });
  const held = await holders(by);
  return { ...world, held, holder: held.of('ES256') };
}

it('with any character changed, removed or added it is refused', async () => {
  const { decide, held, holder } = await stand();
  const proof = await held.proof(holder);
  const ask = async (text: string) => said(await decide(await held.ask(holder, text)));
  expect(await ask(proof)).toBe('allow');
  const character = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...BASE64URL) },
    { weight: 2, arbitrary: fc.constantFrom('.', '=', '+', '/', ' ', ',', '\n', '\u0000', 'é') },
  );
  const at = fc.nat({ max: proof.length - 1 });
  const changed = fc.oneof(
    fc.tuple(at, character).map(([i, c]) => proof.slice(0, i) + c + proof.slice(i + 1)),
    at.map((i) => proof.slice(0, i) + proof.slice(i + 1)),
    fc.tuple(at, character).map(([i, c]) => proof.slice(0, i) + c + proof.slice(i)),
    at.map((i) => proof.slice(0, i)),
    character.map((c) => proof + c),
  );
  await fc.assert(
    fc.asyncProperty(changed, async (text) => {
      fc.pre(text !== proof);
      expect(await ask(text)).toMatch(/^deny proof_(invalid|mismatch)$/);
    }),
    { numRuns: 1500, seed: SEED },
  );
  expect(await ask(proof)).toBe('allow');
});

it('it opens exactly the request that it names, in its time', async () => {
  const { decide, held, holder } = await stand();
  const other = held.of('ES384');
  const request = fc.record({
    htm: fc.constantFrom('POST', 'GET', 'post', 'DELETE', ''),
    method: fc.constantFrom('POST', 'GET', 'DELETE'),
    htu: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(FILES, `${FILES}?a=b#c`, 'HTTPS://Files.Example.com:443/mcp') },
      {
        weight: 1,
        arbitrary: fc.constantFrom(`${FILES}/`, 'https://billing.example.com/mcp', 'https://files.example.com'),
      },
      { weight: 1, arbitrary: fc.webUrl() },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1 }) },
    ),
    ago: fc.oneof(fc.constantFrom(60, 61, -5, -6, 0), fc.integer({ min: -20, max: 120 })),
    own: fc.boolean(),
    scheme: fc.constantFrom('DPoP', 'dpop', 'Bearer'),
  });
  const SAME = [FILES, `${FILES}?a=b#c`, 'HTTPS://Files.Example.com:443/mcp'];
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(request, async ({ htm, method, htu, ago, own, scheme }) => {
      const proof = await held.proof(
        own ? holder : { ...other, token: holder.token },
        {},
        { htm, htu, iat: NOW - ago },
      );
      const decision = await decide({ ...(await held.ask(holder, proof)), method, scheme });
      // RFC 9449 §4.3 in one line, written a second time.
      const right = own && htm === method && SAME.includes(htu) && ago <= 60 && ago >= -5 && scheme !== 'Bearer';
      expect([said(decision), right]).toEqual([right ? 'allow' : expect.stringMatching(/^deny proof_/), right]);
      seen.add(decision.decision);
    }),
    { numRuns: 1500, seed: SEED },
  );
  expect(seen).toEqual(new Set(['allow', 'deny']));
});
