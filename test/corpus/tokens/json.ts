/** JSON that two readers read differently, or that is none. Signed all the same: nobody but the issuer can write it. */

import { signText } from '../../../src/testing/mint.ts';
import { type Authorities, claimsText, FILES, headerText, issOf } from '../authorities.ts';
import type { Made } from '../tokens.ts';

export function* texts(by: Authorities): Iterable<Made> {
  const key = by.key('corp');
  const [header, claims] = [headerText(key), claimsText('corp')];
  for (const [where, text, signed] of [
    ['header', header, (changed: string) => signText(key, changed, claims)],
    ['claims', claims, (changed: string) => signText(key, header, changed)],
  ] as const) {
    for (const [name, changed] of Object.entries(broken(text)))
      yield [`${where} ${name}`, signed(changed), 'token_malformed'];
  }
  const twice: Readonly<Record<string, string>> = {
    iss: issOf('corp'),
    aud: FILES,
    sub: 'user-1',
    client_id: 'client-1',
    jti: 'token-1',
    scope: 'files:read',
  };
  for (const [member, value] of Object.entries(twice)) {
    const again = claims.replace(/\}$/, `,"${member}":${JSON.stringify(value)}}`);
    yield [`claim ${member} twice`, signText(key, header, again), 'token_malformed'];
    const escaped = `"\\u${member.charCodeAt(0).toString(16).padStart(4, '0')}${member.slice(1)}"`;
    const spelled = claims.replace(/^\{/, `{${escaped}:"x",`);
    yield [`claim ${member} twice, once in escapes`, signText(key, header, spelled), 'token_malformed'];
  }
  for (const member of ['alg', 'kid', 'typ'])
    for (const value of ['"none"', '"ES256"', 'null'])
      yield [
        `header member ${member} twice, ${value} first`,
        signText(key, header.replace(/^\{/, `{"${member}":${value},`), claims),
        'token_malformed',
      ];
  // Within a claim that nobody reads.
  yield ['twice further in', signText(key, header, claims.replace(/\}$/, ',"x":{"a":1,"a":2}}')), 'token_malformed'];
  // Bytes that are no UTF-8 (RFC 7515 §5.2 step 3).
  for (const bytes of ['ff', 'c0af', 'eda080', 'f4908080']) {
    const [left = '', right = ''] = claims.split('user-1');
    const changed = Buffer.concat([Buffer.from(left), Buffer.from(bytes, 'hex'), Buffer.from(right)]);
    yield [`claims with bytes ${bytes}`, signBytes(by, header, changed), 'token_malformed'];
  }
}

/** The same object, written so that it is none, or another one to another reader. */
export function broken(text: string): Readonly<Record<string, string>> {
  const within = (members: string) => text.replace(/\}$/, `,${members}}`);
  const nested = (levels: number) => `${'['.repeat(levels)}1${']'.repeat(levels)}`;
  return {
    'that is empty': '',
    'of a space': ' ',
    'that is null': 'null',
    'that is a number': '7',
    'that is a text': JSON.stringify(text),
    'in a list': `[${text}]`,
    'that is a list': '[]',
    twice: text + text,
    'that is cut': text.slice(0, -1),
    'with a brace more': `${text}}`,
    'with a mark before it': `\ufeff${text}`,
    'with a zero after it': `${text}\u0000`,
    'with a comment': `${text}/* */`,
    'with a comma more': text.replace(/\}$/, ',}'),
    'in single quotes': text.replaceAll('"', "'"),
    'with __proto__': within('"__proto__":{"admin":true}'),
    'with __proto__ in escapes': within('"\\u005f_proto__":1'),
    'with half a character': within('"x":"\\ud800"'),
    'with half a name': within('"\\udc00":1'),
    'with a line in a text': within('"x":"a\nb"'),
    'with a number beyond all': within('"x":1e400'),
    'with an integer beyond what is exact': within('"x":9007199254740993'),
    'with NaN': within('"x":NaN'),
    'with a number in octal': within('"x":017'),
    'that is deep': within(`"x":${nested(16)}`),
    'that is very deep': within(`"x":${nested(2000)}`),
  };
}

/** `signText` takes texts, which these bytes are not. */
async function signBytes(by: Authorities, header: string, claims: Buffer): Promise<string> {
  const signed = `${Buffer.from(header).toString('base64url')}.${claims.toString('base64url')}`;
  const signature = await by.key('corp').sign(new Uint8Array(Buffer.from(signed)));
  return `${signed}.${Buffer.from(signature).toString('base64url')}`;
}
