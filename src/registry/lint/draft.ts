import type { Place } from '../place.ts';
import type { ExchangeRemains, IssuerRemains, ServerRemains } from '../schema.ts';

export interface Entry<T> {
  readonly key: string;
  readonly place: Place;
  readonly value: T;
}

/** All that is known of the files that were read, right or wrong. */
export interface Draft {
  /** Those whose key was taken already are here too. */
  readonly issuers: readonly Entry<IssuerRemains>[];
  readonly servers: readonly Entry<ServerRemains>[];
  /** In the order of files; `key` is the place in the file's list. */
  readonly exchanges: readonly Entry<ExchangeRemains>[];
  readonly issuerKeys: ReadonlySet<string>;
  /** False when a file could not be read: then an issuer that is not here may well be there. */
  readonly complete: boolean;
}
