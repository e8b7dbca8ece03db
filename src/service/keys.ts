/** The keys of issuers, and who is told when they are fetched or cannot be. */
import { createKeys, type Keys } from '../facts/keys/look-up.ts';
import type { ServiceParts } from '../service.ts';

export function openKeys({ fetch, now, keys, log, metrics }: Omit<ServiceParts, 'sources'>): Keys {
  return createKeys({
    fetch,
    now,
    settings: keys,
    onEvent: (event) => {
      if (event.kind === 'key_shared') {
        metrics.alarmed(event.kind);
        return log.error(
          { ...event },
          'issuers have a key in common: its tokens pass only where all of them are trusted',
        );
      }
      const fetched = event.kind === 'keys_fetched';
      metrics.keysFetched(event.issuer, fetched);
      if (fetched && event.skipped.length === 0) log.info({ ...event }, 'keys of an issuer were fetched');
      else if (fetched) log.warn({ ...event }, 'keys of an issuer were fetched, and some of them skipped');
      else log.warn({ ...event }, 'keys of an issuer could not be fetched');
    },
  });
}

/** Those of a shadow's own registry, which decides nothing: only what fails is told. */
export function openShadowKeys({ fetch, now, keys, log }: Omit<ServiceParts, 'sources'>): Keys {
  return createKeys({
    fetch,
    now,
    settings: keys,
    onEvent: (event) => {
      if (event.kind === 'keys_failed') log.warn({ ...event }, 'keys of an issuer of the shadow could not be fetched');
    },
  });
}
