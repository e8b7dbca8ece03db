/** An evaluation as the answer of the contract: challenge, principal, end of validity. */
import { metadataUrl, writeChallenge } from '../decision/challenge.ts';
import type { Decision, NextHop, WaiverUse } from '../decision/decision.ts';
import type { TokenFacts } from '../decision/facts.ts';
import { ANY_CALL } from '../registry/method.ts';
import { type Caller, mayAskAbout } from './ask.ts';
import type { Evaluation } from './evaluate.ts';

/**
 * @param id a fresh UUIDv7
 * @param caller is told of the next hop only where it may ask about that server
 */
export function answer(evaluation: Evaluation, id: string, revision: string, caller: Caller): Decision {
  const { outcome, server, reasons, token, waivers, would_deny } = evaluation;
  const asked = { decision_id: id, server: server?.key ?? null, reasons };
  if (outcome === 'indeterminate') return { decision: 'indeterminate', ...asked, revision };
  if (outcome === 'deny') {
    const challenge = writeChallenge(
      reasons,
      server && {
        resource_metadata: metadataUrl(server.resource),
        advertised_scopes: server.advertised_scopes,
        required_scopes: evaluation.required_scopes,
        request_id: evaluation.request_id,
        scheme: server.sender_constraint === 'dpop' ? 'dpop' : evaluation.scheme,
        authentication: evaluation.input?.registered.operation?.authentication,
      },
    );
    const headers = { ...challenge.headers, ...evaluation.response_headers };
    return { decision: 'deny', ...asked, challenge: { ...challenge, headers }, revision };
  }
  if (token === null) throw new Error('an allow without token is a bug');
  return {
    decision: 'allow',
    ...asked,
    principal: principal(token),
    valid_until: validUntil(token, waivers),
    advice: {
      ...(waivers.length > 0 && { waivers: waivers.toSorted(byKind) }),
      ...(would_deny.length > 0 && { would_deny: [...would_deny] }),
      ...nextHop(evaluation, caller),
      ...(evaluation.call?.method === ANY_CALL && server?.call_from === 'none' && { call_from: 'none' }),
    },
    ...(evaluation.response_headers && { response_headers: evaluation.response_headers }),
    revision,
  };
}

/** Exact, although a client chose the name: whoever asks makes this very call. Records cut it. */
function nextHop({ server, call }: Evaluation, caller: Caller): { readonly hop?: NextHop } {
  const hop = call === null ? undefined : server?.hop(call);
  if (hop === undefined || !mayAskAbout(caller, hop.backend.key)) return {};
  return { hop: { server: hop.backend.resource, [hop.kind]: hop.name } };
}

const principal = (token: TokenFacts) => ({
  issuer: token.issuer,
  subject: token.subject ?? null,
  client_id: token.client_id ?? null,
  // A copy: the facts are remembered for the next decision, and whoever gets this answer in process may change it.
  scopes: [...token.scopes],
  actor: token.actor ?? null,
});

/** A set leaves WebAssembly in no order; an answer has one. */
const byKind = (a: WaiverUse, b: WaiverUse) =>
  `${a.what} ${a.until} ${a.owner}`.localeCompare(`${b.what} ${b.until} ${b.owner}`);

/**
 * The earliest end of token and waivers. A waiver holds while now, in whole seconds, is less than its end without the
 * fraction, so the fraction must not lengthen the allow.
 */
function validUntil(token: TokenFacts, waivers: readonly WaiverUse[]): string {
  const ends = waivers.map(({ until }) => Math.floor(Date.parse(until) / 1000));
  const first = Math.min(token.expires_at ?? 0, ...ends);
  return new Date(first * 1000).toISOString().replace('.000Z', 'Z');
}
