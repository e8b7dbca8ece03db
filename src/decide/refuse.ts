/** Denials of rules and failures of dependencies, made reasons: with sentence, and evidence fit to leave the process. */
import { evidence, legible } from '../decision/evidence.ts';
import type { CallFacts, TokenFacts } from '../decision/facts.ts';
import type { Evidence, Reason } from '../decision/reason.ts';
import { comparePrecedence, entryOf, type FixedCode } from '../decision/reasons.ts';
import type { CoreDenial, CustomDenial } from '../decision/verdict.ts';
import type { RevocationAnswer } from '../facts/revocation/revocations.ts';
import type { Judgement } from '../policy/policy.ts';
import type { Registry } from '../registry/registry.ts';
import type { Ask, Caller } from './ask.ts';
import { hasTokenInQuery } from './credentials.ts';
import { type Denied, messageOf, serverUnknownMessage } from './message.ts';

/** Bytes of a call's arguments, as JSON in UTF-8, that custom rules are given at most (contract 6). */
export const MAX_ARGUMENTS_BYTES = 16 * 1024;

export function refusal(code: FixedCode, message?: string, actual?: Evidence): Reason {
  const { summary, remedy } = entryOf(code);
  return { code, message: message ?? `${summary} ${remedy}`, ...(actual && { actual: evidence(actual) }) };
}

export function serverUnknown(named: Ask['server'], registry: Registry, caller: Caller): Reason {
  if (typeof named === 'string')
    return refusal('server_unknown', serverUnknownMessage(named, registry, caller), [named]);
  const message = `No server is registered under the key ${JSON.stringify(legible(named.key))}. Write the key of a registered server into the gateway's own route.`;
  return refusal('server_unknown', message, [named.key]);
}

/** What is wrong with the client's request around its call: which token it means, and what a door found (RFC 6750 §2). */
export function unfitRequest({ ambiguous, malformed, token, target }: Ask): readonly Reason[] {
  const twice =
    ambiguous ??
    (token && target !== undefined && hasTokenInQuery(target)
      ? 'carries one access token in its Authorization header and one in its query'
      : undefined);
  const reasons: Reason[] = [];
  if (twice !== undefined)
    reasons.push(
      refusal('credential_ambiguous', `The client's request ${twice}. ${entryOf('credential_ambiguous').remedy}`),
    );
  if (malformed !== undefined) reasons.push(refusal('call_malformed', `The client's request ${malformed}.`));
  return reasons;
}

/**
 * The asker's word about the subject against the token's. What the asker wrote is not repeated: it may be a token.
 * @param verified whether the token's signature was verified; an unverified `sub` that differs is no better for any key
 */
export function otherSubject({ subject }: Ask, token: TokenFacts, verified: boolean): readonly Reason[] {
  if (subject === undefined || subject === token.subject) return [];
  const held = token.subject === undefined ? [] : [token.subject];
  const message = `The question names another subject than the token's sub, which ${held.length === 0 ? 'is absent' : 'differs'}. Name the token's own sub as subject, byte for byte.`;
  return [{ ...refusal('claims_invalid', message, held), ...(!verified && { verified: false as const }) }];
}

export function keysUnavailable(issuerKey: string, detail: string): Reason {
  return refusal(
    'keys_unavailable',
    `The keys of issuer "${issuerKey}" cannot be had: ${legible(detail)}. Retry; /v1/status shows the key source's last error.`,
  );
}

/** @param verified whether the token's signature was verified; a withdrawn token is no better for any key */
export function revoked(answer: RevocationAnswer, token: TokenFacts, verified: boolean): readonly Reason[] {
  if (answer.kind !== 'revoked') return [];
  const what = { jti: 'jti', sub: 'subject', client_id: 'client', issued_before: 'time of issue' }[answer.by];
  const actual = {
    jti: token.token_id,
    sub: token.subject,
    client_id: token.client_id,
    issued_before: token.issued_at,
  }[answer.by];
  const message = `The token was revoked, by its ${what}. Get a new token, if the authorization server still gives one.`;
  return [
    {
      ...refusal('token_revoked', message, actual === undefined ? [] : [actual]),
      ...(!verified && { verified: false as const }),
    },
  ];
}

export function revocationUnavailable(detail: string): Reason {
  return refusal(
    'revocation_unavailable',
    `The list of revoked tokens cannot be had: ${legible(detail)}. Retry; see the log for why.`,
  );
}

export function replayStoreUnavailable(detail: string): Reason {
  return refusal(
    'replay_store_unavailable',
    `Whether the proof was used before cannot be told: ${legible(detail)}. Retry with a fresh proof; see the log for why.`,
  );
}

/** Of a store that was lost, or whose clock went wrong. */
export const proofForgotten = (): Reason =>
  refusal(
    'proof_invalid',
    'The proof is older than the memory of used proofs, so nobody knows whether it was used before. Make a fresh proof for each request.',
  );

export const policyUnavailable = (): Reason => refusal('policy_unavailable');

/** @returns null when custom rules may be given the call's arguments */
export function argumentsTooLarge(call: CallFacts): Reason | null {
  const size = call.arguments === undefined ? 0 : Buffer.byteLength(JSON.stringify(call.arguments));
  if (size <= MAX_ARGUMENTS_BYTES) return null;
  return {
    code: 'arguments_too_large',
    message: `The arguments are ${size} bytes of JSON, and custom rules are given at most ${MAX_ARGUMENTS_BYTES}. Send smaller arguments.`,
    expected: [MAX_ARGUMENTS_BYTES],
    actual: [size],
  };
}

/** @returns the reasons sorted by precedence; equal codes by their message, because a set leaves WebAssembly in no order */
export function inOrder(reasons: readonly Reason[]): readonly Reason[] {
  if (reasons.length < 2) return reasons;
  return reasons.toSorted((a, b) => comparePrecedence(a.code, b.code) || (a.message < b.message ? -1 : 1));
}

/** All reasons of a judgement that denies. @param verified whether the token's signature was verified */
export function reasonsOf(
  judgement: Extract<Judgement, { kind: 'deny' }>,
  context: Omit<Denied, 'denial'> & { readonly proof?: readonly Reason[] },
  verified: boolean,
): readonly Reason[] {
  const { proof = [], ...about } = context;
  return [
    // Why a proof is no good, facts say; that it is needed, a rule.
    ...judgement.denials.map((denial) => {
      const told = proof.find(({ code }) => code === denial.code);
      if (told === undefined) return coreReason(denial, about, verified);
      return verified ? told : { ...told, verified: false as const };
    }),
    ...judgement.custom.map(customReason),
  ];
}

function coreReason(denial: CoreDenial, context: Omit<Denied, 'denial'>, verified: boolean): Reason {
  return {
    code: denial.code,
    message: messageOf({ ...context, denial }),
    ...(denial.expected && { expected: denial.expected }),
    ...(denial.actual && { actual: evidence(denial.actual) }),
    ...(!verified && { verified: false as const }),
    ...(denial.rule !== undefined && { rule: denial.rule }),
  };
}

function customReason({ rule, code, message, expected, actual }: CustomDenial): Reason {
  return {
    code: `custom:${rule}/${code}`,
    message: message === undefined ? `The custom rule ${rule} denies this call. See the rule.` : legible(message),
    ...(expected && { expected: evidence(expected) }),
    ...(actual && { actual: evidence(actual) }),
  };
}
