/** Right tokens, and wrong ones that are right but for one thing. */
import { type CompactJWSHeaderParameters, CompactSign } from 'jose';
import type { TokenReading } from '../../../src/facts/token/read.ts';
import type { IssuerRecord } from '../../../src/registry/registry.ts';

export const ISS = 'https://login.example.com';
export const NOW = Date.parse('2026-11-23T12:00:00Z') / 1000;

/** A right set of claims, overlaid; `undefined` leaves one out. */
export function claims(over: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    iss: ISS,
    aud: 'https://files.example.com/mcp',
    sub: 'user-1',
    client_id: 'client-1',
    jti: 'token-1',
    iat: NOW,
    exp: NOW + 300,
    scope: 'files:read files:write',
    ...over,
  };
}

export const encode = (text: string | Uint8Array) => Buffer.from(text).toString('base64url');

/** Signs with jose, as an authorization server does. */
export async function mint(
  privateKey: CryptoKey,
  header: CompactJWSHeaderParameters,
  over: Record<string, unknown> = {},
): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify(claims(over))))
    .setProtectedHeader({ typ: 'at+jwt', ...header })
    .sign(privateKey);
}

/** Signs any two texts with ES256, well-formed or not: what jose would not write. */
export async function mintText(
  privateKey: CryptoKey,
  header: string | Uint8Array,
  payload: string | Uint8Array,
): Promise<string> {
  const input = `${encode(header)}.${encode(payload)}`;
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, Buffer.from(input));
  return `${input}.${encode(new Uint8Array(signature))}`;
}

export function registryOf(...issuers: readonly IssuerRecord[]) {
  return {
    issuerByIss: new Map(issuers.map((issuer) => [issuer.issuer, issuer])),
    issuers: new Map(issuers.map((issuer) => [issuer.key, issuer])),
  };
}

/** A server that trusts these issuers, and a registry of them. */
export function askedAt(...issuers: readonly IssuerRecord[]) {
  const server = { key: 'files', resource: 'https://files.example.com/mcp', issuers: issuers.map(({ key }) => key) };
  return { registry: registryOf(...issuers), server };
}

/** `verified`, `unverified`, or the code of the refusal. */
export function outcome(reading: TokenReading): string {
  return reading.kind === 'refused' || reading.kind === 'unavailable' ? reading.reason.code : reading.kind;
}
