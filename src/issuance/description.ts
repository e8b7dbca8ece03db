/**
 * `error_description` of each denial: constant text for the client's developer, in the characters of RFC 6749 §5.2, and
 * never anything that a client wrote or that the registry holds.
 */
import type { ReasonCode } from '../decision/reasons.ts';

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  issuer_unknown: 'This authorization server may not issue tokens for the requested resource',
  issuer_disabled: 'This authorization server may not issue tokens for the requested resource',
  token_expired: 'The grant or subject token has expired',
  resource_missing: 'The resource parameter is missing: send the resource of the server that the token is for',
  resource_multiple: 'Exactly one resource can be requested',
  resource_unregistered: 'The requested resource is unknown here: send it exactly as its metadata names it',
  resource_generic: 'The requested resource is not one server',
  resource_changed: 'The requested resource is not the one that the grant was made for',
  exchange_not_allowed: 'This client may not use this grant or token for the requested resource',
  scope_exceeds_grant: 'The requested scope exceeds what was granted',
};

const OTHERWISE = 'No token can be issued for the requested resource';

export function describe(code: ReasonCode | undefined): string {
  return code !== undefined && Object.hasOwn(DESCRIPTIONS, code) ? (DESCRIPTIONS[code] ?? OTHERWISE) : OTHERWISE;
}
