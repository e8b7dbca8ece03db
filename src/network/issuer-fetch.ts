import type { LookupFunction } from 'node:net';
import { createGuardedFetch } from './guarded-fetch.ts';

/** The `fetch` by which an issuer is asked: which addresses it may reach is the registry's word on that issuer. */
export type IssuerFetch = (may: { readonly allow_private_network: boolean }) => typeof globalThis.fetch;

/**
 * Connections are kept for all issuers that may reach the same, and by none that may not. What it takes to make them is made
 * ready when an issuer is first named, so that no request is late for it.
 */
export function createIssuerFetch({ lookup }: { readonly lookup: LookupFunction }): IssuerFetch {
  const made = new Map<boolean, typeof globalThis.fetch>();
  return ({ allow_private_network: allow_private }) => {
    const fetch = made.get(allow_private) ?? createGuardedFetch({ lookup, allow_private });
    made.set(allow_private, fetch);
    return fetch;
  };
}
