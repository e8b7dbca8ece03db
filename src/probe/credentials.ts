/** Which token a server is shown for each kind, or why there is none. Keys of issuers are looked up once a run. */

import type { JsonObject } from '../json/value.ts';
import type { IssuerFetch } from '../network/issuer-fetch.ts';
import type { IssuerRecord, Registry, ServerRecord } from '../registry/registry.ts';
import { type Binding, createBinding } from './binding.ts';
import type { ExchangeParts } from './exchange.ts';
import type { Kind } from './report.ts';
import { type OpenedSigner, openSigner, type Published, publishedKeys, type Signer, strangerTo } from './signer.ts';
import { mayBePrivate } from './token-endpoint.ts';
import { audienceOf, mintFor } from './tokens.ts';

export type Credential =
  /** `binding`: null where the token is a bearer token. */
  | { readonly ok: true; readonly token: string; readonly binding: Binding | null }
  /** `could`: with other options there would be one. `failed`: what was given to make it did not serve. */
  | { readonly ok: false; readonly why: string; readonly could: boolean; readonly failed?: true };

/** A token for the canary that the authorization server itself issued. */
export type Fetched = { readonly ok: true; readonly token: string } | { readonly ok: false; readonly why: string };

export interface CredentialParts extends Omit<ExchangeParts, 'fetch'> {
  readonly registry: Registry;
  readonly fetchIssuer: IssuerFetch;
  /** A private key, and the registry key of the issuer that publishes its public half. */
  readonly key: { readonly jwk: JsonObject; readonly issuer: string } | null;
  /** Absent: nothing was said by which it could be asked. */
  readonly fetched?: { readonly issuer: string; get(): Promise<Fetched> } | undefined;
  readonly canary: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly newId: () => string;
}

export interface Credentials {
  get(kind: Exclude<Kind, 'absent'>, server: ServerRecord): Promise<Credential>;
}

interface Material {
  readonly signer: OpenedSigner;
  readonly stranger: Signer;
}

export function createCredentials(parts: CredentialParts): Credentials {
  const { registry, key, fetched, canary, now, newId } = parts;
  const materials = new Map<string, Promise<Material>>();
  const materialOf = (issuer: IssuerRecord) => {
    const known = materials.get(issuer.key) ?? collect(issuer, parts);
    materials.set(issuer.key, known);
    return known;
  };
  const made: { binding?: Promise<Binding> } = {};
  const bindingFor = ({ sender_constraint: required }: ServerRecord) => {
    if (required !== 'dpop' && required !== 'any') return null;
    made.binding ??= createBinding(parts);
    return made.binding;
  };

  return {
    async get(kind, server) {
      const wanted = audienceOf(kind, server, canary, registry);
      if (!wanted.ok) return { ok: false, why: wanted.why, could: false };
      const from = key?.issuer ?? fetched?.issuer;
      const issuer = issuerAt(server, registry, from);
      if (issuer === null) return { ok: false, why: 'each issuer of this server is disabled', could: false };
      const unlisted = from !== undefined && issuer.key !== from;
      const signs = kind !== 'unsigned' && kind !== 'stranger_key';
      if (signs && unlisted)
        return {
          ok: false,
          why: `the server does not list issuer "${from}", whose tokens these would be`,
          could: true,
        };
      if (signs && key === null && fetched !== undefined) {
        if (kind !== 'foreign_audience')
          return {
            ok: false,
            why: 'no authorization server issues such a token; it is signed with --key',
            could: true,
          };
        const got = await fetched.get();
        return got.ok ? { ...got, binding: null } : { ...got, could: true, failed: true };
      }
      if (signs && key === null) return { ok: false, why: 'there is no --key to sign it with', could: true };
      const { signer, stranger } = await materialOf(issuer);
      if (signs && !signer.ok) return { ok: false, why: signer.why, could: true, failed: true };
      const binding = (await bindingFor(server)) ?? null;
      const by = kind === 'unsigned' ? null : kind === 'stranger_key' ? stranger : signer.ok ? signer.signer : stranger;
      const token = await mintFor(wanted, by, {
        issuer,
        server,
        now: Math.floor(now() / 1000),
        newId,
        ...(binding && { confirmation: { jkt: binding.jkt } }),
      });
      return { ok: true, token, binding };
    },
  };
}

async function collect(issuer: IssuerRecord, parts: CredentialParts): Promise<Material> {
  const { key, fetchIssuer, timeout_ms, stop } = parts;
  const allow_private_network = mayBePrivate(issuer.key_source);
  const published: Published = await publishedKeys(issuer, {
    fetch: fetchIssuer({ allow_private_network }),
    timeout_ms,
    stop,
  });
  const signer: OpenedSigner =
    key?.issuer === issuer.key
      ? await openSigner(key.jwk, issuer, published)
      : { ok: false, why: 'there is no --key to sign it with' };
  return { signer, stranger: await strangerTo(issuer, published, signer.ok ? signer.signer : null) };
}

/** The one that signs, where the server lists it; else the first that is in force. */
function issuerAt(server: ServerRecord, registry: Registry, key: string | undefined): IssuerRecord | null {
  const listed = server.issuers.flatMap((one) => registry.issuers.get(one) ?? []).filter(({ disabled }) => !disabled);
  return listed.find((one) => one.key === key) ?? listed[0] ?? null;
}
