/** TLS of every place that audgate listens at: its own certificate, and how certificates of clients are verified. */
import { constants, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls';

/** Contents of the files that the configuration names, PEM. */
export interface TlsMaterial {
  /** This service's certificate, and those between it and its root. */
  readonly certificate: string;
  readonly key: string;
  /** Certificates of clients are verified with these, and with no others. */
  readonly client_ca?: string;
}

/**
 * No renegotiation, no resumption: each connection shows its certificate once and proves its key, and what was verified
 * under an earlier `client_ca` opens nothing under the present one.
 */
const SECURE = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET;

/** What a server takes anew with `setSecureContext`. */
export function contextOf({ certificate, key, client_ca }: TlsMaterial): SecureContextOptions {
  return {
    cert: certificate,
    key,
    // An empty list, not none: without one, whoever has a certificate of any public authority would be verified.
    ca: client_ca ?? [],
    minVersion: 'TLSv1.2',
    secureOptions: SECURE,
  };
}

/**
 * A certificate that does not verify ends no handshake: callers with keys come in by the same door, and what a certificate
 * is worth is asked of the socket (`authorized`) at each request.
 * @param handshakeMs milliseconds
 */
export function serverOptions(material: TlsMaterial, handshakeMs: number): TlsOptions {
  return {
    ...contextOf(material),
    requestCert: material.client_ca !== undefined,
    rejectUnauthorized: false,
    handshakeTimeout: handshakeMs,
  };
}

export interface TlsDefect {
  readonly file: 'certificate' | 'key' | 'client_ca';
  /** Completes "the file …"; repeats nothing of it. */
  readonly message: string;
}

/** Why no server can be made of it: what is found here cannot fail when it is put in force. */
export function tlsDefects(material: TlsMaterial): readonly TlsDefect[] {
  const defects: TlsDefect[] = [];
  const own = certificatesOf(material.certificate)?.[0];
  if (own === undefined) defects.push({ file: 'certificate', message: 'holds no certificate in PEM, or a broken one' });
  const key = privateKeyOf(material.key);
  if (key === null) defects.push({ file: 'key', message: 'holds no private key in PEM without passphrase' });
  if (own !== undefined && key !== null && !own.checkPrivateKey(key))
    defects.push({ file: 'key', message: 'holds another key than that of the first certificate in tls.certificate' });
  if (material.client_ca !== undefined && certificatesOf(material.client_ca)?.[0] === undefined)
    defects.push({ file: 'client_ca', message: 'holds no certificate in PEM, or a broken one' });
  if (defects.length > 0) return defects;
  try {
    createSecureContext(contextOf(material));
    return [];
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return [{ file: 'certificate', message: `cannot be served with, as OpenSSL finds (${code})` }];
  }
}

/** @returns null where one of them is broken: OpenSSL would pass over what it does not understand */
function certificatesOf(pem: string): readonly X509Certificate[] | null {
  try {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
    if (blocks.length !== pem.split('-----BEGIN CERTIFICATE-----').length - 1) return null;
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return null;
  }
}

function privateKeyOf(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    return null;
  }
}
