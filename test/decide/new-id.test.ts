import { validate, version } from 'uuid';
import { describe, expect, it } from 'vitest';
import { createNewId } from '../../src/decide/new-id.ts';

const fill = (bytes: Uint8Array<ArrayBuffer>) => void crypto.getRandomValues(bytes);

describe('decision ids', () => {
  it('are UUIDv7 of the given time', () => {
    const id = createNewId(fill, () => 1_700_000_000_000)();
    expect(validate(id) && version(id)).toBe(7);
    expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(1_700_000_000_000);
  });

  it('never repeat, also across refills of the pool', () => {
    const newId = createNewId(fill, () => 1_700_000_000_000);
    expect(new Set(Array.from({ length: 5000 }, newId)).size).toBe(5000);
  });

  it('take fresh randomness for each refill', () => {
    let fills = 0;
    const newId = createNewId(
      (bytes) => {
        fills++;
        fill(bytes);
      },
      () => 0,
    );
    for (let i = 0; i < 257; i++) newId();
    expect(fills).toBe(2);
  });
});
