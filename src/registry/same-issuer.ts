import { isDeepStrictEqual } from 'node:util';
import type { IssuerRecord } from './registry.ts';

/** Whether two records say the same of an issuer, its keys' source and algorithms too. Where they stand does not matter. */
export function isSameIssuer(one: IssuerRecord, other: IssuerRecord): boolean {
  return one === other || isDeepStrictEqual({ ...one, source: null }, { ...other, source: null });
}
