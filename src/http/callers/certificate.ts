/** The client certificate of a connection, as far as callers are known by it. */
import type { X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

export interface PeerCertificate {
  /** Of the DER, 64 hex digits, lower case. */
  readonly sha256: string;
  /** DNS and URI subject alternative names, as they stand in it. */
  readonly names: readonly string[];
}

/**
 * Read once a connection: it shows and proves its certificate in the handshake and never again (no renegotiation, no
 * resumption; see tls.ts).
 * @returns null where there is none, or none that `tls.client_ca` verifies: that is no caller, and no error either,
 *   because callers with keys use the same port
 */
export function createPeerOf(): (socket: Duplex) => PeerCertificate | null {
  const known = new WeakMap<Duplex, PeerCertificate | null>();
  return (socket) => {
    if (!(socket instanceof TLSSocket) || !socket.authorized) return null;
    let peer = known.get(socket);
    if (peer === undefined) {
      peer = read(socket.getPeerX509Certificate());
      known.set(socket, peer);
    }
    return peer;
  };
}

function read(certificate: X509Certificate | undefined): PeerCertificate | null {
  if (certificate === undefined) return null;
  const { fingerprint256, subjectAltName } = certificate;
  return peerOfCertificate({ fingerprint256, subjectaltname: subjectAltName });
}

/** @param certificate that was verified, as a library that hides the socket shows it */
export function peerOfCertificate(certificate: {
  readonly fingerprint256: string;
  readonly subjectaltname?: string | undefined;
}): PeerCertificate {
  return {
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    names: namesOf(certificate.subjectaltname ?? ''),
  };
}

/**
 * A value that holds what could be taken for a separator is shown by Node as a JSON text; all others hold neither comma
 * nor quotation mark. A text that fits this form nowhere yields no name at all, so that none can be smuggled in.
 */
const ENTRY = /([A-Za-z0-9 ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;

/** @param text `DNS:a.example, URI:spiffe://example/b`, as Node shows subject alternative names */
export function namesOf(text: string): readonly string[] {
  const names: string[] = [];
  ENTRY.lastIndex = 0;
  while (ENTRY.lastIndex < text.length) {
    const [, kind, value = ''] = ENTRY.exec(text) ?? [];
    if (kind === undefined) return [];
    // A quoted value holds characters that no configured name may hold.
    if ((kind === 'DNS' || kind === 'URI') && value !== '' && !value.startsWith('"')) names.push(value);
  }
  return names;
}
