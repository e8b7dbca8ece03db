/** Records of decisions that ended before policy: denied by what the call or the token is. */
import type { LoggedEntry, QuestionInput } from './entry.ts';
import type { Again, Candidate } from './judge-again.ts';

/** Read by what the registry says of the issuer: another registry may read the same token otherwise. */
const BY_ISSUER: readonly string[] = [
  ...['algorithm_not_allowed', 'token_type_not_allowed', 'claims_invalid', 'token_inactive'],
];
/** Read by the server's `call_from`, and more strictly where custom rules exist. */
const BY_CALL: readonly string[] = ['call_missing', 'call_malformed', 'call_incomplete', 'header_mismatch'];

export function endedBefore(
  { result, bundles, path }: LoggedEntry,
  input: QuestionInput,
  { registry, policy }: Candidate,
): Again {
  const facts: Again = { kind: 'facts' };
  const sameRegistry = bundles.registry.revision === registry.digest;
  const [wasRuled, isRuled] = [bundles.custom !== undefined, policy.custom !== null];
  if (sameRegistry && wasRuled === isRuled) return facts;
  const codes = result.reasons.map(({ code }) => code);
  const [first] = result.reasons;
  const actual = String(first?.actual?.[0] ?? '');

  if (codes.includes('server_unknown')) {
    const known = registry.serverByResource.has(input.server) || registry.servers.has(input.server);
    return known ? { kind: 'not_replayable', why: 'server' } : facts;
  }
  // Any other code of the call is a denial under every registry.
  if (codes.some((code) => BY_CALL.includes(code)) && codes.every((code) => BY_CALL.includes(code))) {
    const otherwise = (wasRuled && !isRuled) || (!sameRegistry && !path.startsWith('audgate/decide'));
    return otherwise ? { kind: 'not_replayable', why: 'call' } : facts;
  }
  if (sameRegistry) return facts;
  const issuer = registry.issuerByIss.get(actual);
  if (codes.includes('issuer_unknown') && issuer !== undefined) return { kind: 'not_replayable', why: 'token' };
  if (codes.includes('issuer_disabled') && issuer?.disabled === false) return { kind: 'not_replayable', why: 'token' };
  // No JWT: an issuer that is asked about its tokens may know it.
  if (codes.includes('token_malformed') && asksIssuer(input, registry)) return { kind: 'not_replayable', why: 'token' };
  return codes.some((code) => BY_ISSUER.includes(code)) ? { kind: 'not_replayable', why: 'token' } : facts;
}

function asksIssuer({ server: named }: QuestionInput, registry: Candidate['registry']): boolean {
  const server = registry.serverByResource.get(named) ?? registry.servers.get(named);
  return server?.issuers.some((key) => registry.issuers.get(key)?.key_source.kind === 'introspection') ?? false;
}
