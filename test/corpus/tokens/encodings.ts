/** The text of a right token, written as no token is. What it holds is right; only the letters are not. */
import fc from 'fast-check';
import { SEED } from '../authorities.ts';
import type { Made } from '../tokens.ts';

export function* encodings(right: string): Iterable<Made> {
  const [header = '', claims = '', signature = ''] = right.split('.');
  const whole: Readonly<Record<string, string>> = {
    'of one segment': header,
    'of two segments': `${header}.${claims}`,
    'of four segments': `${right}.${signature}`,
    'with a dot after it': `${right}.`,
    'with a dot before it': `.${right}`,
    'with two dots between': `${header}..${claims}.${signature}`,
    'of dots': '..',
    'of six segments': 'a.b.c.d.e.f',
    'without header': `.${claims}.${signature}`,
    'without claims': `${header}..${signature}`,
    'with a space before it': ` ${right}`,
    'with a space after it': `${right} `,
    'with a line after it': `${right}\n`,
    'with a line within': `${header}.${claims.slice(0, 20)}\n${claims.slice(20)}.${signature}`,
    'with a tab within': `${header}.\t${claims}.${signature}`,
    'with a zero after it': `${right}\u0000`,
    'with a scheme': `Bearer ${right}`,
    'with another scheme': `DPoP ${right}`,
    'in quotes': `"${right}"`,
    'in percent signs': right.replaceAll('.', '%2E'),
    'with a wide dot': right.replace('.', '．'),
    'with a wide letter': right.replace('e', 'ｅ'),
    'with a mark before it': `\ufeff${right}`,
    'with nothing seen within': `${header}\u200b.${claims}.${signature}`,
    'with a comma after it': `${right},`,
    'twice with a comma': `${right}, ${right}`,
    'twice with a space': `${right} ${right}`,
    'as JSON': JSON.stringify({ protected: header, payload: claims, signature }),
    'as general JSON': JSON.stringify({ payload: claims, signatures: [{ protected: header, signature }] }),
    'in base64 as a whole': Buffer.from(right).toString('base64'),
    'in base64url as a whole': Buffer.from(right).toString('base64url'),
    'of 8193 letters': right.padEnd(8193, 'A'),
    'of a megabyte': 'A'.repeat(1_000_000),
    opaque: 'mF_9.B5f-4.1JqM'.replaceAll('.', ''),
    backwards: [...right].reverse().join(''),
  };
  for (const [name, text] of Object.entries(whole)) yield [name, text, 'token_malformed'];
  yield ['encrypted', `${header}.AA.AA.${claims}.${signature}`, 'token_encrypted'];
  yield ['encrypted, with no key', 'eyJhbGciOiJkaXIifQ..AA.AA.AA', 'token_encrypted'];
  yield ['of five empty segments', '....', 'token_encrypted'];

  const segments = { header, claims, signature };
  for (const [name, segment] of Object.entries(segments)) {
    const put = (text: string) => right.replace(segment, text);
    const bytes = Buffer.from(segment, 'base64url');
    const odd = segment.padEnd(Math.ceil(segment.length / 4) * 4, '=');
    yield [`${name} with padding`, put(odd === segment ? `${segment}=` : odd), 'token_malformed'];
    yield [
      `${name} with a letter more`,
      put(`${segment}${'A'.repeat((5 - (segment.length % 4)) % 4 || 1)}`),
      'token_malformed',
    ];
    yield [`${name} with +`, put(`+${segment.slice(1)}`), 'token_malformed'];
    yield [`${name} with /`, put(`/${segment.slice(1)}`), 'token_malformed'];
    yield [`${name} in hexadecimal with a blank`, put(bytes.toString('hex').replace(/^../, '$& ')), 'token_malformed'];
    yield [`${name} with an escape`, put(`${segment.slice(0, 3)}%41${segment.slice(4)}`), 'token_malformed'];
  }
  // Bits after the last byte: two texts of one signature (RFC 4648 §3.5).
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = letters.indexOf(signature.slice(-1));
  for (let unused = 1; unused < 16; unused++) {
    const letter = letters[(last & 0b110000) | ((last + unused) & 0b1111)];
    yield [`signature that ends in other unused bits ${unused}`, `${right.slice(0, -1)}${letter}`, 'token_malformed'];
  }
  // Letters that no segment has, at places that the seed says.
  const foreign = [' ', '=', '+', '/', '\u0000', '\r', 'é', '\u2028', '%', ';', ':', '~', '!', '\u{1f600}'];
  const places = fc.sample(fc.nat({ max: right.length - 1 }), { numRuns: foreign.length, seed: SEED });
  for (const [at, letter] of foreign.entries()) {
    const place = places[at] ?? 0;
    yield [
      `${JSON.stringify(letter)} in place of letter ${place}`,
      right.slice(0, place) + letter + right.slice(place + 1),
      'token_malformed',
    ];
  }
}
