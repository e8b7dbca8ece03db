/** Whatever stands around the gateway's word of a certificate, it is that certificate or none. */
import { hash, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ForwardedCertificate } from '../../src/decision/facts.ts';
import { readCertificate } from '../../src/facts/proof/certificate.ts';
import { selfSigned } from '../http/certificates.ts';

const mine = await selfSigned('DNS:client.example');
const victim = await selfSigned('DNS:victim.example');
const thumbprintOf = (pem: string) => hash('sha256', new X509Certificate(pem).raw, 'base64url');
const [MINE, VICTIM] = [thumbprintOf(mine.certificate), thumbprintOf(victim.certificate)];
const hashOf = ({ sha256 }: typeof mine) => `Hash=${sha256.toLowerCase()}`;
const certOf = ({ certificate }: typeof mine) => `Cert="${encodeURIComponent(certificate)}"`;

const context = {
  token: { type: 'at+jwt', issuer: 'https://login.example.com', audiences: [], scopes: [], claims: {} },
};
/** The thumbprint that is read; null: none. */
function read(form: ForwardedCertificate['form'], value: string): string | null {
  const reading = readCertificate({ form, values: [value] }, context);
  return reading.kind === 'shown' ? reading.facts['x5t#S256'] : null;
}

/** What a client may have its authority write into a certificate's names, with what would mean something to a reader. */
const piece = fc.constantFrom(
  ...[';', ',', '=', '"', '\\', ' ', '%22', '\\"', ';;', 'By=a', 'URI=', 'Subject="', 'hash=', 'CERT=', 'Chain="', 'x'],
  ...[`;${hashOf(victim)}`, `;${certOf(victim)}`, `,${hashOf(victim)}`, `";${hashOf(victim)};a="`],
  ...[hashOf(victim), certOf(victim), hashOf(victim).toUpperCase(), encodeURIComponent(victim.certificate)],
);
const name = fc.array(fc.oneof(piece, fc.string({ maxLength: 6 })), { maxLength: 8 }).map((pieces) => pieces.join(''));

it('Envoy’s word first: no name in a certificate makes it another one', () => {
  const own = fc.constantFrom(hashOf(mine), `${hashOf(mine)};${certOf(mine)}`, `By=spiffe://e/gw;${hashOf(mine)}`);
  const names = fc.array(fc.tuple(fc.constantFrom('URI', 'DNS', 'Subject'), name, fc.boolean()), { maxLength: 3 });
  const seen = new Set<string | null>();
  fc.assert(
    fc.property(own, names, (first, all) => {
      const pairs = all.map(([key, value, quoted]) => (quoted ? `${key}="${value}"` : `${key}=${value}`));
      const found = read('xfcc', [first, ...pairs].join(';'));
      seen.add(found);
      return found === null || found === MINE;
    }),
    { numRuns: 3000, seed: 8705 },
  );
  expect([...seen].sort()).toEqual([null, MINE].sort());
});

it.each(['pem', 'nginx', 'rfc9440'] as const)(
  '%s: what is bent is refused, or is the same certificate still',
  (form) => {
    const written = {
      pem: victim.certificate,
      nginx: encodeURIComponent(victim.certificate),
      rfc9440: `:${new X509Certificate(victim.certificate).raw.toString('base64')}:`,
    }[form];
    const bend = fc.record({
      at: fc.nat({ max: written.length }),
      removed: fc.nat({ max: 3 }),
      put: fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('\n', '\r\n', '=', '%0A', ':', ';a=1', ' ', '-----')),
    });
    let same = 0;
    fc.assert(
      fc.property(bend, ({ at, removed, put }) => {
        const bent = `${written.slice(0, at)}${put}${written.slice(at + removed)}`;
        const found = read(form, bent);
        if (found === VICTIM) same += 1;
        if (found === null || found === VICTIM) return true;
        // Another certificate: then it is the very one that was written, byte for byte.
        const pem = form === 'nginx' ? decodeURIComponent(bent) : form === 'pem' ? bent : armoured(bent);
        return found === thumbprintOf(pem) && new X509Certificate(pem).raw.toString('base64') === base64Of(pem);
      }),
      { numRuns: 3000, seed: 8705 },
    );
    expect(same).toBeGreaterThan(0);
    expect(same).toBeLessThan(1000);
  },
);

const armoured = (value: string) =>
  `-----BEGIN CERTIFICATE-----\n${value.trim().slice(1, -1)}\n-----END CERTIFICATE-----`;
const base64Of = (pem: string) => pem.replace(/-----[A-Z ]+-----|\s/g, '');
