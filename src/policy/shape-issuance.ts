/** Whether what core answered about an issuance has exactly the agreed form. */
import type { CoreDenial } from '../decision/verdict.ts';
import type { Issuable } from './issue.ts';
import { hasExactly, isTexts, readAll, readCoreDenial } from './shape.ts';

export interface IssuanceVerdict {
  readonly allow: boolean;
  readonly denials: readonly CoreDenial[];
  readonly issue: Issuable | null;
}

/** @returns null when it is anything but `{allow, denials, issue: null | {aud, resource, scopes, expires_in, sender_constraint}}` */
export function readIssuanceVerdict(value: unknown): IssuanceVerdict | null {
  if (!hasExactly(value, ['allow', 'denials', 'issue'])) return null;
  const { allow } = value;
  const denials = readAll(value.denials, readCoreDenial);
  const issue = value.issue === null ? null : readIssuable(value.issue);
  if (typeof allow !== 'boolean' || denials === null || issue === undefined) return null;
  return { allow, denials, issue };
}

function readIssuable(value: unknown): Issuable | undefined {
  if (!hasExactly(value, ['aud', 'resource', 'scopes', 'expires_in', 'sender_constraint'])) return undefined;
  const { aud, resource, scopes, expires_in, sender_constraint } = value;
  if (typeof aud !== 'string' || typeof resource !== 'string' || !isTexts(scopes)) return undefined;
  if (typeof expires_in !== 'number' || !Number.isSafeInteger(expires_in)) return undefined;
  const constraint = (['none', 'dpop', 'mtls', 'any'] as const).find((one) => one === sender_constraint);
  return constraint && { aud, resource, scopes, expires_in, sender_constraint: constraint };
}
