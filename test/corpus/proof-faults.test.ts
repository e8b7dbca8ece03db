/** Hostile proofs, while something that a decision depends on fails: whatever was refused stays refused. */
import { describe, expect, it } from 'vitest';
import type { UseAnswer } from '../../src/facts/proof/proofs.ts';
import type { UseStore } from '../../src/facts/proof/store.ts';
import { NO_REVOCATIONS, type Revocations } from '../../src/facts/revocation/revocations.ts';
import { each } from '../e2e/start.ts';
import { type Holders, type HostileAsk, holders } from './proofs/holders.ts';
import { type HostileProof, hostileProofs } from './proofs.ts';
import { memory, provingWorld, said, type World } from './world.ts';

const EXPECTED = ({ reasons }: HostileProof) => ['deny', ...reasons].join(' ');

async function otherwise(world: World, corpus: readonly HostileProof[], width = 1) {
  const wrong: object[] = [];
  await each(corpus, width, async (hostile) => {
    const { name, family: _, reasons: __, ...ask } = hostile;
    const decision = said(await world.decide(ask));
    if (decision !== EXPECTED(hostile)) wrong.push({ name, decision, wanted: EXPECTED(hostile) });
  });
  return wrong;
}

function rightOf(held: Holders): Promise<HostileAsk> {
  const holder = held.of('ES256');
  return held.ask(holder, held.proof(holder));
}

/** A store that does as it is told, and counts what it is asked. */
function told(store: UseStore): UseStore & { down: boolean; used: number } {
  const gone: UseAnswer = { kind: 'unavailable', detail: 'it is gone' };
  return {
    down: false,
    used: 0,
    use(...asked) {
      this.used += 1;
      return this.down ? gone : store.use(...asked);
    },
    status: () => store.status(),
  };
}

describe('used proofs', () => {
  it('are not asked about for a proof that is refused anyway', async () => {
    const store = told(memory());
    const world = await provingWorld({ store });
    const corpus = await hostileProofs(world.by);
    expect(await otherwise(world, corpus)).toEqual([]);
    expect(store.used).toBe(0);
    const ask = await rightOf(await holders(world.by));
    expect(said(await world.decide(ask))).toBe('allow');
    expect(store.used).toBe(1);
  });

  it('that nobody can know about open nothing, and change no deny', async () => {
    const store = told(memory());
    const world = await provingWorld({ store });
    const corpus = await hostileProofs(world.by);
    const held = await holders(world.by);
    const [used, fresh] = [await rightOf(held), await rightOf(held)];
    expect(said(await world.decide(used))).toBe('allow');
    store.down = true;
    expect(await otherwise(world, corpus)).toEqual([]);
    for (const ask of [used, fresh])
      expect(said(await world.decide(ask))).toBe('indeterminate replay_store_unavailable');
    store.down = false;
    expect(said(await world.decide(used))).toBe('deny proof_replayed');
    expect(said(await world.decide(fresh))).toBe('allow');
  });

  it('that are as many as may be forget none for a new one', async () => {
    const world = await provingWorld({ store: memory(2) });
    const corpus = await hostileProofs(world.by);
    const held = await holders(world.by);
    const used = [await rightOf(held), await rightOf(held)];
    for (const ask of used) expect(said(await world.decide(ask))).toBe('allow');
    expect(await otherwise(world, corpus)).toEqual([]);
    for (let nth = 0; nth < 20; nth++)
      expect(said(await world.decide(await rightOf(held)))).toBe('indeterminate replay_store_unavailable');
    for (const ask of used) expect(said(await world.decide(ask))).toBe('deny proof_replayed');
  });
});

describe('keys', () => {
  it('that cannot be had change no deny, and use no proof', async () => {
    const store = told(memory());
    const world = await provingWorld({ store });
    const corpus = await hostileProofs(world.by);
    world.keys.turn('fail');
    expect(await otherwise(world, corpus)).toEqual([]);
    expect(said(await world.decide(await rightOf(await holders(world.by))))).toBe('indeterminate keys_unavailable');
    expect(store.used).toBe(0);
  });

  it('that come late change no deny', async () => {
    const world = await provingWorld();
    const corpus = await hostileProofs(world.by);
    world.keys.turn('hold');
    const deciding = otherwise(world, corpus, corpus.length);
    await expect.poll(() => world.keys.requests()).toBeGreaterThan(0);
    world.keys.turn('serve');
    expect(await deciding).toEqual([]);
  });

  it('that are changed about let in no hostile proof', async () => {
    const world = await provingWorld({ max_age_seconds: 0, cooldown_seconds: 0 });
    // Those of a wrong time are right ones at another.
    const corpus = (await hostileProofs(world.by)).filter(({ family }) => family !== 'time');
    const held = await holders(world.by);
    const rights = new Set<string>();
    const wrong: string[] = [];
    let turns = 0;
    await each(corpus, 8, async ({ name, family: _, reasons: __, ...ask }) => {
      if (turns++ % 40 === 0) {
        world.keys.turn(turns % 80 === 1 ? 'others' : 'serve');
        // Seconds that proofs still bear.
        world.pass(1);
        rights.add(said(await world.decide(await rightOf(held))));
      }
      if ((await world.decide(ask)).decision === 'allow') wrong.push(name);
    });
    expect(wrong).toEqual([]);
    expect(rights).toEqual(new Set(['allow', 'deny signature_invalid']));
  });
});

it('revoked tokens of which there is no list: no deny changes, and no proof is used', async () => {
  const gone: Revocations = { ...NO_REVOCATIONS, judge: () => ({ kind: 'unavailable', detail: 'it is gone' }) };
  const store = told(memory());
  const world = await provingWorld({ store, revocations: gone });
  const corpus = await hostileProofs(world.by);
  expect(await otherwise(world, corpus)).toEqual([]);
  expect(said(await world.decide(await rightOf(await holders(world.by))))).toBe('indeterminate revocation_unavailable');
  expect(store.used).toBe(0);
});

it('a reload under way changes no deny, and forgets no used proof', async () => {
  const world = await provingWorld();
  const corpus = await hostileProofs(world.by);
  const held = await holders(world.by);
  const used = await rightOf(held);
  expect(said(await world.decide(used))).toBe('allow');
  const found: object[] = [];
  let decided = 0;
  let reloads = 0;
  let reloading: Promise<unknown> = Promise.resolve();
  await each(corpus, 8, async (hostile) => {
    if (decided++ % 100 === 0) reloading = world.service.reload().then(() => (reloads += 1));
    const { name, family: _, reasons: __, ...ask } = hostile;
    const decision = said(await world.decide(ask));
    if (decision !== EXPECTED(hostile)) found.push({ name, decision });
    if (decided % 100 === 50) expect(said(await world.decide(used))).toBe('deny proof_replayed');
  });
  await reloading;
  expect(found).toEqual([]);
  expect(reloads).toBeGreaterThan(5);
});
