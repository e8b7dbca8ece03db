import type { Reach } from '../decision/reach.ts';

/** Servers that the token opens without any waiver, to its right holder at least: one at most may be. */
export function openedByItself({ servers }: Reach): readonly string[] {
  return servers.flatMap(({ server, operations }) =>
    operations.some(({ waivers, would_deny }) => waivers.length === 0 && would_deny.length === 0) ? [server] : [],
  );
}
