import { describe, expect, test } from 'vitest';
import { createNonces } from '../../../src/facts/proof/nonces.ts';

const NOW = 1_795_435_200;
const [old, fresh] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const nonces = createNonces({ secrets: [fresh], max_age_seconds: 300 });

describe('a nonce', () => {
  test('is good for half of its age, then ageing, then bad', () => {
    const nonce = nonces.issue('files', NOW);
    const freshness = [0, 150, 151, 300, 301].map((age) => nonces.judge(nonce, 'files', NOW + age));
    expect(freshness).toEqual(['good', 'good', 'ageing', 'ageing', 'bad']);
  });

  test('of another replica may be ahead by what clocks differ', () => {
    const nonce = nonces.issue('files', NOW);
    expect([5, 6].map((ahead) => nonces.judge(nonce, 'files', NOW - ahead))).toEqual(['good', 'bad']);
  });

  test('holds over a restart, and for whoever has the same secret', () => {
    const again = createNonces({ secrets: [Buffer.alloc(32, 2)], max_age_seconds: 300 });
    expect(again.judge(nonces.issue('files', NOW), 'files', NOW)).toBe('good');
  });

  test('holds while secrets are rotated, in either order, and no longer', () => {
    const of = (...secrets: readonly Buffer[]) => createNonces({ secrets, max_age_seconds: 300 });
    const before = of(old).issue('files', NOW);
    const during = of(fresh, old).issue('files', NOW);
    expect(of(fresh, old).judge(before, 'files', NOW)).toBe('good');
    expect(of(old, fresh).judge(during, 'files', NOW)).toBe('good');
    expect(of(fresh).judge(before, 'files', NOW)).toBe('bad');
    expect(of(old).judge(during, 'files', NOW)).toBe('bad');
  });

  test('is for one server, and no part of it can be changed', () => {
    const nonce = nonces.issue('files', NOW);
    expect(nonces.judge(nonce, 'billing', NOW)).toBe('bad');
    for (let at = 0; at < nonce.length; at += 1) {
      const other = `${nonce.slice(0, at)}${nonce[at] === 'A' ? 'B' : 'A'}${nonce.slice(at + 1)}`;
      expect(nonces.judge(other, 'files', NOW), String(at)).toBe('bad');
    }
    for (const other of [undefined, '', 'AAAA', `${nonce}A`, `${nonce}=`, nonce.slice(0, -1), nonce.toUpperCase()])
      expect(nonces.judge(other, 'files', NOW)).toBe('bad');
  });

  test('may stand in a header and in a proof (RFC 9449 §8.1)', () => {
    expect(nonces.issue('files', NOW)).toMatch(/^[A-Za-z0-9_-]{30}$/);
  });
});

test('secrets that could be guessed are refused', () => {
  for (const secrets of [[], [Buffer.alloc(31)], [fresh, Buffer.alloc(8)]])
    expect(() => createNonces({ secrets, max_age_seconds: 300 })).toThrow('32 bytes');
});
