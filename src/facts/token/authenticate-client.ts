/** How a server's own credentials are shown to an issuer that is asked about a token (RFC 6749 §2.3, RFC 7523 §2.2). */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { ClientCredentials } from '../../config/introspection.ts';
import { hasControl } from '../../json/control.ts';

export type Authenticated =
  | {
      readonly ok: true;
      readonly client_id: string;
      readonly headers: Readonly<Record<string, string>>;
      /** Members of the form. */
      readonly form: Readonly<Record<string, string>>;
    }
  /** Holds no path and no secret. */
  | { readonly ok: false; readonly detail: string };

/** @param server registry key @param issuer its exact `iss` */
export type Authenticate = (server: string, issuer: string) => Promise<Authenticated>;

export interface AuthenticateParts {
  /** By registry key of the server. */
  readonly credentials: Readonly<Record<string, ClientCredentials>>;
  /** Text of a file. @throws when it cannot be read */
  readonly readFile: (path: string) => Promise<string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** For `jti`: never the same twice. */
  readonly newId: () => string;
}

/** Seconds that an assertion holds: made for one question, whose answer comes within seconds. */
const ASSERTION_SECONDS = 60;
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Secrets are read anew each time, so that one that is replaced needs no restart; a question costs a request anyway. */
export function createAuthenticate({ credentials, readFile, now, newId }: AuthenticateParts): Authenticate {
  const known = new Map(Object.entries(credentials));
  return async (server, issuer) => {
    const own = known.get(server);
    if (own === undefined) return failed(`no credentials are configured under introspection.credentials.${server}`);
    const { client_id } = own;
    if (own.method === 'private_key_jwt') {
      const key = await readKey(own.key_file, readFile);
      if (typeof key === 'string') return failed(`key_file of server "${server}" ${key}`);
      const seconds = Math.floor(now() / 1000);
      const assertion = await assert(key, own, { issuer, seconds, jti: newId() });
      return assertion === null
        ? failed(`key_file of server "${server}" holds a key that cannot sign with ${own.algorithm}`)
        : shown(client_id, { client_assertion_type: ASSERTION_TYPE, client_assertion: assertion });
    }
    const secret = await readSecret(own.secret_file, readFile);
    if (!secret.ok) return failed(`secret_file of server "${server}" ${secret.why}`);
    if (own.method === 'client_secret_post') return shown(client_id, { client_id, client_secret: secret.text });
    // RFC 6749 §2.3.1: both are form-encoded first, so that a colon in the name is none between the two.
    const pair = Buffer.from(`${formEncoded(client_id)}:${formEncoded(secret.text)}`).toString('base64');
    return { ok: true, client_id, headers: { authorization: `Basic ${pair}` }, form: {} };
  };
}

const shown = (client_id: string, form: Readonly<Record<string, string>>): Authenticated => ({
  ok: true,
  client_id,
  headers: {},
  form,
});
const failed = (detail: string): Authenticated => ({ ok: false, detail });

/** RFC 6749 appendix B. */
function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

type Secret = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

async function readSecret(path: string, readFile: AuthenticateParts['readFile']): Promise<Secret> {
  const text = await readFile(path).catch(() => null);
  if (text === null) return { ok: false, why: 'cannot be read' };
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') return { ok: false, why: 'is empty' };
  return hasControl(secret) ? { ok: false, why: 'holds more than one line' } : { ok: true, text: secret };
}

async function readKey(path: string, readFile: AuthenticateParts['readFile']): Promise<KeyObject | string> {
  const text = await readFile(path).catch(() => null);
  if (text === null) return 'cannot be read';
  try {
    return createPrivateKey(text);
  } catch {
    return 'holds no private key in PEM';
  }
}

/** @returns null where the key is not for this algorithm */
async function assert(
  key: KeyObject,
  { client_id, algorithm, key_id }: Extract<ClientCredentials, { method: 'private_key_jwt' }>,
  { issuer, seconds, jti }: { readonly issuer: string; readonly seconds: number; readonly jti: string },
): Promise<string | null> {
  // RFC 7523 §3: for this issuer alone, so that no other one can show it as its own.
  const assertion = new SignJWT({ iss: client_id, sub: client_id, aud: issuer, jti })
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(key_id !== undefined && { kid: key_id }) })
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + ASSERTION_SECONDS);
  return assertion.sign(key).catch(() => null);
}
