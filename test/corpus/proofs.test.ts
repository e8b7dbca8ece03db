/** Some hundred hostile DPoP proofs, each refused for its own reason. */
import { expect, it } from 'vitest';
import { ALGORITHMS } from './authorities.ts';
import { holders } from './proofs/holders.ts';
import { hostileProofs } from './proofs.ts';
import { provingWorld, said } from './world.ts';

it('right proofs of each algorithm are let in once', async () => {
  const { decide, by } = await provingWorld();
  const held = await holders(by);
  for (const algorithm of ALGORITHMS) {
    const holder = held.of(algorithm);
    const ask = await held.ask(holder, held.proof(holder));
    expect([algorithm, said(await decide(ask))]).toEqual([algorithm, 'allow']);
    expect([algorithm, said(await decide(ask))]).toEqual([algorithm, 'deny proof_replayed']);
  }
});

it('at least 150 hostile proofs are refused, each for its own reason', async () => {
  const { by, decide } = await provingWorld();
  const corpus = await hostileProofs(by);
  expect(corpus.length).toBeGreaterThanOrEqual(150);
  expect(repeated(corpus.map(({ name }) => name))).toEqual([]);
  const wrong: object[] = [];
  for (const { name, reasons, ...ask } of corpus) {
    const decision = said(await decide(ask));
    if (decision !== ['deny', ...reasons].join(' ')) wrong.push({ name, decision, reasons });
  }
  expect(wrong).toEqual([]);
  console.log(`${corpus.length} hostile proofs`);
});

const repeated = (values: readonly string[]) => values.filter((value, at) => values.indexOf(value) !== at);
