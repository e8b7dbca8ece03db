import type { LookupFunction } from 'node:net';
import { createGuardedFetch } from './guarded-fetch.ts';

/** The `fetch` by which an issuer is asked: which addresses it may reach is the registry's word on that issuer. */
export type IssuerFetch = (may: { readonly allow_private_network: boolean }) => typeof globalThis.fetch;

/** Connections are kept for all issuers that may reach the same, and by none that may not. */
export function createIssuerFetch({ lookup }: { readonly lookup: LookupFunction }): IssuerFetch {
  const anywhere = createGuardedFetch({ lookup, allow_private: true });
  const guarded = createGuardedFetch({ lookup, allow_private: false });
  return ({ allow_private_network }) => (allow_private_network ? anywhere : guarded);
}
