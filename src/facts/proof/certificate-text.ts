/**
 * One certificate in PEM (RFC 7468 §5), and its thumbprint. Strict, because what is read leniently is read differently by
 * others: no second certificate, no text around it, no headers in it, nothing after the DER's own end.
 */
import { hash, X509Certificate } from 'node:crypto';

/** SHA-256 of the DER in base64url, or what completes "The certificate of the client cannot be read: …". */
export type Read = { readonly ok: true; readonly thumbprint: string } | { readonly ok: false; readonly why: string };

/** The DER, or what completes the same. */
export type Der = { readonly ok: true; readonly der: Buffer } | Extract<Read, { ok: false }>;

/** Characters: a certificate with a key of 4096 bits and a hundred names has some 8,000. Chains are longer. */
export const PEM_LENGTH = 32_768;

const PEM = /^-----BEGIN CERTIFICATE-----\r?\n((?:[A-Za-z0-9+/=]+\r?\n)+)-----END CERTIFICATE-----$/;
const LABEL = /-----BEGIN ([A-Z0-9 ]{1,32})-----/g;

/** @param text null: it could not be decoded */
export function readPem(text: string | null): Der {
  if (text === null) return wrong('it is not percent-encoded (RFC 3986 §2.1)');
  const match = PEM.exec(text.trim());
  if (match !== null) return readDer((match[1] ?? '').replace(/[\r\n]/g, ''));
  const labels = [...text.matchAll(LABEL)].map(([, label]) => label);
  if (labels.length > 1)
    return wrong(
      `it holds ${labels.length} PEM blocks, and one was expected: the client’s own certificate, without its chain`,
    );
  const [label] = labels;
  return wrong(
    label === undefined || label === 'CERTIFICATE'
      ? 'it is not PEM of one certificate alone, without headers or other text (RFC 7468 §5)'
      : `it is a PEM block ${JSON.stringify(label)}, and CERTIFICATE was expected`,
  );
}

/** @param base64 RFC 4648 §4, with padding and without line breaks */
export function readDer(base64: string): Der {
  const der = Buffer.from(base64, 'base64');
  return der.toString('base64') === base64
    ? { ok: true, der }
    : wrong('it is not canonical base64 with padding (RFC 4648 §4)');
}

export function thumbprintOf(read: Der): Read {
  if (!read.ok) return read;
  const { der } = read;
  let raw: Buffer;
  try {
    ({ raw } = new X509Certificate(der));
  } catch {
    return wrong('it is no X.509 certificate in DER');
  }
  // What follows a certificate is passed over in silence by the library, and would be part of the thumbprint here.
  return raw.equals(der)
    ? { ok: true, thumbprint: hash('sha256', der, 'base64url') }
    : wrong('it is not one X.509 certificate in DER and nothing after it');
}

/** A percent-encoded text as its characters. `+` is itself. @returns null for what is not so encoded, or not ASCII */
export function unescaped(text: string): string | null {
  return /^(?:[!-$&-~]|%[0-7][0-9a-fA-F])*$/.test(text)
    ? text.replace(/%([0-7][0-9a-fA-F])/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : null;
}

export function wrong(why: string): Extract<Read, { ok: false }> {
  return { ok: false, why };
}
