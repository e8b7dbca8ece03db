/** Step 1: the text. Three canonical base64url segments (RFC 7515 §3.1 and §2), or it is not looked into. */
import { decodeBase64url } from '../../json/base64url.ts';
import { type Refused, refuse } from './refuse.ts';

/** Characters of a token: what common servers take as one header line. Access tokens are far smaller. */
export const MAX_TOKEN_LENGTH = 8192;

export interface Segments {
  readonly kind: 'segments';
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

const ALPHABET = /^[A-Za-z0-9_.-]*$/;
const AGAIN = 'Send the access token exactly as the authorization server issued it.';

/** The refusal of a text that is longer than any token may be. */
export function tooLong(text: string, limit: number = MAX_TOKEN_LENGTH): Refused | undefined {
  if (text.length <= limit) return undefined;
  return refuse(
    'token_malformed',
    `The token has ${text.length} characters; at most ${limit} are accepted. Have the issuer put less into it.`,
    { expected: [limit], actual: [text.length] },
  );
}

/** @param limit characters */
export function splitText(text: string, limit: number = MAX_TOKEN_LENGTH): Segments | Refused {
  const long = tooLong(text, limit);
  if (long !== undefined) return long;
  if (!ALPHABET.test(text)) return refuse('token_malformed', `${strangeness(text)} ${AGAIN}`);
  const segments = text.split('.');
  if (segments.length === 5)
    return refuse(
      'token_encrypted',
      'The token is an encrypted JWT (five segments); a signed one (three segments) is expected. Have the authorization server issue signed, unencrypted access tokens for this server.',
      { expected: [3], actual: [5] },
    );
  const [header, payload, signature] = segments;
  if (header === undefined || payload === undefined || signature === undefined || segments.length !== 3)
    return refuse(
      'token_malformed',
      segments.length === 1
        ? `The token is not a JWT: it is opaque, without the three segments of a signed JWT. Have the authorization server issue JWT access tokens (RFC 9068) for this server.`
        : `The token is not a JWT: it has ${segments.length} segments, and a signed JWT has 3. ${AGAIN}`,
      { expected: [3], actual: [segments.length] },
    );
  const headerBytes = decodeBase64url(header);
  const payloadBytes = decodeBase64url(payload);
  if (headerBytes === null || payloadBytes === null || decodeBase64url(signature) === null)
    return refuse(
      'token_malformed',
      `A segment of the token is not canonical base64url: encoding what it holds gives another text. ${AGAIN}`,
    );
  // An empty signature passes: `alg: none` deserves its own answer.
  return { kind: 'segments', header: headerBytes, payload: payloadBytes };
}

/** Names the mistake without repeating any of the text. */
function strangeness(text: string): string {
  const scheme = /^(bearer|dpop)\s/i.exec(text)?.[1];
  if (scheme !== undefined)
    return `The token starts with the scheme "${scheme}"; only what follows it is the token, and the scheme is sent as "scheme".`;
  if (/\s/.test(text)) return 'The token holds whitespace or a line break; a JWT has none.';
  if (text.startsWith('{')) return 'The token is not a JWT: it is JSON, and a JWT is in compact form (three segments).';
  if (text.includes('=')) return 'The token holds "="; the segments of a JWT are base64url without padding.';
  return 'The token is not a JWT: it holds characters other than A-Z, a-z, 0-9, "-", "_" and ".".';
}
