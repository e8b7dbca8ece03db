/** Whether the server behind the gateway learns who calls from audgate alone. */
import { IDENTITY_HEADERS } from '../../src/decide/identity.ts';
import type { Arrival } from '../world/upstream.ts';

export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  readonly client_id: string;
  /** Space separated. */
  readonly scopes: string;
  readonly actor: string;
  readonly server: string;
}

/** Every value that a case's client claims for itself holds this. */
export const FORGED = 'forged';

const NAMES: readonly string[] = IDENTITY_HEADERS;
/** As CGI and its heirs read names: dash and underscore are one (RFC 3875 §4.1.18), and to some every other sign as well. */
export const folded = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');

/** What may arrive beside audgate's own. */
export interface Tolerated {
  readonly strangers?: true;
  readonly trailers?: true;
}

/**
 * @returns what is wrong, in words; empty when nothing is
 */
export function identityProblems(
  { headers, trailers }: Arrival,
  expected: Identity,
  tolerated: Tolerated,
): readonly string[] {
  const problems: string[] = [];
  for (const [name, value] of [...headers, ...(tolerated.trailers ? [] : trailers)]) {
    if (!folded(name).startsWith('x-audgate-')) continue;
    const known = NAMES.includes(folded(name)) || folded(name) === 'x-audgate-key';
    if (!NAMES.includes(name.toLowerCase()) && !(tolerated.strangers && !known))
      problems.push(`the client's own ${name} arrived`);
    else if (known && value.includes(FORGED)) problems.push(`${name} arrived as the client wrote it`);
  }
  const found = new Map<string, string>();
  for (const name of NAMES) {
    const values = headers.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
    if (values.length !== 1) problems.push(`expected ${name} once, found ${values.length} times`);
    found.set(name, values[0] ?? '');
  }
  if (problems.length > 0) return problems;

  const read = (name: string) => decode(found.get(`x-audgate-${name}`) ?? '');
  const told = {
    issuer: read('issuer'),
    subject: read('subject'),
    client_id: read('client-id'),
    scopes: read('scopes'),
    actor: read('actor'),
    server: read('server'),
  };
  for (const [name, value] of Object.entries(expected))
    if (told[name as keyof Identity] !== value)
      problems.push(`expected ${name} "${value}" in the identity headers, found "${told[name as keyof Identity]}"`);
  const whole = JSON.stringify({
    issuer: told.issuer,
    subject: told.subject,
    client_id: told.client_id,
    scopes: told.scopes.split(' '),
    actor: told.actor === '' ? null : told.actor,
    server: told.server,
    decision_id: read('decision-id'),
    valid_until: read('valid-until'),
  });
  const json = Buffer.from(found.get('x-audgate-identity') ?? '', 'base64url').toString();
  if (json !== whole) problems.push(`x-audgate-identity does not say what the other headers say: ${json}`);
  if (Number.isNaN(Date.parse(read('valid-until')))) problems.push('x-audgate-valid-until is no time');
  return problems;
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return `not decodable: ${value}`;
  }
}
