/**
 * What has to be right before any rule is asked: server, call, credentials, and a token that can be read and verified. A
 * token that is not there, or not to be used, is tried as the right one that its issuer could issue.
 */

import type { Change, NoSafeChange, Side } from '../decision/explanation.ts';
import type { CallFacts, TokenFacts } from '../decision/facts.ts';
import type { Reason } from '../decision/reason.ts';
import { entryOf, type FixedCode, type ReasonCode } from '../decision/reasons.ts';
import type { IssuerRecord, ServerRecord } from '../registry/registry.ts';
import { parameters } from './authentication.ts';
import type { Evaluation } from './evaluate.ts';
import { place } from './explain-where.ts';
import { rightBinding } from './remedy-binding.ts';
import { freshTimes, type Setting, type Trial } from './remedy-trial.ts';
import { authenticated } from './remedy-user.ts';

export interface First {
  /** Where the rules' denials begin; null: without these changes nobody can say what the rules would. */
  readonly start: Trial | null;
  /** Whether an allow of the trial would be one of the call: nothing else stands in the way. */
  readonly certain: boolean;
  /** Whether what the token says was verified, or is what a right one would say. */
  readonly trusted: boolean;
  readonly changes: readonly Change[];
  /** What helps besides; nobody can try it. */
  readonly also: readonly Change[];
  readonly no_safe_change: readonly NoSafeChange[];
}

/** Codes of the token itself, its text or claims: another token is the cure. */
const ANOTHER_TOKEN: ReadonlySet<ReasonCode> = new Set<FixedCode>([
  ...(['token_missing', 'token_malformed', 'token_encrypted', 'issuer_unknown', 'issuer_disabled'] as const),
  ...([
    'algorithm_not_allowed',
    'token_type_not_allowed',
    'claims_invalid',
    'key_unknown',
    'signature_invalid',
    'token_inactive',
  ] as const),
]);

/** Of these the issuer's own setting is the cause as often as not. */
const BY_ISSUER: ReadonlySet<ReasonCode> = new Set<FixedCode>([
  ...(['token_encrypted', 'algorithm_not_allowed', 'token_type_not_allowed', 'claims_invalid', 'key_unknown'] as const),
]);

export function firstSteps(evaluation: Evaluation, setting: Setting, now: number): First {
  const { server, call, token, input, reasons } = evaluation;
  if (server === null || call === null) {
    const changes = reasons.map((reason) => remedy(sideOf(reason), reason, server));
    return { start: null, certain: false, trusted: false, changes, also: [], no_safe_change: [] };
  }
  const issuer = input && setting.registry.issuers.get(input.registered.issuer.key);
  if (token !== null && issuer) return readToken(evaluation, { call, token, proof: input.proof, server, issuer, now });
  return unread(evaluation, { call, server }, setting, now);
}

/** The rules were asked. What else denied stands beside them: nobody can try it away. */
function readToken({ reasons, outcome }: Evaluation, start: Trial): First {
  const beside = reasons.filter(({ code }) => OUTSIDE.has(code));
  const trusted = outcome === 'deny' && reasons.every(({ verified }) => verified !== false);
  const certain = beside.length === 0 && trusted;
  return {
    start,
    certain,
    trusted,
    changes: beside.map((reason) => remedy(sideOf(reason), reason, start.server)),
    also: [],
    no_safe_change: [],
  };
}

/** Not of a rule, though a token was read. */
const OUTSIDE: ReadonlySet<ReasonCode> = new Set<FixedCode>([
  ...(['claims_invalid', 'arguments_too_large', 'keys_unavailable', 'policy_unavailable', 'policy_error'] as const),
  ...(['token_revoked', 'revocation_unavailable', 'proof_replayed', 'replay_store_unavailable'] as const),
]);

/** No token, or one that cannot be used: the right one in its place. */
function unread(
  { reasons }: Evaluation,
  { call, server }: { readonly call: CallFacts; readonly server: ServerRecord },
  setting: Setting,
  now: number,
): First {
  const others = reasons.filter(({ code }) => !ANOTHER_TOKEN.has(code));
  const issuer = server.issuers
    .flatMap((key) => setting.registry.issuers.get(key) ?? [])
    .find(({ disabled }) => !disabled);
  const unusable = reasons.find(({ code }) => ANOTHER_TOKEN.has(code));
  if (issuer === undefined || unusable === undefined || others.length > 0)
    return {
      start: null,
      certain: false,
      trusted: false,
      also: [],
      changes: reasons.map((reason) => remedy(sideOf(reason), reason, server)),
      no_safe_change: [],
    };
  const { scopes = [], authentication } = server.operation(call) ?? {};
  const { proof, sent } = rightBinding(server, now);
  const start = authenticated({ call, server, issuer, now, proof, token: rightToken(issuer, server, scopes, now) });
  const asked = [
    ...(scopes.length === 0 ? [] : [`scope="${scopes.join(' ')}"`]),
    ...(authentication === undefined ? [] : [parameters(authentication)]),
  ]
    .map((one) => ` and ${one}`)
    .join('');
  const get: Change = {
    side: 'client',
    change: `Get an access token from ${issuer.issuer} with resource=${server.resource}${asked}, and ${sent}.`,
    why: entryOf(unusable.code).summary,
    cures: [unusable.code],
    verified: false,
  };
  const also = BY_ISSUER.has(unusable.code) ? [remedy('authorization_server', unusable, server)] : [];
  const operator = operatorOf(unusable, setting);
  return {
    start,
    certain: setting.policy.custom === null,
    trusted: true,
    changes: [get],
    also,
    no_safe_change: operator === null ? [] : [operator],
  };
}

function rightToken(issuer: IssuerRecord, server: ServerRecord, scopes: readonly string[], now: number): TokenFacts {
  const times = freshTimes({ now, server });
  const { confirmation } = rightBinding(server, now);
  return {
    type: issuer.token_types[0] ?? 'at+jwt',
    algorithm: issuer.algorithms[0] ?? 'ES256',
    key_id: 'right',
    issuer: issuer.issuer,
    audiences: [server.resource],
    scopes,
    ...times,
    ...(confirmation && { confirmation }),
    claims: {
      iss: issuer.issuer,
      aud: server.resource,
      scope: scopes.join(' '),
      iat: times.issued_at,
      exp: times.expires_at,
      ...(confirmation && { cnf: confirmation }),
    },
  };
}

/** What of the token its registry record refuses, which nobody should change to let it in unseen. */
function operatorOf({ code, actual = [] }: Reason, { registry }: Setting): NoSafeChange | null {
  if (code === 'issuer_unknown')
    return {
      side: 'operator',
      why: 'Register the issuer only if it is an authorization server of this server; the token itself proves nothing.',
    };
  const known = registry.issuerByIss.get(String(actual[0] ?? ''));
  if (code !== 'issuer_disabled' || known === undefined) return null;
  const where = place(registry.whereIs('issuers', known.key, 'disabled'));
  return { side: 'operator', why: `Somebody disabled the issuer (${where}): ask why before it is enabled again.` };
}

function sideOf({ code }: Reason): Side {
  if (code === 'server_unknown' || entryOf(code).wire === 'unavailable' || code === 'policy_error') return 'operator';
  return 'client';
}

/** The remedy that stands in the registry of reasons. */
function remedy(side: Side, { code }: Reason, server: ServerRecord | null): Change {
  const { remedy: change, summary: why } = entryOf(code);
  const where = side === 'operator' && server !== null ? { where: place(server.source) } : {};
  return { side, change, why, ...where, cures: [code], verified: false };
}
