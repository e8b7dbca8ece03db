/**
 * The signature of a bundle, by OPA's scheme: `.signatures.json` holds one JWT over the name and hash of every other file.
 * Key, algorithm and key id come from the configuration, never from what is verified.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { CompactSign, compactVerify } from 'jose';
import { z } from 'zod';
import { readJson } from '../json/read.ts';
import { HASHES, hashOf } from './bundle-hash.ts';

export const SIGNATURES = '.signatures.json';

/** Those that OPA signs with and that need no secret on the side that verifies. */
export const SIGNING_ALGORITHMS = [
  ...['ES256', 'ES384', 'ES512'],
  ...['RS256', 'RS384', 'RS512'],
  ...['PS256', 'PS384', 'PS512'],
] as const;

export interface SigningKey {
  readonly key: KeyObject;
  /** One of `SIGNING_ALGORITHMS`. */
  readonly algorithm: string;
  /** Undefined: none is written, and any is accepted. */
  readonly key_id?: string | undefined;
}

type Files = ReadonlyMap<string, Uint8Array>;
export type KeyReading =
  | { readonly ok: true; readonly key: SigningKey }
  | { readonly ok: false; readonly problem: string };

/** Bits of an RSA modulus at least (RFC 7518 §3.3). */
const MIN_MODULUS = 2048;
const CURVES: Readonly<Record<string, string>> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' };

/**
 * @param pem a public key or certificate to verify with, or a private key to sign with
 * @returns `problem` in the middle of a sentence; it never shows the key
 */
export function readSigningKey(
  pem: string,
  kind: 'public' | 'private',
  { algorithm, key_id }: { readonly algorithm: string; readonly key_id?: string | undefined },
): KeyReading {
  let key: KeyObject;
  if (kind === 'public' && /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem))
    return { ok: false, problem: 'holds a private key: give the public one (openssl pkey -in KEY -pubout)' };
  try {
    key = kind === 'public' ? createPublicKey(pem) : createPrivateKey(pem);
  } catch {
    return { ok: false, problem: `holds no ${kind} key in PEM (an encrypted one cannot be read)` };
  }
  const { asymmetricKeyType: type = 'none', asymmetricKeyDetails: details } = key;
  const wanted = algorithm.startsWith('ES') ? 'ec' : 'rsa';
  if (type !== wanted) return { ok: false, problem: `holds a key of type ${type}, and ${algorithm} takes ${wanted}` };
  if (wanted === 'rsa' && (details?.modulusLength ?? 0) < MIN_MODULUS)
    return {
      ok: false,
      problem: `holds an RSA key of ${details?.modulusLength} bits: at least ${MIN_MODULUS} are needed`,
    };
  if (wanted === 'ec' && details?.namedCurve !== CURVES[algorithm])
    return {
      ok: false,
      problem: `holds a key of the curve ${details?.namedCurve}, and ${algorithm} takes ${CURVES[algorithm]}`,
    };
  return { ok: true, key: { key, algorithm, key_id } };
}

const signaturesForm = z.object({ signatures: z.array(z.string()), plugin: z.string().optional() });
const payloadForm = z.object({
  files: z.array(z.object({ name: z.string(), hash: z.string(), algorithm: z.string() })),
  keyid: z.string().optional(),
  scope: z.string().optional(),
});

/**
 * @param signing null: none is configured, and then the bundle must not be signed either
 * @returns sentences; empty where the signature stands as it must
 */
export async function verifySignature(files: Files, signing: SigningKey | null): Promise<readonly string[]> {
  const text = files.get(SIGNATURES);
  if (text === undefined) {
    if (signing === null) return [];
    return [`The bundle is not signed, and signing is configured. Sign it: audgate policy build --signing-key FILE`];
  }
  if (signing === null)
    return [
      `The bundle is signed, and no key to verify it with is configured. Configure signing (bundle.signing, or --verification-key FILE and --signing-alg NAME), or build it unsigned`,
    ];
  const read = signaturesForm.safeParse(parse(text));
  if (!read.success) return [`${SIGNATURES} is no list of signatures ({"signatures": ["JWT"]})`];
  const { signatures, plugin } = read.data;
  if (plugin !== undefined && plugin !== '') return [`${SIGNATURES} wants a plugin to verify it, and there is none`];
  const [signature] = signatures;
  if (signature === undefined || signatures.length > 1)
    return [`${SIGNATURES} holds ${signatures.length} signatures: exactly one is expected`];
  return judge(signature, files, signing);
}

