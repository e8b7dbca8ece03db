/** Certificates from openssl, in each form in which gateways forward them, and in those in which nobody should. */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { ForwardedCertificate, TokenFacts } from '../../../src/decision/facts.ts';
import { readCertificate } from '../../../src/facts/proof/certificate.ts';
import type { Json } from '../../../src/json/value.ts';
import { createAuthority, selfSigned } from '../../http/certificates.ts';

const run = promisify(execFile);

/** What openssl makes of a certificate. */
async function openssl(pem: string, args: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'audgate-certificate-'));
  try {
    await writeFile(join(folder, 'in'), pem);
    await run('openssl', [...args, '-in', join(folder, 'in'), '-out', join(folder, 'out')]);
    return await readFile(join(folder, 'out'), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const authority = await createAuthority();
const client = await authority.issue('DNS:client.example,URI:spiffe://example/client');
const other = await selfSigned('DNS:other.example');
const PEM = client.certificate;
const DER = new X509Certificate(PEM).raw;
const BASE64 = DER.toString('base64');
const HASH = client.sha256.toLowerCase();
/** As RFC 8705 §3.1 has it, from what openssl says is the fingerprint. */
const THUMBPRINT = Buffer.from(client.sha256, 'hex').toString('base64url');
const ESCAPED = encodeURIComponent(PEM);

const armour = (base64: string) => `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;

const boundTo = (confirmation?: { readonly [name: string]: Json }): { readonly token: TokenFacts } => ({
  token: {
    ...{ type: 'at+jwt', issuer: 'https://login.example.com', audiences: [], scopes: [], claims: {} },
    ...(confirmation && { confirmation }),
  },
});
const BOUND = boundTo({ 'x5t#S256': THUMBPRINT });

type Form = ForwardedCertificate['form'];
const read = (form: Form, ...values: readonly string[]) => readCertificate({ form, values }, BOUND);
const SHOWN = { kind: 'shown', facts: { 'x5t#S256': THUMBPRINT } };

/** Everything that is no good is one code: the message tells them apart. */
function whyNot(form: Form, ...values: readonly string[]): string {
  const reading = read(form, ...values);
  if (reading.kind !== 'refused') throw new Error(`not refused, but ${reading.kind}`);
  expect(reading.code).toBe('certificate_mismatch');
  expect(reading.reason.code).toBe('certificate_mismatch');
  // Nothing of what was shown is told again: a header is as long as its sender likes.
  expect(reading.reason.message).not.toContain(BASE64.slice(20, 40));
  return reading.reason.message;
}

describe('a certificate is read from', () => {
  test.each<[string, Form, string]>([
    ['PEM', 'pem', PEM],
    ['PEM without a final newline', 'pem', PEM.trim()],
    ['PEM with line ends of CR LF', 'pem', PEM.replaceAll('\n', '\r\n')],
    ['PEM on one line', 'pem', `-----BEGIN CERTIFICATE-----\n${BASE64}\n-----END CERTIFICATE-----\n`],
    ['nginx’s escaped PEM', 'nginx', ESCAPED],
    ['escaped PEM whose slashes stand as they are', 'nginx', ESCAPED.replaceAll('%2F', '/').replaceAll('%2B', '+')],
    ['Client-Cert', 'rfc9440', `:${BASE64}:`],
    ['XFCC with Hash', 'xfcc', `Hash=${HASH}`],
    ['XFCC with Hash in capitals and another order', 'xfcc', `Subject="CN=a";hash=${HASH.toUpperCase()};URI=`],
    ['XFCC with Cert', 'xfcc', `Cert="${ESCAPED}"`],
    [
      'XFCC as Envoy writes all of it',
      'xfcc',
      `By=spiffe://e/gw;Hash=${HASH};Cert="${ESCAPED}";Subject="CN=a,O=\\"b;c\\"";URI=spiffe://example/client;DNS=client.example;DNS=two.example`,
    ],
    ['XFCC whose subject ends in a backslash', 'xfcc', `Hash=${HASH};Subject="CN=a\\\\";URI=x`],
    ['XFCC with a chain beside it, which is not looked at', 'xfcc', `Hash=${HASH};Chain="anything"`],
  ])('%s', (_, form, value) => {
    expect(read(form, value)).toEqual(SHOWN);
  });

  test.each([
    ['RSA', ['rsa:2048']],
    ['P-384', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384']],
    ['Ed25519', ['ed25519']],
  ])('a certificate with a key of %s', async (_, key) => {
    const folder = await mkdtemp(join(tmpdir(), 'audgate-certificate-'));
    try {
      const out = join(folder, 'pem');
      const made = ['-nodes', '-subj', '/CN=client', '-keyout', join(folder, 'key'), '-out', out];
      await run('openssl', ['req', '-x509', '-newkey', ...key, ...made]);
      const { stdout } = await run('openssl', ['x509', '-in', out, '-noout', '-fingerprint', '-sha256']);
      const sha256 = (stdout.split('=')[1] ?? '').trim().replaceAll(':', '');
      const thumbprint = Buffer.from(sha256, 'hex').toString('base64url');
      const reading = readCertificate({ form: 'pem', values: [await readFile(out, 'utf8')] }, boundTo());
      expect(reading).toEqual({ kind: 'shown', facts: { 'x5t#S256': thumbprint } });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('none came', () => {
  test.each<[string, ForwardedCertificate | undefined]>([
    ['where the asker forwards none', undefined],
    ['where the header is absent', { form: 'xfcc', values: [] }],
    ['where the gateway sends it empty', { form: 'nginx', values: [''] }],
  ])('%s', (_, forwarded) => {
    expect(readCertificate(forwarded, BOUND)).toEqual({ kind: 'none' });
  });
});

describe('of two, none is taken', () => {
  test.each<Form>(['pem', 'nginx', 'xfcc', 'rfc9440'])('two values of %s', (form) => {
    expect(whyNot(form, `Hash=${HASH}`, `Hash=${HASH}`)).toMatch(/came in 2 .*exactly one/);
    expect(whyNot(form, '', '')).toMatch(/came in 2 /);
  });

  test('two certificates in one PEM, in either order, and a chain', () => {
    for (const chain of [
      [PEM, other.certificate],
      [other.certificate, PEM],
      [PEM, authority.certificate],
      [PEM, PEM],
    ]) {
      expect(whyNot('pem', chain.join(''))).toMatch(/holds 2 PEM blocks.*without its chain/);
      expect(whyNot('nginx', encodeURIComponent(chain.join('')))).toMatch(/holds 2 PEM blocks/);
      expect(whyNot('xfcc', `Cert="${encodeURIComponent(chain.join(''))}"`)).toMatch(/holds 2 PEM blocks/);
    }
  });

  test('two certificates in one base64', () => {
    const both = Buffer.concat([DER, new X509Certificate(other.certificate).raw]).toString('base64');
    expect(whyNot('rfc9440', `:${both}:`)).toMatch(/nothing after it/);
    expect(whyNot('rfc9440', `:${BASE64}:, :${BASE64}:`)).toMatch(/one byte sequence/);
  });

  test.each([
    ['a comma', `Hash=${HASH},Hash=${HASH}`, /more than one element/],
    ['a comma and a space', `By=a;Hash=${HASH}, By=b;Hash=${HASH}`, /more than one element/],
    ['an element of the certificate’s own making', `Hash=${HASH};URI=spiffe://a,Hash=${HASH}`, /more than one element/],
    ['an empty one after it', `Hash=${HASH},`, /more than one element/],
    ['an empty one before it', `,Hash=${HASH}`, /not pairs/],
  ])('XFCC with two elements: %s', (_, value, why) => {
    expect(whyNot('xfcc', value)).toMatch(why);
  });

  test.each([
    ['Hash twice', `Hash=${HASH};Hash=${HASH}`],
    ['Hash again in other letters', `Hash=${HASH};URI=x;hASH=${'0'.repeat(64)}`],
    [
      'Cert by a name in the certificate',
      `Hash=${HASH};Cert="${ESCAPED}";URI=x;Cert="${encodeURIComponent(other.certificate)}"`,
    ],
    ['Cert after Hash by a name', `Hash=${'0'.repeat(64)};URI=x;Cert="${ESCAPED}"`],
    ['Hash after Cert by a name', `Cert="${encodeURIComponent(other.certificate)}";DNS=x;Hash=${HASH}`],
  ])('XFCC with %s', (_, value) => {
    expect(whyNot('xfcc', value)).toMatch(/more than once|of two certificates/);
  });
});

describe('what is read in two ways is not read', () => {
  test.each<[string, () => string | Promise<string>, RegExp]>([
    ['text before it', () => openssl(PEM, ['x509', '-text']), /not PEM of one certificate alone/],
    ['text after it', () => `${PEM}x`, /not PEM of one certificate alone/],
    ['headers in it', () => PEM.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES\n\n'), /not PEM/],
    ['spaces in its base64', () => PEM.replace('\nMII', '\nM II'), /not PEM/],
    ['tabs before its lines, as $ssl_client_cert of old', () => PEM.replaceAll('\n', '\n\t'), /not PEM/],
    ['another end', () => PEM.replace('END CERTIFICATE', 'END X509 CRL'), /not PEM/],
    ['a trusted certificate of openssl', () => openssl(PEM, ['x509', '-trustout']), /"TRUSTED CERTIFICATE"/],
    ['a key', () => client.key, /"PRIVATE KEY"/],
    ['base64 alone', () => BASE64, /not PEM/],
    ['the DER itself', () => DER.toString('latin1'), /not PEM/],
    ['escaped PEM', () => ESCAPED, /not PEM/],
    ['nothing in it', () => '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n', /not PEM/],
    ['base64 with more padding than it needs', () => armour(`${BASE64}====`), /not canonical base64/],
    ['base64 with padding in the middle', () => armour(`AA==${BASE64}`), /not canonical base64/],
    ['base64 with bits that nobody reads', () => armour('MIB='), /not canonical base64/],
    ['a byte after its DER', () => armour(Buffer.concat([DER, Buffer.of(0)]).toString('base64')), /nothing after it/],
    ['half of its DER', () => armour(DER.subarray(0, 200).toString('base64')), /no X\.509/],
    [
      'its length in another form',
      () => armour(Buffer.concat([Buffer.of(0x30, 0x83, 0), DER.subarray(2)]).toString('base64')),
      /no X\.509|nothing after/,
    ],
    ['PEM inside of PEM', () => armour(Buffer.from(PEM).toString('base64')), /no X\.509|nothing after/],
    ['its public key', () => openssl(client.key, ['pkey', '-pubout']), /"PUBLIC KEY"/],
  ])('%s', async (_, make, why) => {
    expect(whyNot('pem', await make())).toMatch(why);
  });

  test.each<[string, string, RegExp]>([
    ['a percent sign that escapes nothing', `${ESCAPED}%`, /percent-encoded/],
    ['bytes beyond ASCII', `${ESCAPED}%ff`, /percent-encoded/],
    ['spaces', PEM.replaceAll('\n', ' '), /percent-encoded/],
    ['line ends', PEM, /percent-encoded/],
    ['plus signs for spaces', ESCAPED.replaceAll('%20', '+'), /not PEM/],
    ['escapes of escapes', encodeURIComponent(ESCAPED), /not PEM/],
  ])('nginx: %s', (_, value, why) => {
    expect(whyNot('nginx', value)).toMatch(why);
  });

  test.each<[string, string]>([
    ['a parameter', `:${BASE64}:;a=1`],
    ['no colons', BASE64],
    ['one colon', `:${BASE64}`],
    ['a string', `"${BASE64}"`],
    ['base64url', `:${DER.toString('base64url')}_:`],
    ['spaces in it', `:${BASE64.slice(0, 64)} ${BASE64.slice(64)}:`],
    ['PEM', `:${encodeURIComponent(PEM)}:`],
  ])('Client-Cert: %s', (_, value) => {
    expect(whyNot('rfc9440', value)).toMatch(/one byte sequence/);
  });

  test('Client-Cert: nothing in it', () => {
    expect(whyNot('rfc9440', '::')).toMatch(/no X\.509/);
  });

  test.each<[string, string, RegExp]>([
    ['neither Hash nor Cert', 'By=spiffe://a;URI=spiffe://b', /neither Hash nor Cert/],
    ['a Hash of another length', `Hash=${HASH.slice(2)}`, /64 hex digits/],
    ['a Hash in base64url', `Hash=${THUMBPRINT}`, /64 hex digits/],
    ['an empty Hash', 'Hash=', /64 hex digits/],
    ['an empty Cert beside its Hash', `Hash=${HASH};Cert=""`, /not PEM/],
    ['a Cert that is broken beside its Hash', `Hash=${HASH};Cert="${encodeURIComponent(PEM.slice(0, 80))}"`, /not PEM/],
    ['Hash and Cert that disagree', `Hash=${HASH};Cert="${encodeURIComponent(other.certificate)}"`, /two certificates/],
    ['a quotation that does not end', `Hash=${HASH};Subject="CN=a`, /not pairs/],
    ['a quotation mark in the middle', `Hash=${HASH};URI=a"b"`, /not pairs/],
    ['text after a quotation', `Hash=${HASH};Subject="CN=a"b`, /not pairs/],
    ['a Hash inside of a quotation', `Subject="a;Hash=${HASH}"`, /neither Hash nor Cert/],
    ['a name without value', `Hash=${HASH};Subject`, /not pairs/],
    ['an empty pair', `Hash=${HASH};`, /not pairs/],
    ['a space before a name', `By=a; Hash=${HASH}`, /not pairs/],
  ])('XFCC: %s', (_, value, why) => {
    expect(whyNot('xfcc', value)).toMatch(why);
  });
});

describe('sizes', () => {
  const names = (count: number) => Array.from({ length: count }, (_, at) => `DNS:name-${at}.client.example`).join(',');

  test('a certificate with a hundred names is read', async () => {
    const { certificate, sha256 } = await selfSigned(names(100));
    const thumbprint = Buffer.from(sha256, 'hex').toString('base64url');
    for (const [form, value] of [
      ['pem', certificate],
      ['nginx', encodeURIComponent(certificate)],
    ] as const)
      expect(readCertificate({ form, values: [value] }, boundTo())).toEqual({
        kind: 'shown',
        facts: { 'x5t#S256': thumbprint },
      });
  });

  test('one of 64 KiB is refused unread, in each form', async () => {
    const { certificate } = await selfSigned(names(2000));
    expect(certificate.length).toBeGreaterThan(65_536);
    expect(whyNot('pem', certificate)).toMatch(/characters, and at most 32768/);
    expect(whyNot('nginx', encodeURIComponent(certificate))).toMatch(/at most 32768/);
    expect(whyNot('rfc9440', `:${new X509Certificate(certificate).raw.toString('base64')}:`)).toMatch(/at most 32768/);
    expect(whyNot('xfcc', `Cert="${encodeURIComponent(certificate)}"`)).toMatch(/at most 32768/);
  });

  test('what is long and hostile is refused in one pass', () => {
    for (const value of [
      '"'.repeat(32_000),
      `a="${'\\'.repeat(32_000)}`,
      'a=;'.repeat(10_000),
      `a=${'"",'.repeat(9000)}`,
    ])
      expect(whyNot('xfcc', value)).toMatch(/not pairs|more than one/);
    expect(whyNot('pem', `-----BEGIN CERTIFICATE-----\n${'A\n'.repeat(16_000)}`)).toMatch(/not PEM/);
    expect(whyNot('nginx', '%41'.repeat(10_000))).toMatch(/not PEM/);
  });
});

describe('another certificate than the token is bound to', () => {
  const unlike = (confirmation: { readonly [name: string]: Json }, value = PEM) => {
    const reading = readCertificate({ form: 'pem', values: [value] }, boundTo(confirmation));
    return reading.kind === 'shown' ? reading.unlike?.reason : undefined;
  };

  test('is told with both thumbprints', () => {
    expect(unlike({ 'x5t#S256': THUMBPRINT }, other.certificate)).toMatchObject({
      code: 'certificate_mismatch',
      expected: [THUMBPRINT],
      actual: [Buffer.from(other.sha256, 'hex').toString('base64url')],
    });
    expect(unlike({ 'x5t#S256': THUMBPRINT })).toBeUndefined();
    expect(unlike({ jkt: THUMBPRINT })).toBeUndefined();
  });

  test.each<[string, Json]>([
    ['base64 with padding', Buffer.from(client.sha256, 'hex').toString('base64')],
    ['base64url with padding', `${THUMBPRINT}=`],
    ['hex', HASH],
    ['hex with colons', client.sha256.replace(/(..)(?=.)/g, '$1:')],
    ['a SHA-1', Buffer.from(new X509Certificate(PEM).fingerprint.replaceAll(':', ''), 'hex').toString('base64url')],
    ['an empty text', ''],
    ['null', null],
    ['a list', [THUMBPRINT]],
    ['an object', {}],
  ])('a thumbprint written as %s is none, and the message says whose mistake that is', (_, written) => {
    expect(unlike({ 'x5t#S256': written })?.message).toMatch(/43 characters.*Have the issuer/);
  });
});
