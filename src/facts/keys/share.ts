/**
 * Keys that stand in the sets of several issuers. Whoever has such a key can sign as each of them, so its issuers are one:
 * the lookup tells who they are, and whoever asked decides whether all of them are trusted there.
 */
import type { Ring } from './import.ts';
import type { KeysEvent } from './set.ts';

export interface Sharing {
  /** Call whenever a set of the registry in force is another one. @param rings by registry key */
  update(rings: readonly (readonly [issuer: string, ring: Ring])[]): void;
  /** The other issuers that have this key; undefined: none. Of keys that are no longer in force, what was known last. */
  others(generation: object): readonly string[] | undefined;
}

/** @param onEvent must not throw */
export function createSharing(onEvent: (event: Extract<KeysEvent, { kind: 'key_shared' }>) => void): Sharing {
  const othersOf = new WeakMap<object, readonly string[]>();
  /** Issuers by thumbprint, those that were told. */
  let told = new Map<string, string>();

  return {
    update(rings) {
      const holders = new Map<string, string[]>();
      for (const [issuer, { thumbprints }] of rings)
        for (const thumbprint of thumbprints) {
          const known = holders.get(thumbprint);
          if (known === undefined) holders.set(thumbprint, [issuer]);
          else known.push(issuer);
        }
      for (const [issuer, { keys }] of rings)
        for (const { thumbprint, answer } of keys.values()) {
          if (answer === null) continue;
          const others = (holders.get(thumbprint) ?? []).filter((one) => one !== issuer);
          if (others.length > 0) othersOf.set(answer.generation, others);
          else othersOf.delete(answer.generation);
        }
      const now = new Map<string, string>();
      for (const [thumbprint, issuers] of holders) {
        if (issuers.length < 2) continue;
        const sorted = issuers.toSorted();
        now.set(thumbprint, sorted.join());
        if (told.get(thumbprint) !== sorted.join())
          onEvent({ kind: 'key_shared', issuers: sorted, kids: kidsOf(thumbprint, rings) });
      }
      told = now;
    },
    others: (generation) => othersOf.get(generation),
  };
}

/** The names that the key goes by, where it is not skipped. */
function kidsOf(thumbprint: string, rings: Parameters<Sharing['update']>[0]): readonly string[] {
  const kids = rings.flatMap(([, { keys }]) =>
    [...keys].filter(([, key]) => key.thumbprint === thumbprint).map(([kid]) => kid),
  );
  return [...new Set(kids)];
}
