/**
 * `fetch` for what issuers publish: keys, metadata, introspection. The address is judged when connecting, on the very
 * addresses that are then connected to, because what a name resolved to before says nothing of what it resolves to now
 * (DNS rebinding). Redirects are not followed, and proxies named by the environment are not asked: both would choose the
 * place anew. Host, SNI and the certificate's name stay those of the URL.
 */
import { isIP, type LookupFunction } from 'node:net';
import type { RequestInit as UndiciInit } from 'undici';
import { isLoopbackHost } from '../registry/uri.ts';
import { checkAddresses } from './judge-address.ts';
import { RefusedAddress } from './refused-address.ts';

export interface GuardedFetchParts {
  /** Resolves names: `lookup` of `node:dns`. */
  readonly lookup: LookupFunction;
  /** Whether addresses of private networks may be reached. Loopback always may, where the URL itself names it. */
  readonly allow_private: boolean;
}

type Fetch = typeof globalThis.fetch;

/** Rejects as `fetch` does; a place that may not be reached is a `RefusedAddress` as the cause. */
export function createGuardedFetch({ lookup, allow_private }: GuardedFetchParts): Fetch {
  const opened = open();
  // Told by the first request.
  opened.catch(() => {});

  async function open() {
    // 26 MB and 85 ms (measured): only who asks an issuer has them.
    const { Agent, fetch } = await import('undici');
    const dispatcher = new Agent({ connect: { lookup: guardedLookup(lookup, allow_private) }, allowH2: false });
    return { fetch, dispatcher };
  }

  return async (input, init) => {
    if (typeof input !== 'string' && !(input instanceof URL)) throw new TypeError('fetch takes a text or URL here');
    const url = new URL(input);
    try {
      checkUrl(url, allow_private);
    } catch (cause) {
      throw new TypeError('fetch failed', { cause });
    }
    const { fetch, dispatcher } = await opened;
    // `manual` shows the redirect to whoever wants to tell of it.
    const redirect = init?.redirect === 'manual' ? 'manual' : 'error';
    const asked = { ...init, redirect, dispatcher } as UndiciInit;
    return (await fetch(url, asked)) as unknown as Response;
  };
}

/** @throws RefusedAddress */
function checkUrl({ protocol, hostname }: URL, allow_private: boolean): void {
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopbackHost(hostname)))
    throw new RefusedAddress('the URL is not https; http is for loopback only');
  const host = hostname.replace(/^\[|\]$/g, '');
  // An address is connected to without a lookup.
  if (isIP(host) !== 0) checkAddresses(host, [host], allow_private);
}

/** The same question, for all addresses whatever was wanted, and each of them judged. */
function guardedLookup(lookup: LookupFunction, allow_private: boolean): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found, family) => {
      if (error !== null) return done(error, [], 0);
      const all = Array.isArray(found) ? found : [{ address: found, family: family ?? isIP(found) }];
      try {
        checkAddresses(
          hostname,
          all.map(({ address }) => address),
          allow_private,
        );
      } catch (refused) {
        return done(refused as Error, [], 0);
      }
      const [first] = all;
      if (options.all === true || first === undefined) return done(null, all);
      done(null, first.address, first.family);
    });
  };
}
