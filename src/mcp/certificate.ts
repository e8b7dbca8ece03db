/** The certificate of a client's TLS connection, in a server that was told where it stands. */
import { TLSSocket } from 'node:tls';
import type { CertificateForm } from '../config/callers.ts';
import { forwardedIn } from '../decide/forwarded.ts';
import type { ProofSource } from '../decision/facts.ts';

/**
 * `connection`: of the TLS connection that this process itself ends; the others: in a header that the proxy before it sets in
 * place of its client's (X-Forwarded-Client-Cert, X-SSL-Client-Cert, Client-Cert).
 */
export type ClientCertificates = 'none' | 'connection' | Exclude<CertificateForm, 'none' | 'json'>;

/** A request, as far as it tells a certificate. */
export interface Connected {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** On which it came; absent where the runtime hides it. */
  readonly socket?: unknown;
}

/**
 * The handshake proved that the client holds the key of the certificate, whoever issued it (RFC 8705 §3); to be asked for one,
 * it needs a server with `requestCert`.
 */
export function certificateOf(
  where: ClientCertificates,
  { headers, socket }: Connected,
): Pick<ProofSource, 'certificate'> {
  if (where === 'none') return {};
  if (where !== 'connection') return forwardedIn(where, (name) => headers[name] ?? []);
  const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  return shown === undefined ? {} : { certificate: { form: 'pem', values: [shown.toString()] } };
}
