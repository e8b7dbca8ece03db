/** Keys and signatures of proofs: of each algorithm, and keys that are none, too small, private or somebody else's. */
import { generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import type { Json, JsonObject } from '../../../src/json/value.ts';
import type { Algorithm } from '../../../src/registry/registry.ts';
import { signText } from '../../../src/testing/mint.ts';
import { ALGORITHMS } from '../authorities.ts';
import type { MadeProof } from '../proofs.ts';
import { forged, forgeries, nearNames, OTHER_NAMES } from '../tokens/algorithms.ts';
import { NO_TEXTS } from '../tokens/headers.ts';
import { type Holders, proofHeader, proofPayload } from './holders.ts';

/** Two names of one algorithm: a proof of one is a right one of the other. */
const SAME = ['EdDSA', 'Ed25519'];

export function* proofAlgorithms(held: Holders, algorithm: Algorithm): Iterable<MadeProof> {
  const holder = held.of(algorithm);
  const others = ALGORITHMS.filter(
    (other) => other !== algorithm && !(SAME.includes(other) && SAME.includes(algorithm)),
  );
  for (const alg of new Set([...others, ...OTHER_NAMES, ...nearNames(algorithm)]))
    yield [`named ${JSON.stringify(alg)}`, held.ask(holder, held.proof(holder, { alg })), 'proof_invalid'];
  yield [
    'none, with an empty signature',
    held.ask(holder, held.proof(holder, { alg: 'none' }, {}, 'none')),
    'proof_invalid',
  ];
}

export function* proofSignatures(held: Holders, algorithm: Algorithm): Iterable<MadeProof> {
  const holder = held.of(algorithm);
  for (const [name, forge] of forgeries(algorithm))
    yield [
      `one ${name}`,
      held.ask(
        holder,
        held.proof(holder).then((right) => forged(right, forge)),
      ),
      'proof_invalid',
    ];
  yield ['by another key', held.ask(holder, held.proof(holder, {}, {}, 'foreign_key')), 'proof_invalid'];
  const moved = async (part: 0 | 1) => {
    const other = (await held.proof(holder, { x: 1 })).split('.');
    return (await held.proof(holder))
      .split('.')
      .map((own, at) => (at === part ? (other[at] ?? '') : own))
      .join('.');
  };
  yield ['under another header', held.ask(holder, moved(0)), 'proof_invalid'];
  yield ['under other claims', held.ask(holder, moved(1)), 'proof_invalid'];
}

const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

export function* proofKeys(held: Holders): Iterable<MadeProof> {
  const [ec, rsa, ed] = [held.of('ES256'), held.of('RS256'), held.of('Ed25519')];
  const jwk = (holder: typeof ec, over: Readonly<Record<string, Json | undefined>>): Json =>
    JSON.parse(JSON.stringify({ ...holder.own.jwk, ...over })) as JsonObject;
  const shown = (holder: typeof ec, key: Json | undefined) => held.ask(holder, held.proof(holder, { jwk: key }));

  for (const key of [undefined, ...NO_TEXTS, 'x', [ec.own.jwk]])
    yield [`jwk ${JSON.stringify(key)?.slice(0, 30) ?? 'absent'}`, shown(ec, key), 'proof_invalid'];
  for (const member of PRIVATE) {
    yield [`EC with ${member}`, shown(ec, jwk(ec, { [member]: 'AQAB' })), 'proof_invalid'];
    yield [`RSA with ${member}`, shown(rsa, jwk(rsa, { [member]: null })), 'proof_invalid'];
    yield [`Ed25519 with ${member}`, shown(ed, jwk(ed, { [member]: '' })), 'proof_invalid'];
  }
  const { x, y } = ec.own.jwk;
  const wrong: readonly (readonly [string, typeof ec, Readonly<Record<string, Json | undefined>>])[] = [
    ['no kty', ec, { kty: undefined }],
    ['another kty', ec, { kty: 'RSA' }],
    ['a secret’s kty', ec, { kty: 'oct' }],
    ['kty in small letters', ec, { kty: 'ec' }],
    ['no crv', ec, { crv: undefined }],
    ['another crv', ec, { crv: 'P-384' }],
    ['a curve of coins', ec, { crv: 'secp256k1' }],
    ['no x', ec, { x: undefined }],
    ['no y', ec, { y: undefined }],
    ['an x that is short', ec, { x: String(x).slice(2) }],
    ['an x that is long', ec, { x: `AA${String(x)}` }],
    ['an x with padding', ec, { x: `${String(x)}=` }],
    ['an x that is a number', ec, { x: 7 }],
    ['another alg', ec, { alg: 'ES384' }],
    ['alg none', ec, { alg: 'none' }],
    ['use enc', ec, { use: 'enc' }],
    ['a use that is null', ec, { use: null }],
    ['key_ops sign', ec, { key_ops: ['sign'] }],
    ['key_ops none', ec, { key_ops: [] }],
    ['key_ops as a text', ec, { key_ops: 'verify' }],
    ['no n', rsa, { n: undefined }],
    ['n with a zero before it', rsa, { n: `AA${String(rsa.own.jwk.n)}` }],
    ['n of nothing', rsa, { n: '' }],
    ['e = 1', rsa, { e: 'AQ' }],
    ['e = 3', rsa, { e: 'Aw' }],
    ['e = 65537 with a zero before it', rsa, { e: 'AAEAAQ' }],
    ['e as long as n', rsa, { e: String(rsa.own.jwk.n) }],
    ['no e', rsa, { e: undefined }],
    ['the kty of Ed25519 for RSA', rsa, { kty: 'OKP' }],
    ['X25519', ed, { crv: 'X25519' }],
    ['Ed448', ed, { crv: 'Ed448' }],
    ['an x of 31 bytes', ed, { x: 'A'.repeat(42) }],
    ['an x of 33 bytes', ed, { x: 'A'.repeat(44) }],
  ];
  for (const [name, holder, over] of wrong) yield [name, shown(holder, jwk(holder, over)), 'proof_invalid'];
  // No points of the curve; which key they are is compared first, and told only of the token's own.
  for (const [name, off] of [
    ['x and y changed about', { x: y, y: x }],
    ['x of zeros', { x: 'A'.repeat(43) }],
  ] as const) {
    const strange = jwk(ec, off) as JsonObject;
    yield [name, shown(ec, strange), 'proof_mismatch'];
    const bound = async () => {
      const cnf = { jkt: await calculateJwkThumbprint(strange) };
      const token = await held.by.token('corp', {}, { cnf });
      return held.ask({ ...ec, token }, held.proof({ ...ec, token }, { jwk: strange }));
    };
    yield [`${name}, with a token that is bound to that`, bound(), 'proof_invalid'];
  }
  for (const bits of [1024, 4104]) yield [`RSA of ${bits} bits`, shown(rsa, rsaKey(bits)), 'proof_invalid'];

  // Right keys, and proofs that are right but for being somebody else's.
  for (const algorithm of ALGORITHMS) {
    const [own, other] = [held.of(algorithm), held.of(algorithm === 'ES256' ? 'ES384' : 'ES256')];
    yield [
      `of ${algorithm}, for the token of another`,
      held.ask(other, held.proof({ ...own, token: other.token })),
      'proof_mismatch',
    ];
  }
  yield ['of another, and signed with the own', shown(ec, held.of('ES384').own.jwk), 'proof_invalid'];
  const thief = held.by.key('pair');
  const { kid: _, alg: __, use: ___, ...stolen } = thief.jwk;
  const forgery = signText(thief, proofHeader(ec.own, { jwk: stolen }), proofPayload(ec.token, { jti: 'thief' }));
  yield ['a thief’s own', held.ask(ec, forgery), 'proof_mismatch'];
  const claimed = signText(thief, proofHeader(ec.own), proofPayload(ec.token, { jti: 'thief-2' }));
  yield ['the holder’s, signed by a thief', held.ask(ec, claimed), 'proof_invalid'];
}

function rsaKey(bits: number): JsonObject {
  const { n = '', e = '' } = generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' });
  return { kty: 'RSA', n: String(n), e: String(e) };
}
