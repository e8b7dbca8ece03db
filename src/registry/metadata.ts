import { DPOP_ALGORITHMS } from '../decision/dpop.ts';
import type { JsonObject } from '../json/value.ts';
import type { Registry, ServerRecord } from './registry.ts';

/** A server's protected resource metadata (RFC 9728 §2). Public: a server shows it to everyone. */
export function protectedResourceMetadata(
  { resource, issuers, advertised_scopes, sender_constraint, authorization_details_types: types }: ServerRecord,
  registry: Registry,
): JsonObject {
  const enabled = issuers.flatMap((key) => {
    const record = registry.issuers.get(key);
    return record === undefined || record.disabled ? [] : [record.issuer];
  });
  return {
    resource,
    authorization_servers: enabled,
    scopes_supported: [...advertised_scopes],
    bearer_methods_supported: ['header'],
    ...(types.length > 0 && { authorization_details_types_supported: [...types] }),
    // Where proofs are asked for. Elsewhere a client that sends one is told by the challenge (RFC 9449 §7.1).
    ...((sender_constraint === 'dpop' || sender_constraint === 'any') && {
      dpop_signing_alg_values_supported: [...DPOP_ALGORITHMS],
    }),
    // `any` requires one of the two, which the metadata cannot say; but that certificates do, this tells (RFC 9728 §2).
    ...(sender_constraint === 'dpop' && { dpop_bound_access_tokens_required: true }),
    ...((sender_constraint === 'mtls' || sender_constraint === 'any') && {
      tls_client_certificate_bound_access_tokens: true,
    }),
  };
}
