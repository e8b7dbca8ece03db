/** What to do about a token that somebody else has: what to withdraw, by which command, and where to look for its use. */
import type { TokenFacts } from '../decision/facts.ts';
import type { Leaked, Reach } from '../decision/reach.ts';
import type { Registry } from '../registry/registry.ts';

export function leakedOf(
  _facts: TokenFacts,
  _reach: Pick<Reach, 'servers' | 'ways'>,
  _registry: Registry,
  _now: number,
): Leaked | null {
  return null;
}
