/** Tells of waivers that end soon, so that their owners hear of it before their calls are denied. */
import { WARNING_SECONDS } from '../registry/lint/waiver.ts';
import type { Registry } from '../registry/registry.ts';

/** Milliseconds between two looks: a reload may bring a waiver at any time, and the warning is about days. */
const LOOK_MS = 3_600_000;
/** Milliseconds for which a waiver that was told of is not told of again. */
const QUIET_MS = 86_400_000;

export interface WaiverWarningParts {
  /** What is in force now. */
  readonly registry: () => Registry;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly warn: (fields: object, message: string) => void;
}

/**
 * Looks once an hour, and tells of each waiver once a day at most. What ends soon at the start is taken as told: the
 * registry's own warnings say it.
 * @returns what ends it
 */
export function warnOfWaivers({ registry, now, warn }: WaiverWarningParts): () => void {
  let told = new Map(endingSoon(registry(), now()).map(({ id }) => [id, now()]));

  function look(): void {
    const ending = endingSoon(registry(), now());
    const known = told;
    told = new Map();
    for (const { id, fields } of ending) {
      const last = known.get(id);
      const quiet = last !== undefined && now() - last < QUIET_MS;
      told.set(id, quiet ? last : now());
      if (!quiet) warn(fields, 'a waiver ends soon; then its calls are denied');
    }
  }

  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function endingSoon({ servers }: Registry, now: number) {
  return [...servers.values()].flatMap(({ key: server, waivers }) =>
    waivers.flatMap(({ what, issuer, client_id, owner, until, until_seconds, operations }) => {
      const seconds = until_seconds - now / 1000;
      if (seconds <= 0 || seconds > WARNING_SECONDS) return [];
      const fields = { server, what, issuer, client_id, owner, until, days_left: Math.floor(seconds / 86_400) };
      return [{ id: JSON.stringify([server, what, issuer, client_id, owner, until, operations]), fields }];
    }),
  );
}
