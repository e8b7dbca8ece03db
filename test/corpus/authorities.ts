/** Who signs: an issuer of each algorithm, and others that are trusted less. */
import { DPOP_ALGORITHMS } from '../../src/decision/dpop.ts';
import type { Json, JsonObject } from '../../src/json/value.ts';
import type { Algorithm } from '../../src/registry/registry.ts';
import { createIssuerKey, type IssuerKey, signText } from '../../src/testing/mint.ts';

/** Seconds since the epoch: 2026-11-23T12:00:00Z. */
export const NOW = 1_795_435_200;
export const FILES = 'https://files.example.com/mcp';
export const BILLING = 'https://billing.example.com/mcp';
/** The same corpus each time; another number is another one. */
export const SEED = 20261123;

/** Each one that an issuer may be registered for. */
export const ALGORITHMS: readonly Algorithm[] = DPOP_ALGORITHMS;

export const issuerOf = (algorithm: Algorithm) => `of-${algorithm.toLowerCase()}`;
export const issOf = (issuer: string) => `https://${issuer}.example.com`;

/** Beside one of each algorithm. `older` writes the type JWT, `pair` has keys of two algorithms, and `closed` is disabled. */
const OTHERS = ['corp', 'older', 'pair', 'partner', 'closed'] as const;

export interface Authorities {
  /** By registry key of the issuer, which is the kid too. */
  key(issuer: string): IssuerKey;
  /** Signed by the issuer; `undefined` removes a member. */
  token(issuer: string, header: Overlay, claims?: Overlay, how?: Parameters<typeof signText>[3]): Promise<string>;
  right(issuer: string): Promise<string>;
  /** Registry of all of them, each with its key set at this URL. */
  registry(jwks: string): JsonObject;
}

export type Overlay = Readonly<Record<string, Json | undefined>>;

export async function createAuthorities(): Promise<Authorities> {
  const wanted: readonly (readonly [string, Algorithm])[] = [
    ...ALGORITHMS.map((algorithm) => [issuerOf(algorithm), algorithm] as const),
    ...OTHERS.map((issuer) => [issuer, 'ES256'] as const),
  ];
  const made = await Promise.all(
    wanted.map(async ([issuer, algorithm]) => [issuer, await createIssuerKey(issuer, algorithm)] as const),
  );
  const keys = new Map(made);
  const key = (issuer: string) => {
    const found = keys.get(issuer);
    if (found === undefined) throw new Error(`nobody is called ${issuer}`);
    return found;
  };
  const token: Authorities['token'] = (issuer, header, claims = {}, how = 'valid') =>
    signText(key(issuer), headerText(key(issuer), header), claimsText(issuer, claims), how);

  return {
    key,
    token,
    right: (issuer) => token(issuer, issuer === 'older' ? { typ: 'JWT' } : {}),
    registry: (jwks) => ({
      issuers: Object.fromEntries(
        made.map(([issuer, { algorithm }]) => [
          issuer,
          {
            issuer: issOf(issuer),
            jwks_uri: `${jwks}/${issuer}`,
            algorithms: issuer === 'pair' ? ['ES256', 'ES384'] : [algorithm],
            ...(issuer === 'older' && { token_types: ['jwt'] }),
            ...(issuer === 'closed' && { disabled: true }),
          },
        ]),
      ),
      servers: {
        files: {
          resource: FILES,
          issuers: made.map(([issuer]) => issuer).filter((issuer) => issuer !== 'partner'),
          max_lifetime_seconds: 900,
          tools: { read_file: { scopes: ['files:read'] } },
        },
        billing: { resource: BILLING, issuers: ['corp', 'partner'], max_lifetime_seconds: 900 },
      },
    }),
  };
}

const whole = (members: Overlay) => JSON.stringify(members);

export function headerText({ algorithm, key_id }: IssuerKey, over: Overlay = {}): string {
  return whole({ alg: algorithm, kid: key_id, typ: 'at+jwt', ...over });
}

export function claimsText(issuer: string, over: Overlay = {}): string {
  return whole({
    iss: issOf(issuer),
    aud: FILES,
    sub: 'user-1',
    client_id: 'client-1',
    jti: 'token-1',
    iat: NOW,
    exp: NOW + 300,
    scope: 'files:read',
    ...over,
  });
}
