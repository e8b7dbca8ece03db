/** Through what a token of one server leads to one of another: exchanges that the registry lists, and hubs. */
import type { ReachedWay, Way } from '../decision/reach.ts';
import type { Registry } from '../registry/registry.ts';

/** All of a registry, sorted by where they begin. */
export function waysOf(_registry: Registry): readonly Way[] {
  return [];
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
