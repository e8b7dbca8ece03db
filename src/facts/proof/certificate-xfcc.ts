/**
 * Envoy's X-Forwarded-Client-Cert: elements separated by commas, one a proxy, each of pairs separated by semicolons. Values that
 * hold a separator are quoted, but not all that Envoy writes are: a name in the client's certificate stands there as it is
 * (`URI=`, `DNS=`), so a certificate may bring pairs and elements of its own making. Hence of what tells the certificate, two
 * are none, both must agree, and a second element is refused. Envoy's own Hash comes before any name.
 */
import { type Read, readPem, thumbprintOf, unescaped, wrong } from './certificate-text.ts';

const PAIR = /([A-Za-z][A-Za-z0-9_-]{0,31})=("(?:[^"\\]|\\.)*"|[^",;]*)(,|;|$)/y;
const HASH = /^[0-9a-fA-F]{64}$/;

export function readXfcc(value: string): Read {
  const split = pairsOf(value.trim());
  if (!split.ok) return split;
  const { pairs } = split;
  const hash = onlyOf(pairs, 'hash');
  const cert = onlyOf(pairs, 'cert');
  if (hash === null || cert === null)
    return wrong(
      'X-Forwarded-Client-Cert holds Hash or Cert more than once, which no proxy writes; a name in the certificate may',
    );
  if (hash === undefined && cert === undefined)
    return wrong(
      'X-Forwarded-Client-Cert holds neither Hash nor Cert. Have the gateway set it (Envoy: forward_client_cert_details: SANITIZE_SET)',
    );
  if (hash !== undefined && !HASH.test(hash))
    return wrong('Hash of X-Forwarded-Client-Cert is not the SHA-256 of a certificate, as 64 hex digits');
  const ofHash = hash === undefined ? undefined : Buffer.from(hash, 'hex').toString('base64url');
  if (cert === undefined) return { ok: true, thumbprint: ofHash ?? '' };
  const read = thumbprintOf(readPem(unescaped(cert)));
  if (!read.ok || ofHash === undefined || read.thumbprint === ofHash) return read;
  return wrong('Hash and Cert of X-Forwarded-Client-Cert are of two certificates');
}

type Pair = readonly [name: string, value: string];

/** Of the one element; names in lower case, because they ignore it. */
function pairsOf(value: string): { readonly ok: true; readonly pairs: readonly Pair[] } | Extract<Read, { ok: false }> {
  const pairs: Pair[] = [];
  PAIR.lastIndex = 0;
  for (;;) {
    const match = PAIR.exec(value);
    if (match === null) return wrong('X-Forwarded-Client-Cert is not pairs of name and value, separated by semicolons');
    const [, name = '', raw = '', end] = match;
    if (end === ',')
      return wrong(
        'X-Forwarded-Client-Cert holds more than one element, and the last proxy’s alone was expected. Have the gateway replace what its client sent (Envoy: forward_client_cert_details: SANITIZE_SET)',
      );
    pairs.push([name.toLowerCase(), raw.startsWith('"') ? raw.slice(1, -1) : raw]);
    if (end === '') return { ok: true, pairs };
  }
}

/** @returns undefined: there is none; null: there are several */
function onlyOf(pairs: readonly Pair[], name: string): string | undefined | null {
  const [first, second] = pairs.filter(([other]) => other === name);
  return second === undefined ? first?.[1] : null;
}