async function judge(
  signature: string,
  files: Files,
  { key, algorithm, key_id }: SigningKey,
): Promise<readonly string[]> {
  let verified: Awaited<ReturnType<typeof compactVerify>>;
  try {
    verified = await compactVerify(signature, key, { algorithms: [algorithm] });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ERR_JOSE_ALG_NOT_ALLOWED')
      return [`The signature has another algorithm than ${algorithm}, which is configured`];
    if (code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
      return [`The signature does not verify with the configured key: it was made with another one, or altered`];
    return [`${SIGNATURES} holds no JWT that can be verified`];
  }
  const { protectedHeader: header, payload } = verified;
  if (header.crit !== undefined || header.b64 !== undefined)
    return ['The signature has a crit or b64 header: neither is supported'];
  const read = payloadForm.safeParse(parse(payload));
  if (!read.success) return ['The signature does not list files by name, hash and algorithm'];
  const { files: listed, keyid, scope } = read.data;
  const named = header.kid ?? keyid;
  if (key_id !== undefined && named !== key_id)
    return [
      `The signature names ${named === undefined ? 'no key' : `the key ${JSON.stringify(named)}`}, and ${JSON.stringify(key_id)} is configured as key_id`,
    ];
  if (scope !== undefined && scope.trim() !== '')
    return [`The signature is for the scope ${JSON.stringify(scope)}: none is expected`];
  return compare(files, listed);
}

/** Exactly the files of the bundle, each with its hash: one that nobody signed is as wrong as one that was altered. */
function compare(files: Files, listed: z.output<typeof payloadForm>['files']): readonly string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const { name, hash, algorithm } of listed) {
    const bytes = files.get(name);
    if (seen.has(name)) problems.push(`The signature lists ${JSON.stringify(name)} twice`);
    else if (bytes === undefined || name === SIGNATURES)
      problems.push(`The signature lists ${JSON.stringify(name)}, which the bundle does not hold`);
    else if (!HASHES.has(algorithm))
      problems.push(
        `The signature hashes ${JSON.stringify(name)} with ${JSON.stringify(algorithm)}: expected one of ${[...HASHES.keys()].join(', ')}`,
      );
    else if (hashOf(name, bytes, algorithm) !== hash.toLowerCase())
      problems.push(`${JSON.stringify(name)} is not the file that was signed: its hash differs`);
    seen.add(name);
  }
  for (const name of files.keys()) {
    if (name !== SIGNATURES && !seen.has(name))
      problems.push(`${JSON.stringify(name)} is not among the files that were signed`);
  }
  return problems;
}

/** What a signature says of itself, which proves nothing: for people who look at a bundle. */
export function signatureOf(text: Uint8Array): { readonly algorithm: string | null; readonly key_id: string | null } {
  const read = signaturesForm.safeParse(parse(text));
  const [header = '', payload = ''] = (read.data?.signatures[0] ?? '').split('.');
  const part = (segment: string) =>
    z.record(z.string(), z.unknown()).safeParse(parse(Buffer.from(segment, 'base64url')));
  const [said, claims] = [part(header).data, part(payload).data];
  const id = said?.kid ?? claims?.keyid;
  return { algorithm: typeof said?.alg === 'string' ? said.alg : null, key_id: typeof id === 'string' ? id : null };
}

/** @returns the text of `.signatures.json` */
export async function sign(files: Files, { key, algorithm, key_id }: SigningKey): Promise<string> {
  const listed = [...files].map(([name, bytes]) => {
    const hash = hashOf(name, bytes, 'SHA-256');
    if (hash === null) throw new Error(`${name} is no well-formed JSON, so that it cannot be signed`);
    return { name, hash, algorithm: 'SHA-256' };
  });
  const payload = { files: listed, ...(key_id !== undefined && { keyid: key_id }) };
  const header = { alg: algorithm, typ: 'JWT', ...(key_id !== undefined && { kid: key_id }) };
  const jwt = await new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader(header)
    .sign(key);
  return JSON.stringify({ signatures: [jwt] });
}

function parse(bytes: Uint8Array): unknown {
  const read = readJson(bytes, { depth: 8 });
  return read.ok ? read.value : undefined;
}
