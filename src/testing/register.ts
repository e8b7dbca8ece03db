/** A case file's registry, with a generated key in place of every issuer's key source, so that nothing is fetched. */
import type { KeySourceOf } from '../registry/build.ts';
import { loadRegistry, loadRegistryValue } from '../registry/load.ts';
import type { Place } from '../registry/place.ts';
import type { Algorithm, LoadedRegistry, Problem } from '../registry/registry.ts';
import { askedInstead, nowhere } from './introspected.ts';
import { createIssuerKeys, type IssuerKey } from './mint.ts';

/** A path, or a value and where it stands. */
export type Written = string | { readonly value: unknown; readonly place: Place };

export interface Registered {
  readonly ok: true;
  readonly loaded: LoadedRegistry;
  /** The same registry when no issuer's keys can be had. */
  readonly keyless: LoadedRegistry;
  /** By registry key of the issuer. */
  readonly keys: ReadonlyMap<string, IssuerKey>;
}

/** @param now seconds since the epoch, by which waivers are dated */
export async function registerKeys(
  written: Written,
  now: number,
): Promise<Registered | { readonly ok: false; readonly problems: readonly Problem[] }> {
  const keyless = await load(written, now, unavailable);
  if (!keyless.ok) return keyless;
  const algorithms: Record<string, Algorithm> = {};
  for (const { key, algorithms: pinned } of keyless.registry.issuers.values()) {
    const [first] = pinned;
    if (first !== undefined) algorithms[key] = first;
  }
  const keys = await createIssuerKeys(algorithms);
  const loaded = await load(written, now, keySources(keys).loaded);
  return { ok: true, loaded, keyless, keys };
}

/** What takes the place of each issuer's key source. */
export function keySources(keys: Registered['keys']) {
  const loaded: KeySourceOf = (issuer, written) => {
    if (written?.kind === 'introspection') return askedInstead(issuer, written, true);
    const key = keys.get(issuer);
    return { kind: 'jwks', keys: key === undefined ? [] : [key.jwk] };
  };
  return { loaded, keyless: unavailable };
}

/** `.invalid` never resolves (RFC 6761 §6.4); what fetches it in a case fails before that. */
const unavailable: KeySourceOf = (issuer, written) =>
  written?.kind === 'introspection'
    ? askedInstead(issuer, written, false)
    : { kind: 'jwks_uri', url: `${nowhere(issuer)}/jwks`, allow_private_network: false };

function load(written: Written, now: number, replaceKeySource: KeySourceOf): Promise<LoadedRegistry> {
  if (typeof written === 'string') return loadRegistry(written, { now, replaceKeySource });
  const { value, place } = written;
  const locate = (path: readonly (string | number)[]) => place.origin.locate([...place.path, ...path], 'value');
  return Promise.resolve(loadRegistryValue(value, { now, replaceKeySource, file: place.origin.file, locate }));
}
