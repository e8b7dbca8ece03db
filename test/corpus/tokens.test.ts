/** Some hundred hostile tokens, each refused for its own reason, in process and over HTTP. */
import { expect, it } from 'vitest';
import { ALGORITHMS, issuerOf } from './authorities.ts';
import { hostileTokens } from './tokens.ts';
import { openWorld, said } from './world.ts';

it('right tokens of each algorithm are let in: whatever else is refused is refused for what it says', async () => {
  const { by, decide } = await openWorld();
  for (const issuer of [...ALGORITHMS.map(issuerOf), 'corp', 'older', 'pair'])
    expect([issuer, said(await decide({ token: await by.right(issuer) }))]).toEqual([issuer, 'allow']);
});

it('at least 400 hostile tokens are refused, each for its own reason', async () => {
  const { by, decide } = await openWorld();
  const corpus = await hostileTokens(by);
  expect(repeated(corpus.map(({ name }) => name))).toEqual([]);
  expect(repeated(corpus.map(({ text }) => text))).toEqual([]);
  expect(corpus.length).toBeGreaterThanOrEqual(400);
  const wrong: object[] = [];
  for (const { name, text, reasons } of corpus) {
    const decision = said(await decide({ token: text }));
    if (decision !== ['deny', ...reasons].join(' ')) wrong.push({ name, decision, reasons });
  }
  expect(wrong).toEqual([]);
  console.log(`${corpus.length} hostile tokens`);
});

const repeated = (values: readonly string[]) => values.filter((value, at) => values.indexOf(value) !== at);
