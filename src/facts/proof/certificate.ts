/**
 * The client's certificate as the gateway that ended its TLS connection forwards it, for tokens that are bound to one (RFC 8705
 * §3). That the client holds the private key, the handshake proved, and the gateway's word is all there is of it. Whether the
 * certificate is in time, revoked, or of an authority that anybody trusts is an affair of that handshake and not looked at: what
 * a token is bound to is one certificate, whoever issued it.
 */
import type { ForwardedCertificate } from '../../decision/facts.ts';
import { PEM_LENGTH, type Read, readDer, readPem, thumbprintOf, unescaped } from './certificate-text.ts';
import { readXfcc } from './certificate-xfcc.ts';
import type { ProofContext } from './proofs.ts';
import { type Refused, refuse } from './refuse.ts';

export type CertificateReading =
  /** None came with the call. */
  | { readonly kind: 'none' }
  | Refused
  /** `unlike`: why policy will deny a token that is bound to another one. */
  | { readonly kind: 'shown'; readonly facts: { readonly 'x5t#S256': string }; readonly unlike?: Refused };

/** Characters of SHA-256 in base64url, as `x5t#S256` is written (RFC 8705 §3.1, RFC 7515 §2). */
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;

/** @param forwarded undefined: the asker may forward none, or did not */
export function readCertificate(
  forwarded: ForwardedCertificate | undefined,
  { token }: Pick<ProofContext, 'token'>,
): CertificateReading {
  if (forwarded === undefined) return { kind: 'none' };
  const [value, second] = forwarded.values;
  // A gateway writes an empty header where its client showed none.
  if (value === undefined || (value === '' && second === undefined)) return { kind: 'none' };
  if (second !== undefined)
    return mismatch(
      `The certificate of the client came in ${forwarded.values.length} ${forwarded.form === 'pem' ? 'values' : 'headers'}, and exactly one was expected. Have the gateway set its own in place of any that its client sent.`,
    );
  if (value.length > PEM_LENGTH)
    return mismatch(
      `The certificate of the client came in ${value.length} characters, and at most ${PEM_LENGTH} are accepted. Have the gateway forward the client’s own certificate alone, without its chain.`,
    );
  const read = FORMS[forwarded.form](value);
  if (!read.ok) return mismatch(`The certificate of the client cannot be read: ${read.why}.`);
  const bound = token.confirmation?.['x5t#S256'];
  const facts = { 'x5t#S256': read.thumbprint };
  return bound === undefined || bound === read.thumbprint
    ? { kind: 'shown', facts }
    : { kind: 'shown', facts, unlike: unlike(bound, read.thumbprint) };
}

const FORMS: Readonly<Record<ForwardedCertificate['form'], (value: string) => Read>> = {
  pem: (value) => thumbprintOf(readPem(value)),
  nginx: (value) => thumbprintOf(readPem(unescaped(value))),
  xfcc: readXfcc,
  rfc9440: readByteSequence,
};

/** RFC 9440 §2.1 and §2.2: a byte sequence of RFC 8941, which is one item; nobody has defined a parameter for it. */
function readByteSequence(value: string): Read {
  const match = /^:([A-Za-z0-9+/]*={0,2}):$/.exec(value.trim());
  if (match === null)
    return {
      ok: false,
      why: 'a header Client-Cert holds one byte sequence, which is base64 between colons (RFC 9440 §2.2), and nothing beside it',
    };
  return thumbprintOf(readDer(match[1] ?? ''));
}

function mismatch(message: string): Refused {
  return refuse('certificate_mismatch', message);
}

function unlike(bound: unknown, shown: string): Refused {
  if (typeof bound !== 'string' || !THUMBPRINT.test(bound))
    return refuse(
      'certificate_mismatch',
      'The token’s cnf.x5t#S256 is no thumbprint: 43 characters were expected, the SHA-256 of the certificate in base64url without padding (RFC 8705 §3.1). Have the issuer write it so.',
      { actual: [shown] },
    );
  return refuse(
    'certificate_mismatch',
    'The client certificate is not the one that the token is bound to (cnf.x5t#S256). Connect with the certificate that the token was issued to, or get a token with this one; where a proxy stands before the gateway, have it forward its client’s certificate and not its own.',
    { expected: [bound], actual: [shown] },
  );
}
