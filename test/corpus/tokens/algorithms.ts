/** Algorithms, signatures and keys: of each algorithm, with each other name, and with what only looks like a signature. */
import { constants, createHash, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import type { Algorithm } from '../../../src/registry/registry.ts';
import { signText } from '../../../src/testing/mint.ts';
import { ALGORITHMS, type Authorities, claimsText, headerText, issuerOf, SEED } from '../authorities.ts';
import type { Made } from '../tokens.ts';

/** Names that are no signature of the issuer's: none, secret keys, encryption, and near misses (RFC 7518, RFC 8725 §2.1). */
export const OTHER_NAMES = [
  ...['none', 'None', 'NONE', 'nOnE', 'HS256', 'HS384', 'HS512', 'ES256K', 'Ed448', 'ML-DSA-44'],
  ...['RSA1_5', 'RSA-OAEP', 'dir', 'A128KW', 'PBES2-HS256+A128KW', '', ' ', '*', 'null', 'undefined'],
];

export const nearNames = (algorithm: Algorithm) => [
  ...[algorithm.toLowerCase(), ` ${algorithm}`, `${algorithm} `, `${algorithm}\u0000`, `${algorithm},none`],
];

export function* algorithms(by: Authorities, algorithm: Algorithm): Iterable<Made> {
  const issuer = issuerOf(algorithm);
  const others = ALGORITHMS.filter((other) => other !== algorithm);
  const names = new Set([...others, ...OTHER_NAMES, ...nearNames(algorithm)]);
  for (const alg of names) yield [`named ${JSON.stringify(alg)}`, by.token(issuer, { alg }), 'algorithm_not_allowed'];
  yield ['none, with an empty signature', by.token(issuer, { alg: 'none' }, {}, 'none'), 'algorithm_not_allowed'];
}

/** Bytes in place of the signature. */
export type Forgery = (right: Buffer) => Uint8Array;

export const flipped = (bytes: Buffer, at: number, bit = 0): Buffer => {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ (1 << bit), at);
  return copy;
};

const FORGERIES: Readonly<Record<string, Forgery>> = {
  'that is empty': () => Buffer.alloc(0),
  'of one byte': () => Buffer.alloc(1),
  'that lacks its last byte': (right) => right.subarray(0, -1),
  'that lacks its first byte': (right) => right.subarray(1),
  'with a byte more': (right) => Buffer.concat([right, Buffer.alloc(1)]),
  'with a zero before it': (right) => Buffer.concat([Buffer.alloc(1), right]),
  'of zeros': (right) => Buffer.alloc(right.length),
  'of ones': (right) => Buffer.alloc(right.length, 0xff),
  'that is backwards': (right) => Buffer.from(right).reverse(),
  'that stands there twice': (right) => Buffer.concat([right, right]),
  'with its first bit changed': (right) => flipped(right, 0, 7),
  'with its last bit changed': (right) => flipped(right, right.length - 1),
};

/** The two numbers of ECDSA (RFC 7518 §3.4). A forgery with r = s = 0 passes where nobody checks their range. */
const ECDSA: Readonly<Record<string, Forgery>> = {
  'with r = 0': (right) => Buffer.concat([Buffer.alloc(right.length / 2), right.subarray(right.length / 2)]),
  'with s = 0': (right) => Buffer.concat([right.subarray(0, right.length / 2), Buffer.alloc(right.length / 2)]),
  'with r = s = 1': (right) => {
    const one = Buffer.alloc(right.length / 2);
    one.writeUInt8(1, one.length - 1);
    return Buffer.concat([one, one]);
  },
  'with r and s changed about': (right) =>
    Buffer.concat([right.subarray(right.length / 2), right.subarray(0, right.length / 2)]),
  'in DER': (right) => {
    const part = (bytes: Buffer) => Buffer.concat([Buffer.from([2, bytes.length + 1, 0]), bytes]);
    const body = Buffer.concat([part(right.subarray(0, right.length / 2)), part(right.subarray(right.length / 2))]);
    return Buffer.concat([Buffer.from(body.length > 127 ? [0x30, 0x81, body.length] : [0x30, body.length]), body]);
  },
};

/** Order of the group of Ed25519; S + L is the same number to whoever does not check it (RFC 8032 §5.1.7). */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

const ED25519: Readonly<Record<string, Forgery>> = {
  'with S + L in place of S': (right) => {
    const s = BigInt(`0x${Buffer.from(right.subarray(32)).reverse().toString('hex')}`) + L;
    return Buffer.concat([right.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()]);
  },
  'with R and S changed about': (right) => Buffer.concat([right.subarray(32), right.subarray(0, 32)]),
};

