/**
 * The tokens that a live server is shown. None can open anything at another one: nobody's audience (but where the kind is about
 * this server's own), no scope, at most a minute, and a subject and client that are the probe's.
 */
import { CompactSign } from 'jose';
import type { JsonObject } from '../json/value.ts';
import { parentOf } from '../policy/probes.ts';
import { INTROSPECTED, UNTYPED } from '../registry/profile/profile.ts';
import type { IssuerRecord, Registry, ServerRecord } from '../registry/registry.ts';
import type { Kind } from './report.ts';
import type { Signer } from './signer.ts';

/** Nobody's (RFC 2606 §2): no registry can hold it, and no client asks for it. */
export const CANARY = 'https://audgate-canary.invalid/mcp';
/** Seconds that a token of a probe lives. */
export const LIFETIME_SECONDS = 60;
/** Seconds since the end of one that has ended: beyond what any verifier lets clocks differ. */
const ENDED_SECONDS = 900;
const NAME = 'audgate-probe';

export type Wanted =
  | { readonly ok: true; readonly audience: string | readonly string[]; readonly ended: boolean }
  /** `never`: whatever was given, there is no such token here. */
  | { readonly ok: false; readonly why: string; readonly never: true };

/** What the token of a kind says of its audience and its end. */
export function audienceOf(
  kind: Exclude<Kind, 'absent'>,
  server: ServerRecord,
  canary: string,
  registry: Registry,
): Wanted {
  switch (kind) {
    case 'parent_audience': {
      const parent = parentOutside(server, registry);
      if (parent === null)
        return { ok: false, why: 'the resource has no parent URL that is nobody’s audience', never: true };
      return { ok: true, audience: parent, ended: false };
    }
    case 'two_audiences':
      return { ok: true, audience: [server.resource, canary], ended: false };
    case 'expired':
      return { ok: true, audience: server.resource, ended: true };
    default:
      return { ok: true, audience: canary, ended: false };
  }
}

/** The nearest that opens no registered server: a token for it would, for its minute, be more than a canary. */
function parentOutside(server: ServerRecord, registry: Registry): string | null {
  for (let parent = parentOf(server.resource); parent !== null; parent = parentOf(parent)) {
    const own = server.audiences.includes(parent) || server.waivers.some((waiver) => isOf(waiver, parent));
    if (!own && registry.ownersOf(parent).length === 0 && !registry.isElsewhere(parent, server)) return parent;
  }
  return null;
}

const isOf = (waiver: object, audience: unknown) => 'audience' in waiver && waiver.audience === audience;

/** Whom an audience belongs to in this registry, as a sentence; null: nobody. */
export function ownerOf(audience: string, registry: Registry): string | null {
  const [owner] = registry.ownersOf(audience);
  if (owner !== undefined) return `${owner.kind} "${owner.key}" has it`;
  if (registry.isElsewhere(audience, { key: '' })) return 'a server or issuer has it in another spelling';
  for (const server of registry.servers.values())
    if (server.waivers.some((waiver) => isOf(waiver, audience))) return `server "${server.key}" waives it`;
  for (const issuer of registry.issuers.values())
    if (issuer.extra_audiences.includes(audience)) return `issuer "${issuer.key}" adds it to its tokens`;
  return null;
}

export interface MintParts {
  readonly issuer: IssuerRecord;
  readonly server: ServerRecord;
  /** Seconds since the epoch. */
  readonly now: number;
  /** For `jti`. */
  readonly newId: () => string;
  /** What the token is bound to (RFC 7800). */
  readonly confirmation?: JsonObject | undefined;
}

/** @param signer null: `alg` is none (RFC 7519 §6) */
export async function mintFor(
  { audience, ended }: Extract<Wanted, { ok: true }>,
  signer: Signer | null,
  parts: MintParts,
): Promise<string> {
  const { issuer, now, confirmation } = parts;
  const [listed] = issuer.token_types;
  // An issuer that is asked about its tokens has no type of its own.
  const type = listed === INTROSPECTED ? 'at+jwt' : listed;
  const header = {
    ...(signer === null ? { alg: 'none' } : { alg: signer.algorithm, kid: signer.key_id }),
    ...(type !== undefined && type !== UNTYPED && { typ: type }),
  };
  const exp = ended ? now - ENDED_SECONDS : now + LIFETIME_SECONDS;
  const claims = {
    ...claimsOf(parts),
    aud: audience,
    iat: exp - LIFETIME_SECONDS,
    exp,
    ...(confirmation && { cnf: confirmation }),
  };
  const payload = new TextEncoder().encode(JSON.stringify(claims));
  if (signer !== null) return new CompactSign(payload).setProtectedHeader(header).sign(signer.key);
  const text = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64url');
  return `${text(JSON.stringify(header))}.${text(payload)}.`;
}

/** Where this make of issuer puts each fact, so that nothing but what is tested is wrong with the token. */
function claimsOf({ issuer, server, newId }: MintParts): JsonObject {
  const { subject, client, token_id, constants } = issuer.profile;
  return {
    ...constants,
    iss: issuer.issuer,
    [subject]: NAME,
    [client[0]]: clientAt(server),
    ...(token_id !== null && { [token_id]: newId() }),
  };
}

/** A client that no waiver names: what is listed and dated is no finding. */
function clientAt(server: ServerRecord): string {
  let client = NAME;
  while (server.waivers.some(({ client_id }) => client_id === client)) client += '-';
  return client;
}
