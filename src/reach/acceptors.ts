/**
 * Which servers a right token of another could open at all: those that accept one of its audiences, byte for byte, those with
 * a waiver of one for its issuer, and those with a waiver that observes. By the rules no other can; a test holds the two against
 * each other. Of a modified core nobody knows what it looks at.
 */
import type { Registry } from '../registry/registry.ts';
import type { RightToken } from './shapes.ts';

export type Acceptors = (token: Pick<RightToken, 'issuer' | 'audiences'>) => ReadonlySet<string>;

export function acceptorsOf({ servers, issuers }: Registry): Acceptors {
  /** Issuer and audience → keys of servers. An issuer's key has no space. */
  const accepting = new Map<string, Set<string>>();
  const observing = new Map<string, Set<string>>();
  const add = (to: Map<string, Set<string>>, name: string, key: string) => {
    const known = to.get(name);
    if (known === undefined) to.set(name, new Set([key]));
    else known.add(key);
  };
  for (const server of servers.values()) {
    for (const issuer of server.issuers) {
      if (!issuers.has(issuer)) continue;
      for (const value of server.inputFor(issuer).audiences) add(accepting, `${issuer} ${value}`, server.key);
    }
    for (const { what, issuer, audience } of server.waivers) {
      if (what === 'audience') add(accepting, `${issuer} ${audience}`, server.key);
      if (what === 'observe') add(observing, issuer, server.key);
    }
  }
  return ({ issuer, audiences }) =>
    new Set([
      ...audiences.flatMap((value) => [...(accepting.get(`${issuer} ${value}`) ?? [])]),
      ...(observing.get(issuer) ?? []),
    ]);
}
