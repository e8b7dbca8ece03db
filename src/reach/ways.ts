/** Through what a token of one server leads to one of another: exchanges that the registry lists, and hubs. */
import type { ReachedWay, Way } from '../decision/reach.ts';
import type { Registry } from '../registry/registry.ts';

/** All of a registry, exchanges first, each by where it begins. */
export function waysOf({ exchanges, servers }: Registry): readonly Way[] {
  return [
    ...exchanges.map(({ from, to, client, scopes, issuer }) => {
      return { kind: 'exchange', from, to, client_id: client, scopes: [...scopes], issuer } as const;
    }),
    ...[...servers.values()].flatMap(({ key: from, backends }) =>
      backends.map(({ key: to, prefix }) => ({ kind: 'hub', from, to, prefix }) as const),
    ),
  ];
}

/** Those that begin at these servers, then those that begin where they end, and so on; each once, the nearest first. */
export function waysFrom(ways: readonly Way[], servers: readonly string[]): readonly ReachedWay[] {
  const byStart = Map.groupBy(ways, ({ from }) => from);
  const seen = new Set(servers);
  const found: ReachedWay[] = [];
  let ends = [...seen];
  for (let hops = 1; ends.length > 0; hops++) {
    const next = ends.flatMap((key) => byStart.get(key) ?? []);
    found.push(...next.map((way) => ({ ...way, hops })));
    ends = [...new Set(next.map(({ to }) => to))].filter((key) => !seen.has(key));
    for (const key of ends) seen.add(key);
  }
  return found;
}
