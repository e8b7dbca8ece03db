/** What one right token of a server opens at another, by the very core and floor that decide. */
import type { WaiverUse } from '../decision/decision.ts';
import type { CallFacts, ProofFacts, TokenFacts } from '../decision/facts.ts';
import type { OperationInput, PolicyInput } from '../decision/input.ts';
import { buildInput, withCall } from '../policy/input.ts';
import type { Judgement, Policy } from '../policy/policy.ts';
import { callsOf } from '../registry/lint/waiver.ts';
import { ANY_CALL } from '../registry/method.ts';
import type { Registry, ServerRecord } from '../registry/registry.ts';
import { type RightToken, unnamedAt } from './shapes.ts';

export interface Verdict {
  /** `held`: the core opened it, and only the host's own comparison did not. */
  readonly kind: 'shut' | 'open' | 'held' | 'waived' | 'unknown';
  readonly operations: readonly string[];
  readonly waivers: readonly WaiverUse[];
  /** Of the token by itself. */
  readonly itself: Judgement;
}

/** Seconds: a life that every server allows, whatever its limit. */
const LIFETIME = 60;
const BOUND = { jkt: 'reach', 'x5t#S256': 'reach' };
const PING: CallFacts = { method: 'ping' };
const NOTHING: OperationInput = { name: ANY_CALL, scopes: [], implied_by: {}, labels: {} };

/**
 * The worst token that the issuer could make for `from`: short-lived, held by its right holder with every proof, with all
 * scopes of the other server too. Its audience alone, and waivers, are to keep it out.
 * @param now seconds since the epoch
 */
export function judgeAt(
  right: RightToken,
  client: string | null,
  { from, to }: { readonly from: ServerRecord; readonly to: ServerRecord },
  registry: Registry,
  policy: Policy,
  now: number,
): Verdict {
  const calls = client === null ? [] : waivedCalls(to, right.issuer, client);
  const token = tokenOf(right, client, from, to, scopesOf(to, calls), now);
  const proof = token.confirmation === undefined ? {} : { proof: PROVED };
  const parts = { call: PING, token, ...proof, server: to, issuer: right.record, registry, now };
  const input = buildInput({ ...parts, context: { caller: 'audgate' } });
  const itself = policy.judge(withOperation(input, NOTHING), null);
  const judged = [
    { name: '*', judgement: itself },
    ...calls.map(({ name, call }) => ({
      name,
      judgement: policy.judge(unauthenticated(withCall(input, call, to)), null),
    })),
  ];
  const allowed = judged.flatMap(({ name, judgement }) => (judgement.kind === 'allow' ? [{ name, ...judgement }] : []));
  const bare = allowed.filter((one) => !isWaived(one));
  const waivers = allowed.flatMap((one) => one.waivers);
  const told = (kind: Verdict['kind'], operations: readonly { readonly name: string }[]): Verdict => ({
    kind,
    operations: operations.map(({ name }) => name),
    waivers: [...new Map(waivers.map((use) => [JSON.stringify(use), use])).values()],
    itself,
  });
  if (bare.length > 0) return told('open', bare);
  const held = judged.filter(({ judgement }) => isHeld(judgement));
  if (held.length > 0) return told('held', held);
  if (judged.some(({ judgement }) => judgement.kind === 'unavailable')) return told('unknown', []);
  return told(allowed.length > 0 ? 'waived' : 'shut', allowed);
}

const PROVED: ProofFacts = {
  dpop: { jkt: BOUND.jkt, algorithm: 'ES256', issued_at: 0 },
  mtls: { 'x5t#S256': BOUND['x5t#S256'] },
};

/** Of the audience: any other waiver would leave a foreign token out. */
function isWaived({ waivers, would_deny }: Extract<Judgement, { kind: 'allow' }>): boolean {
  return waivers.some(({ what }) => what === 'audience') || would_deny.some((code) => code.startsWith('audience_'));
}

/** Whatever breaks is denied so, also what the floor holds back. */
function isHeld(judgement: Judgement): boolean {
  return judgement.kind === 'deny' && judgement.denials.some(({ code }) => code === 'policy_error');
}

function withOperation(input: PolicyInput, operation: OperationInput): PolicyInput {
  return { ...input, registered: { ...input.registered, operation } };
}

/** Its user was authenticated as well as the operation asks. */
function unauthenticated(input: PolicyInput): PolicyInput {
  const { operation } = input.registered;
  if (operation?.authentication === undefined) return input;
  const { authentication: _, ...rest } = operation;
  return withOperation(input, rest);
}

function waivedCalls(server: ServerRecord, issuer: string, client: string) {
  const names = new Set(server.waiversFor(issuer, client).flatMap(({ operations }) => operations));
  return [...names].flatMap((name) => callsOf(name).map((call) => ({ name, call })));
}

function scopesOf(server: ServerRecord, calls: readonly { readonly call: CallFacts }[]): readonly string[] {
  return [...new Set(calls.flatMap(({ call }) => server.operation(call)?.scopes ?? []))];
}

function tokenOf(
  { record, issuer, audiences }: RightToken,
  client: string | null,
  from: ServerRecord,
  to: ServerRecord,
  scopes: readonly string[],
  now: number,
): TokenFacts {
  const isBound = from.sender_constraint !== 'none' || to.sender_constraint !== 'none';
  return {
    type: record.token_types[0] ?? 'at+jwt',
    algorithm: record.algorithms[0] ?? 'ES256',
    key_id: issuer,
    issuer: record.issuer,
    audiences,
    scopes,
    subject: 'reach',
    client_id: client ?? unnamedAt(to),
    token_id: 'reach',
    issued_at: now,
    expires_at: now + Math.min(LIFETIME, from.max_lifetime_seconds, to.max_lifetime_seconds),
    ...(isBound && { confirmation: BOUND }),
    claims: {},
  };
}
