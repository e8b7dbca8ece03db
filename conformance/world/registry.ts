/** What audgate is told for a run: two servers behind one gateway, with one issuer and one key set. */
import { createHash } from 'node:crypto';
import type { CallFrom } from '../cases/case.ts';
import { ISS, type Places } from './issuer.ts';
import { type HostPort, written } from './listen.ts';

/** The gateway's key as a caller. No secret: the examples' placeholder, so that they can be tested as they are. */
export const GATEWAY_KEY = 'replace-with-the-key-of-this-gateway';

/** @param origin the gateway's URL as its clients know it, without a path */
export function placesAt(origin: string): Places {
  return { origin, files: `${origin}/files/mcp`, billing: `${origin}/billing/mcp` };
}

export function registryOf(places: Places, jwks: HostPort, callFrom: CallFrom): object {
  const server = { issuers: ['corp'], max_lifetime_seconds: 900, call_from: callFrom };
  return {
    issuers: { corp: { issuer: ISS, jwks_uri: `http://${written(jwks)}/jwks`, algorithms: ['ES256'] } },
    servers: {
      files: {
        resource: places.files,
        ...server,
        advertised_scopes: ['files:read'],
        tools: { read_file: { scopes: ['files:read'] }, write_file: { scopes: ['files:write'] } },
        prompts: { summary: { scopes: ['files:read'] } },
        resources: { 'file:///docs/*': { scopes: ['files:read'] } },
      },
      billing: {
        resource: places.billing,
        ...server,
        advertised_scopes: ['billing:read'],
        methods: { 'http/get': { scopes: ['billing:read'] } },
        tools: { read_file: { scopes: ['billing:read'] }, pay: { scopes: ['billing:pay'] } },
      },
    },
  };
}

/** @param grpc where it listens for a gateway that asks over gRPC */
export function configOf(listen: string, grpc: string | null, key: string): object {
  return {
    listen,
    registry: 'registry.json',
    ...(grpc === null ? {} : { grpc: { listen: grpc } }),
    callers: {
      gateway: {
        key_sha256: [createHash('sha256').update(key).digest('hex')],
        servers: ['files', 'billing'],
        may: ['decide', 'read'],
      },
    },
    // Each run has a new key: it must be looked for at once.
    keys: { cooldown_seconds: 1 },
  };
}
