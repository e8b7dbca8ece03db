/** One mistake in a registry: what it is, where, and the case that would notice it. */
import type { CallFacts } from '../../decision/facts.ts';
import { isJsonObject, type JsonObject } from '../../json/value.ts';
import type { Registry } from '../../registry/registry.ts';
import { showRegistry } from '../../registry/show.ts';
import type { Suggestion } from './suggestion.ts';

/** Plain value of a registry file. */
export type RegistryValue = { readonly [part in 'issuers' | 'servers']: Readonly<Record<string, JsonObject>> };

export interface RegistryMutant {
  readonly what: string;
  /** `file:line` of the record. */
  readonly place: string;
  readonly change:
    | { readonly kind: 'value'; readonly value: RegistryValue }
    /** What no registry may say, because the lint refuses it: the server accepts another's audience. */
    | { readonly kind: 'audience'; readonly server: string; readonly audiences: readonly string[] };
  /** Where needed scopes change: a call that needs fewer, else the change changes nothing. */
  readonly probe?: { readonly server: string; readonly call: CallFacts };
  readonly suggestion: Suggestion;
  /** What its writer has to change in it. */
  readonly note?: string;
}

/**
 * What the cases already ask about. A value that a mistake might add can be any text, so that those of the cases are added
 * beside one of our own: whoever tests with another text notices as well.
 */
export interface Seen {
  /** Values of `aud` that belong to nobody in the registry. */
  readonly audiences: readonly string[];
  readonly clients: readonly string[];
  /** Values of `acr`. */
  readonly contexts: readonly string[];
  /** Of authorization details. */
  readonly types: readonly string[];
  /** Whether a custom rule reads a label of this name. */
  readonly readsLabel: (name: string) => boolean;
}

/** Open to each right token. */
export const PING = { method: 'ping' };

/** The registry as it could stand in one file, without what is another each time: places and keys. */
export function writtenForm(registry: Registry): RegistryValue {
  const shown = showRegistry(registry);
  const strip = (part: 'issuers' | 'servers') => {
    const records = isJsonObject(shown[part]) ? Object.entries(shown[part]) : [];
    return Object.fromEntries(
      records.map(([key, record]) => {
        const members = isJsonObject(record) ? Object.entries(record) : [];
        const isAsked = members.some(([name]) => name === 'introspection');
        // An issuer that is asked about its tokens has no types that could be written.
        const written = members.filter(([name]) => !NOT_WRITTEN.includes(name) && !(isAsked && name === 'token_types'));
        return [key, Object.fromEntries(written)];
      }),
    );
  };
  return { issuers: strip('issuers'), servers: strip('servers') };
}

const NOT_WRITTEN = ['key', 'source', 'jwks', 'jwks_uri', 'discovery', 'allow_private_network'];

export function withMembers(
  value: RegistryValue,
  part: 'issuers' | 'servers',
  key: string,
  members: JsonObject,
): RegistryValue {
  return { ...value, [part]: { ...value[part], [key]: { ...value[part][key], ...members } } };
}
