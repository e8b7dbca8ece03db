/**
 * Whether an answer is one of audgate's: what a client acts on is checked member by member, and anything else is no answer.
 * Members that are not known here are let be, so that a newer audgate may say more.
 */
import type { Allowed } from '../decision/allowed.ts';
import type { Decision } from '../decision/decision.ts';
import type { Explanation } from '../decision/explanation.ts';

export type Members = Readonly<Record<string, unknown>>;

export function isDecision(value: unknown): value is Decision {
  if (!isObject(value)) return false;
  const { decision_id, server, reasons, revision } = value;
  if (!isText(decision_id) || decision_id === '' || !isText(revision)) return false;
  if (!isTextOrNull(server) || !isListOf(reasons, isReason)) return false;
  switch (value.decision) {
    case 'allow':
      // Reasons or a challenge beside an allow: whoever wrote it meant something else.
      return isText(server) && reasons.length === 0 && !('challenge' in value) && isGrant(value);
    case 'deny':
      return reasons.length > 0 && isChallenge(value.challenge);
    case 'indeterminate':
      return reasons.length > 0;
    default:
      return false;
  }
}

export function isAllowed(value: unknown): value is Allowed {
  if (!isObject(value) || !isDecision(value)) return false;
  const { tools, unlisted_tools, prompts, resources, methods, custom }: Members = { ...value };
  const lists = [tools, prompts, resources, methods];
  if (!lists.every((list) => isListOf(list, isText)) || typeof unlisted_tools !== 'boolean') return false;
  if (custom !== 'none' && custom !== 'not_judged') return false;
  return (
    value.decision === 'allow' ||
    (!unlisted_tools && lists.every((list) => isListOf(list, isText) && list.length === 0))
  );
}

export function isExplanation(value: unknown): value is Explanation {
  if (!isObject(value)) return false;
  const { would_decide, checks, input, digests } = value;
  return (
    isDecision(would_decide) && isListOf(checks, isCheck) && (input === null || isObject(input)) && isObject(digests)
  );
}

function isGrant({ principal, valid_until, advice }: Members): boolean {
  if (!isObject(principal) || !isObject(advice)) return false;
  const { issuer, subject, client_id, scopes, actor } = principal;
  return (
    isText(issuer) &&
    [subject, client_id, actor].every(isTextOrNull) &&
    isListOf(scopes, isText) &&
    isText(valid_until) &&
    !Number.isNaN(Date.parse(valid_until)) &&
    (advice.hop === undefined || isHop(advice.hop))
  );
}

/** Of which a hub makes a call: one server, and one name there. */
function isHop(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { server, tool, prompt } = value;
  return isText(server) && (isText(tool) ? prompt === undefined : tool === undefined && isText(prompt));
}

export function isReason(value: unknown): boolean {
  return isObject(value) && isText(value.code) && value.code !== '' && isText(value.message);
}

function isChallenge(value: unknown): boolean {
  if (!isObject(value) || !isObject(value.headers)) return false;
  const { status, headers } = value;
  const isRefusal = typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 499;
  return isRefusal && Object.values(headers).every((values) => isListOf(values, isText));
}

function isCheck(value: unknown): boolean {
  return isObject(value) && isText(value.rule) && isText(value.outcome);
}

export const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const isText = (value: unknown): value is string => typeof value === 'string';
export const isTextOrNull = (value: unknown): value is string | null => value === null || isText(value);

export function isListOf<T>(value: unknown, is: (one: unknown) => one is T): value is readonly T[];
export function isListOf(value: unknown, is: (one: unknown) => boolean): value is readonly unknown[];
export function isListOf(value: unknown, is: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every((one: unknown) => is(one));
}