/** By what is wrong with the signature. */
export function forgeries(algorithm: Algorithm): readonly (readonly [name: string, forge: Forgery])[] {
  const kind = algorithm.slice(0, 2);
  return Object.entries({ ...FORGERIES, ...(kind === 'ES' && ECDSA), ...(kind === 'Ed' && ED25519) });
}

export function forged(right: string, forge: Forgery): string {
  const [header, claims, signature = ''] = right.split('.');
  return `${header}.${claims}.${Buffer.from(forge(Buffer.from(signature, 'base64url'))).toString('base64url')}`;
}

export function* signatures(by: Authorities, algorithm: Algorithm): Iterable<Made> {
  const issuer = issuerOf(algorithm);
  const right = by.right(issuer);
  for (const [name, forge] of forgeries(algorithm))
    yield [`one ${name}`, right.then((token) => forged(token, forge)), 'signature_invalid'];
  yield ['by a key that the issuer does not have', by.token(issuer, {}, {}, 'foreign_key'), 'signature_invalid'];
  const moved = async (part: 0 | 1) => {
    const other = (await by.token(issuer, { x: 1 }, { jti: 'token-2' })).split('.');
    return (await right)
      .split('.')
      .map((own, at) => (at === part ? other[at] : own))
      .join('.');
  };
  yield ['under another header', moved(0), 'signature_invalid'];
  yield ['under other claims', moved(1), 'signature_invalid'];
}

export function* keyed(by: Authorities): Iterable<Made> {
  // Two keys of one issuer, each for its own algorithm.
  yield [
    'an algorithm of the issuer that is not the key’s',
    by.token('pair', { alg: 'ES384' }),
    'algorithm_not_allowed',
  ];
  const kids = [
    ...['corp ', ' corp', 'CORP', 'corp/../corp', '../../../dev/null', '/dev/null', "' OR 1=1 --", '*', '%63orp'],
    ...[
      'corp#',
      'corp?',
      'https://evil.example.com/jwks',
      '__proto__',
      'constructor',
      'toString',
      '0',
      'cörp',
      'partner',
    ],
    ...['x'.repeat(255)],
  ];
  for (const kid of kids) yield [`kid ${JSON.stringify(kid).slice(0, 40)}`, by.token('corp', { kid }), 'key_unknown'];
  for (const other of ['older', 'pair', 'partner'])
    yield [
      `signed by ${other} in the name of corp`,
      signText(by.key(other), headerText(by.key('corp')), claimsText('corp')),
      'signature_invalid',
    ];
  yield [
    'signed by partner with its own kid, in the name of corp',
    signText(by.key('partner'), headerText(by.key('partner')), claimsText('corp')),
    'key_unknown',
  ];
  // Right as signatures of an RSA key go, and of another kind than the one that is named.
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const { RSA_PKCS1_PADDING: v15, RSA_PKCS1_PSS_PADDING: pss } = constants;
  for (const [name, padding, hash, salt] of [
    ['RS256', v15, 'sha256'],
    ['PS256', pss, 'sha256', 32],
    ['RS1', v15, 'sha1'],
  ] as const) {
    const algorithm = name.startsWith('PS') ? 'PS256' : 'RS256';
    const issuer = issuerOf(algorithm);
    const signed = [headerText(by.key(issuer)), claimsText(issuer)].map((part) =>
      Buffer.from(part).toString('base64url'),
    );
    const bytes = sign(hash, Buffer.from(signed.join('.')), {
      key: rsa,
      padding,
      ...(salt !== undefined && { saltLength: salt }),
    });
    yield [`${name} by an attacker`, `${signed.join('.')}.${bytes.toString('base64url')}`, 'signature_invalid'];
  }
  // A digest is no signature.
  const [header, claims] = [headerText(by.key('corp')), claimsText('corp')].map((part) =>
    Buffer.from(part).toString('base64url'),
  );
  const digest = createHash('sha512').update(`${header}.${claims}`).digest('base64url');
  yield ['a digest in place of the signature', `${header}.${claims}.${digest}`, 'signature_invalid'];
  yield* bits(by);
}

/** Single bits of a right token's signature. */
function* bits(by: Authorities): Iterable<Made> {
  const right = by.right('corp');
  const places = fc.sample(fc.uniqueArray(fc.nat({ max: 511 }), { minLength: 48, maxLength: 48 }), {
    numRuns: 1,
    seed: SEED,
  })[0];
  for (const bit of places ?? []) {
    const text = right.then((token) => forged(token, (signature) => flipped(signature, bit >> 3, bit & 7)));
    yield [`bit ${bit} of the signature`, text, 'signature_invalid'];
  }
}
