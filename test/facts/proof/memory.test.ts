/** Used proofs in one process: what it held is never fresh again while its age would let it through. */
import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/facts/proof/memory.ts';

const START = 1_795_435_200;
const AGE = 66;

function storeOf(max_entries = 100) {
  let seconds = START;
  let ticks = 0n;
  const waits: number[] = [];
  const store = createMemoryStore({
    max_entries,
    started_at: START,
    now: () => seconds * 1000,
    ticks: () => ticks,
    wait: (milliseconds) => {
      waits.push(milliseconds);
      return Promise.resolve();
    },
  });
  return {
    ...store,
    waits,
    /** The clock of the wall. */
    clock: (at: number) => {
      seconds = at;
    },
    /** Seconds that really go by. */
    pass: (amount: number) => {
      seconds += amount;
      ticks += BigInt(Math.round(amount * 1e9));
    },
    use: (key: string, issued_at = seconds, retry?: string) =>
      store.use(key, { issued_at, until: issued_at + AGE, ...(retry !== undefined && { retry }) }, true),
    ask: (key: string, issued_at = seconds) => store.use(key, { issued_at, until: issued_at + AGE }, false),
  };
}

const FRESH = { kind: 'fresh' };
const REPLAYED = { kind: 'replayed' };

describe('used proofs in memory', () => {
  it('are fresh once, and until they are too old', () => {
    const { use, pass, size } = storeOf();
    expect(use('a', START)).toEqual(FRESH);
    expect(use('a', START)).toEqual(REPLAYED);
    expect(use('b', START)).toEqual(FRESH);
    pass(AGE - 1);
    expect(use('a', START)).toEqual(REPLAYED);
    expect(size()).toBe(2);
    pass(1);
    expect(size()).toBe(0);
    expect(use('a')).toEqual(FRESH);
  });

  it('are not marked by a question', () => {
    const { use, ask } = storeOf();
    expect(ask('a')).toEqual(FRESH);
    expect(use('a')).toEqual(FRESH);
    expect(ask('a')).toEqual(REPLAYED);
  });

  it('are refused when it is full, and none goes before its time', () => {
    const { use, pass, size, status } = storeOf(100);
    for (let at = 0; at < 100; at++) expect(use(`${at}`, START)).toEqual(FRESH);
    expect(use('more', START)).toMatchObject({ kind: 'unavailable', detail: expect.stringContaining('full') });
    expect(status()).toMatchObject({ available: false, entries: 100, max_entries: 100 });
    expect(use('0', START)).toEqual(REPLAYED);
    expect(size()).toBe(100);
    pass(AGE);
    expect(status()).toMatchObject({ available: true, entries: 0 });
    expect(use('more')).toEqual(FRESH);
  });

  it('are one use for two tries of the same request within five seconds of true time', () => {
    const { use, pass, clock } = storeOf();
    const again = { kind: 'fresh', again: true };
    expect(use('a', START, 'request')).toEqual(FRESH);
    expect(use('a', START, 'request')).toEqual(again);
    expect(use('a', START, 'another')).toEqual(REPLAYED);
    expect(use('a', START)).toEqual(REPLAYED);
    pass(5);
    expect(use('a', START, 'request')).toEqual(again);
    pass(0.001);
    clock(START);
    expect(use('a', START, 'request')).toEqual(REPLAYED);
    expect(use('b', START)).toEqual(FRESH);
    expect(use('b', START, 'request')).toEqual(REPLAYED);
  });

  it('are not fresh again when the clock jumped ahead, and back', () => {
    const { use, clock, size } = storeOf();
    expect(use('a', START)).toEqual(FRESH);
    clock(START + 3600);
    expect(size()).toBe(0);
    clock(START + 1);
    expect(use('a', START)).toEqual({ kind: 'forgotten' });
    // Whether this one was used, nobody knows either; a later one was not.
    expect(use('b', START)).toEqual({ kind: 'forgotten' });
    expect(use('c', START + 1)).toEqual(FRESH);
  });

  it('stay for as long as a clock that was set back takes to come there again', () => {
    const { use, clock } = storeOf();
    expect(use('a', START)).toEqual(FRESH);
    clock(START - 3600);
    expect(use('a', START - 3600)).toEqual(REPLAYED);
    clock(START + 1);
    expect(use('a', START)).toEqual(REPLAYED);
  });

  it('of a client whose clock is ahead are let through once their time has come: the next process would take them', async () => {
    const { use, ask, waits } = storeOf();
    expect(ask('a', START + 3)).toEqual(FRESH);
    expect(waits).toEqual([]);
    expect(await use('a', START + 3)).toEqual(FRESH);
    expect(waits).toEqual([3020]);
    // Marked before the wait, not after it.
    expect(use('a', START + 3)).toEqual(REPLAYED);
    expect(use('b', START)).toEqual(FRESH);
    expect(waits).toHaveLength(1);
  });

  it('do not wait for hours, where the clock was set back meanwhile', () => {
    const { use, waits } = storeOf();
    expect(use('a', START + 3600)).toMatchObject({ kind: 'unavailable', detail: 'the clock was set back' });
    expect(waits).toEqual([]);
  });
});
