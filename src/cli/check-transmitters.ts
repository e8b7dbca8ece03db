/** Transmitters of security events, and issuers whose tokens they may revoke, that the registry does not have. */
import type { RevocationConfig } from '../config/revocation.ts';

/** @param registered registry keys of issuers @returns one sentence for each transmitter with such a key */
export function unregisteredTransmitters(
  events: RevocationConfig['events'],
  registered: { has(key: string): boolean },
): readonly string[] {
  return Object.entries(events?.issuers ?? {}).flatMap(([key, { subjects_of = [] }]) => {
    const unknown = [...new Set([key, ...subjects_of])].filter((one) => !registered.has(one));
    if (unknown.length === 0) return [];
    return [
      `revocation.events names ${unknown.join(', ')} for transmitter ${key}, which the registry does not have as issuers: ` +
        'nothing of theirs is heard or revoked until it does',
    ];
  });
}
