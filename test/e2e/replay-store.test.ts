/** One proof opens one call: in one process, at replicas that share a Valkey, and with everything that can befall it. */
import { expect, it } from 'vitest';
import { startValkey } from '../sources/valkey.ts';
import { boundClient, codeOf, countOf } from './proof-uses.ts';
import { start, until } from './start.ts';

const EQUALS = 200;
const REPLAYED = { allow: 1, proof_replayed: EQUALS - 1 };

it('of 200 equal proofs at once exactly one is allowed by one process', async () => {
  const { registry, question } = await boundClient();
  const service = await start({ registry });
  // Also the very first: audgate listens once the second in which it began is over.
  expect(codeOf(await service.decide(await question()))).toBe('allow');
  const proof = await question();
  const codes = await Promise.all(Array.from({ length: EQUALS }, async () => codeOf(await service.decide(proof))));
  expect(countOf(codes)).toEqual(REPLAYED);
});

it('of 200 equal proofs at once exactly one is allowed by two replicas with one Valkey', async () => {
  const { registry, question } = await boundClient();
  const { url } = await startValkey();
  const config = { proofs: { replicas: 2, replay: { store: { valkey: { url } }, timeout_ms: 5000 } } };
  const replicas = await Promise.all([start({ registry, config }), start({ registry, config })]);
  for (const replica of replicas)
    await until(
      async () => codeOf(await replica.decide(await question())),
      (code) => code === 'allow',
    );
  const proof = await question();
  const codes = await Promise.all(
    Array.from({ length: EQUALS / 2 }, () =>
      replicas.map(async (replica) => codeOf(await replica.decide(proof))),
    ).flat(),
  );
  expect(countOf(codes)).toEqual(REPLAYED);
});
