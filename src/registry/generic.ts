/** Which values stand for a platform rather than for one server: a token for them would open whatever takes them. */
import { parentsOf } from './nearest.ts';
import type { Generic, IssuerRecord, ServerRecord } from './registry.ts';
import { normalised } from './uri.ts';

/** Characters: no value that can be registered is longer. */
const MAX_LENGTH = 2048;

export interface Generics {
  addServer(server: Pick<ServerRecord, 'resource' | 'waivers'>): void;
  addIssuer(issuer: Pick<IssuerRecord, 'issuer' | 'extra_audiences'>): void;
  find(audience: string): Generic | undefined;
}

/** An index that answers with a few lookups, however many servers there are. Spelling does not matter: it only refuses. */
export function createGenerics(): Generics {
  const named = new Map<string, Generic>();
  /** Resources below a form. */
  const below = new Map<string, number>();
  const name = (value: string | undefined, as: Generic) => {
    if (value === undefined) return;
    const form = normalised(value);
    if (!named.has(form)) named.set(form, as);
  };
  return {
    addServer({ resource, waivers }) {
      for (const parent of parentsOf(normalised(resource))) below.set(parent, (below.get(parent) ?? 0) + 1);
      for (const { audience } of waivers) name(audience, 'waived');
    },
    addIssuer({ issuer, extra_audiences }) {
      name(issuer, 'issuer');
      for (const value of extra_audiences) name(value, 'extra');
    },
    find(audience) {
      if (audience.length > MAX_LENGTH) return undefined;
      const form = normalised(audience);
      return named.get(form) ?? ((below.get(form) ?? 0) > 1 ? 'parent' : undefined);
    },
  };
}
