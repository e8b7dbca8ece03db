/** Whether an answer is a decision about issuance in the agreed form: what is issued is made of it, so nothing may be missing. */
import type { IssuanceDecision, IssuanceQuestion } from '../decision/issuance.ts';
import { isListOf, isObject, isReason, isText, isTextOrNull } from './read.ts';

export function isIssuance(value: unknown): value is IssuanceDecision {
  if (!isObject(value)) return false;
  const { decision_id, server, reasons, revision, issue, error, error_description } = value;
  if (!isText(decision_id) || decision_id === '' || !isText(revision)) return false;
  if (!isTextOrNull(server) || !isListOf(reasons, isReason)) return false;
  switch (value.decision) {
    case 'allow':
      // Reasons or an error beside an allow: whoever wrote it meant something else.
      return isText(server) && reasons.length === 0 && error === undefined && isIssue(issue);
    case 'deny':
      return reasons.length > 0 && issue === undefined && ERRORS.has(error) && isText(error_description);
    case 'indeterminate':
      return reasons.length > 0 && issue === undefined;
    default:
      return false;
  }
}

/**
 * Whether what it allows can be an answer to this question: one server's resource as `aud`, or, of an ID-JAG, the one
 * authorization server that was asked for. An answer to another question must not become somebody's token.
 */
export function answers(decision: IssuanceDecision, { requested_token_type, audiences }: IssuanceQuestion): boolean {
  if (decision.decision !== 'allow') return true;
  const { aud, resource } = decision.issue;
  return requested_token_type === ID_JAG ? audiences?.length === 1 && audiences[0] === aud : aud === resource;
}

/** As in `decision/issuance.ts`, of which a client knows only types. */
const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag';
const ERRORS: ReadonlySet<unknown> = new Set(['invalid_target', 'invalid_scope']);
const CONSTRAINTS: ReadonlySet<unknown> = new Set(['none', 'dpop', 'mtls', 'any']);

function isIssue(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { aud, resource, scope, expires_in, sender_constraint } = value;
  return (
    [aud, resource].every((text) => isText(text) && text !== '') &&
    isText(scope) &&
    // Zero, or a part of a second, would be no limit to a program that tests for truth or rounds.
    typeof expires_in === 'number' &&
    Number.isSafeInteger(expires_in) &&
    expires_in > 0 &&
    CONSTRAINTS.has(sender_constraint)
  );
}
