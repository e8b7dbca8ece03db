/** Bundles whose signature is wrong in one way, by somebody who has everything but the key, or has the key and misuses it. */
import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { CompactSign } from 'jose';
import { createTar } from 'nanotar';
import { unpack } from '../../src/policy/bundle.ts';
import { sign } from '../../src/policy/bundle-signature.ts';
import type { Broken } from './broken-bundles.ts';

type Files = Map<string, string | Uint8Array>;

export interface Signed {
  readonly public_pem: string;
  readonly algorithm: string;
  readonly key_id: string;
  readonly good: Uint8Array;
  readonly broken: Broken;
}

const ALGORITHM = 'ES256';
const KEY_ID = 'key-1';
const SIGNATURES = '.signatures.json';

const base64 = (text: string) => Buffer.from(text).toString('base64url');
const list = (...signatures: readonly string[]) => JSON.stringify({ signatures });

/** @param plain a bundle that is right but for its signature. @param other another one */
export async function brokenSignatures(plain: Uint8Array, other: Uint8Array): Promise<Signed> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const stranger = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const public_pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();

  const filesOf = (bytes: Uint8Array) => {
    const read = unpack(bytes);
    if (typeof read === 'string') throw new Error(read);
    return read;
  };
  const files = filesOf(plain);
  const packed = (signatures: string, change: (all: Files) => void = () => {}) => {
    const all: Files = new Map(files);
    all.set(SIGNATURES, signatures);
    change(all);
    return gzipSync(Buffer.concat([createTar([...all].map(([name, data]) => ({ name, data }))), Buffer.alloc(1024)]));
  };
  const signedBy = (key: KeyObject, algorithm = ALGORITHM, of = files, key_id = KEY_ID) =>
    sign(of, { key, algorithm, key_id });
  const right = await signedBy(privateKey);
  const [jwt = ''] = (JSON.parse(right) as { signatures: string[] }).signatures;
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
    files: { name: string; hash: string }[];
  };
  /** The right key, and another payload or header. */
  const misused = async (change: object, more: object = {}) =>
    list(
      await new CompactSign(new TextEncoder().encode(JSON.stringify({ ...claims, ...change })))
        .setProtectedHeader({ alg: ALGORITHM, kid: KEY_ID, ...more })
        .sign(createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }))),
    );
  const hmac = () => {
    const said = `${base64(JSON.stringify({ alg: 'HS256', kid: KEY_ID }))}.${payload}`;
    return `${said}.${createHmac('sha256', public_pem).update(said).digest('base64url')}`;
  };
  const flipped = `${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`;

  const broken: Record<string, readonly [Uint8Array, RegExp]> = {
    'no signature': [plain, /is not signed, and signing is configured/],
    'the signature of a stranger': [packed(await signedBy(stranger)), /made with another one, or altered/],
    'an algorithm of the stranger’s choice': [packed(await signedBy(rsa, 'RS256')), /another algorithm than ES256/],
    'an empty list of signatures': [packed(list()), /holds 0 signatures/],
    'two signatures, one of them right': [packed(list(jwt, jwt)), /holds 2 signatures/],
    'signatures that are no list': [packed('{"signatures":"x"}'), /no list of signatures/],
    'a signature that is no JWT': [packed(list('x')), /no JWT/],
    'a plugin that is to verify it': [packed(JSON.stringify({ signatures: [jwt], plugin: 'mine' })), /plugin/],
    'another key id': [packed(await signedBy(privateKey, ALGORITHM, files, 'key-2')), /names the key "key-2"/],
    'a scope': [packed(await misused({ scope: 'write' })), /scope "write"/],
    'no list of files': [packed(await misused({ files: 'all' })), /does not list files/],
    'a file that was altered': [
      packed(right, (all) => all.set('a.rego', 'package custom.a\n')),
      /"a\.rego" is not the file that was signed/,
    ],
    'a file that nobody signed': [packed(right, (all) => all.set('c.rego', '')), /"c\.rego" is not among the files/],
    'a file that is missing': [
      packed(right, (all) => all.delete('b.rego')),
      /lists "b\.rego", which the bundle does not/,
    ],
    'a file listed twice': [packed(await misused({ files: [...claims.files, claims.files[0]] })), /twice/],
    'a broken hash': [
      packed(await misused({ files: claims.files.map((file) => ({ ...file, algorithm: 'MD5' })) })),
      /with "MD5"/,
    ],
  };
  /** Refused too, by a message that another of them has as well. */
  const alike: typeof broken = {
    'the signature of another bundle': [packed(await signedBy(privateKey, ALGORITHM, filesOf(other))), /not the file/],
    'a bit of the signature': [packed(list(`${header}.${payload}.${flipped}`)), /altered/],
    'another payload under it': [packed(list(`${header}.${base64('{"files":[]}')}.${signature}`)), /altered/],
    'no algorithm': [packed(list(`${base64('{"alg":"none"}')}.${payload}.`)), /another algorithm/],
    'the public key for a secret': [packed(list(hmac())), /another algorithm/],
    'a critical header': [
      packed(list(`${base64('{"alg":"ES256","crit":["x"],"x":1}')}.${payload}.${signature}`)),
      /no JWT/,
    ],
  };
  const told = (rows: typeof broken, own: boolean) =>
    Object.entries(rows).map(([name, [bytes, says]]) => [name, { bytes, says, own }] as const);
  return {
    ...{ public_pem, algorithm: ALGORITHM, key_id: KEY_ID },
    good: packed(right),
    broken: new Map([...told(broken, true), ...told(alike, false)]),
  };
}
