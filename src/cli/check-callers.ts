import type { Callers } from '../config/callers.ts';
import { nearestName } from '../json/nearest.ts';

/**
 * Servers that callers may ask about and that nobody has registered: no error, because registry and configuration have
 * different owners and one comes first, but until both agree such a caller gets a 403 that names nothing.
 * @param registered keys of the registry in force
 * @returns a line for each
 */
export function unregisteredServers(callers: Callers, registered: readonly string[]): readonly string[] {
  const known = new Set(registered);
  return Object.entries(callers).flatMap(([name, { servers }]) => {
    if (servers === '*') return [];
    const unknown = servers.filter((key) => !known.has(key));
    return unknown.map((key) => {
      const near = nearestName(key, registered);
      const hint = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
      return `caller ${name} may ask about ${JSON.stringify(key)}, which is no key of the registry${hint}`;
    });
  });
}
