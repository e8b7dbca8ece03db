/**
 * RSA keys that an issuer must not publish, with tokens that really verify by them: the key is as good as nobody's, and
 * costs nobody a verification (a public exponent as long as the modulus takes some 6 ms each, measured).
 */
import { createHash, generatePrimeSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Desk, openDesk } from './key-server.ts';

interface Weak {
  readonly n: bigint;
  readonly e: bigint;
  /** Private exponent. */
  readonly d: bigint;
}

/** @param e undefined: as long as the modulus, and odd */
function weakKey(bits: number, e?: bigint): Weak {
  for (;;) {
    const [p, q] = [prime(bits / 2), prime(bits / 2)];
    const n = p * q;
    const phi = (p - 1n) * (q - 1n);
    const exponent = e ?? phi - 3n;
    const d = exponent === 1n ? 1n : inverse(exponent, phi);
    if (n.toString(2).length === bits && d !== null) return { n, e: exponent, d };
  }
}

const prime = (bits: number) => generatePrimeSync(bits, { bigint: true });

function inverse(value: bigint, modulus: bigint): bigint | null {
  let [a, b, x, y] = [value, modulus, 1n, 0n];
  while (b !== 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y];
  return a === 1n ? ((x % modulus) + modulus) % modulus : null;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square] = [1n, base % modulus];
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

const bytesOf = (value: bigint, length: number) => Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex');
const numberText = (value: bigint) => bytesOf(value, Math.ceil(value.toString(16).length / 2)).toString('base64url');
const jwkOf = ({ n, e }: Weak, kid: string) => ({ kty: 'RSA', alg: 'RS256', kid, n: numberText(n), e: numberText(e) });

/** RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2.1, §9.2), as any library would, were it let to. */
function sign({ n, d }: Weak, text: string): string {
  const length = Math.ceil(n.toString(2).length / 8);
  const info = Buffer.concat([
    Buffer.from('3031300d060960864801650304020105000420', 'hex'),
    createHash('sha256').update(text).digest(),
  ]);
  const padding = Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(length - info.length - 3, 0xff), Buffer.from([0])]);
  const encoded = BigInt(`0x${Buffer.concat([padding, info]).toString('hex')}`);
  return bytesOf(power(encoded, d, n), length).toString('base64url');
}

/** A right token, signed again. */
async function signedBy(weak: Weak, { token }: Desk, kid: string): Promise<string> {
  const [header = '', claims = ''] = (await token({ header: { kid } })).split('.');
  return `${header}.${claims}.${sign(weak, `${header}.${claims}`)}`;
}

const KEYS: readonly [name: string, make: () => Weak][] = [
  ['1024 bits', () => weakKey(1024, 65_537n)],
  ['e = 1, by which anyone signs', () => weakKey(2048, 1n)],
  ['e = 3', () => weakKey(2048, 3n)],
  ['an e of 3071 bits', () => weakKey(3072)],
];

test.each(KEYS)('RSA with %s verifies nothing, alone or beside a good key', async (_, make) => {
  const weak = make();
  const desk = await openDesk({ algorithm: 'RS256' });
  desk.server.answer([jwkOf(weak, 'weak')]);
  const text = await signedBy(weak, desk, 'weak');
  expect(await desk.said(text)).toBe('indeterminate keys_unavailable');
  desk.server.answer([jwkOf(weak, 'weak'), desk.key.jwk]);
  desk.pass(30);
  expect(await desk.said(text)).toBe('deny key_unknown?');
  expect(await desk.said(await desk.token())).toBe('allow');
  expect(JSON.stringify(desk.logged)).toMatch(/key .{0,3}weak.{0,3} has a (modulus|public exponent)/);
});

test('the same signature by a key of 2048 bits with e = 65537 would do: the test can tell', async () => {
  const right = weakKey(2048, 65_537n);
  const desk = await openDesk({ algorithm: 'RS256' });
  desk.server.answer([jwkOf(right, 'right')]);
  expect(await desk.said(await signedBy(right, desk, 'right'))).toBe('allow');
});
