/** Claims of proofs: absent, of a wrong form, for another request, another token or another time. */
import { hash } from 'node:crypto';
import type { Json } from '../../../src/json/value.ts';
import { BILLING, FILES, NOW, type Overlay } from '../authorities.ts';
import type { MadeProof } from '../proofs.ts';
import { NO_TEXTS } from '../tokens/headers.ts';
import type { Holders } from './holders.ts';

const say = (value: Json | undefined) => (JSON.stringify(value) ?? 'absent').slice(0, 60);

function maker(held: Holders) {
  const holder = held.of('ES256');
  return (claims: Overlay) => held.ask(holder, held.proof(holder, {}, claims));
}

export function* proofClaims(held: Holders): Iterable<MadeProof> {
  const made = maker(held);
  for (const name of ['jti', 'htm', 'htu', 'ath'])
    for (const value of [undefined, ...NO_TEXTS, '', 'a\n', '\u0000'])
      yield [`${name} ${say(value)}`, made({ [name]: value }), 'proof_invalid'];
  yield ['a jti of 256 characters', made({ jti: 'x'.repeat(256) }), 'proof_invalid'];
  for (const value of [null, true, 7, [], {}, '', 'a\n'])
    yield [`nonce ${say(value)}`, made({ nonce: value }), 'proof_invalid'];
  const holder = held.of('ES256');
  const { token } = holder;
  const ath = hash('sha256', token, 'base64url');
  const others: Readonly<Record<string, string>> = {
    'of another token': hash('sha256', held.of('ES384').token, 'base64url'),
    'with padding': `${ath}=`,
    'in base64': hash('sha256', token, 'base64'),
    'in hexadecimal': hash('sha256', token, 'hex'),
    'by SHA-512': hash('sha512', token, 'base64url'),
    'by SHA-1': hash('sha1', token, 'base64url'),
    'of nothing': hash('sha256', '', 'base64url'),
    'that is the token': token.slice(0, 200),
    'that is cut': ath.slice(0, -1),
    'in other unused bits': ath.slice(0, -1) + (ath.endsWith('A') ? 'B' : 'A'),
    'of the token with its scheme': hash('sha256', `DPoP ${token}`, 'base64url'),
    'of the token without its signature': hash('sha256', token.slice(0, token.lastIndexOf('.')), 'base64url'),
    'in capitals': ath.toUpperCase(),
  };
  for (const [name, value] of Object.entries(others)) yield [`ath ${name}`, made({ ath: value }), 'proof_invalid'];
}

export function* proofTimes(held: Holders): Iterable<MadeProof> {
  const made = maker(held);
  const wrong: readonly (Json | undefined)[] = [
    ...[undefined, null, true, '', 'now', String(NOW), [], {}, NOW + 0.5, -1, 253_402_300_800],
  ];
  for (const iat of wrong) yield [`iat ${say(iat)}`, made({ iat }), 'proof_invalid'];
  for (const ago of [61, 62, 120, 3600, NOW]) yield [`made ${ago} s ago`, made({ iat: NOW - ago }), 'proof_invalid'];
  for (const ahead of [6, 60, 3600, NOW]) yield [`made ${ahead} s ahead`, made({ iat: NOW + ahead }), 'proof_invalid'];
  for (const name of ['exp', 'nbf'])
    for (const value of wrong.slice(1)) yield [`${name} ${say(value)}`, made({ [name]: value }), 'proof_invalid'];
  yield ['ended', made({ exp: NOW - 5 }), 'proof_invalid'];
  yield ['holds later', made({ nbf: NOW + 6 }), 'proof_invalid'];
}

export function* targets(held: Holders): Iterable<MadeProof> {
  const made = maker(held);
  const holder = held.of('ES256');
  for (const htm of ['post', 'Post', 'GET', 'PUT', 'POST ', ' POST', 'POST,GET', '*', 'tools/call'])
    yield [`htm ${say(htm)}`, made({ htm }), 'proof_invalid'];
  for (const method of ['GET', 'DELETE', 'post'])
    yield [`request with ${method}`, held.ask(holder, held.proof(holder), { method }), 'proof_invalid'];
  const htus = [
    ...[BILLING, `${FILES}/`, `${FILES}//`, `${FILES}/a`, 'https://files.example.com', 'https://files.example.com/'],
    ...['http://files.example.com/mcp', 'https://files.example.com:8443/mcp', 'https://files.example.com:80/mcp'],
    ...['https://files.example.com/MCP', 'https://files.example.com/mcp%2f', 'https://files.example.com/mcp;a'],
    ...['https://files.example.com.evil.example/mcp', 'https://evil.example/mcp', 'https://evil.example/mcp?files'],
    ...['https://user@files.example.com/mcp', 'https://files.example.com@evil.example/mcp', '//files.example.com/mcp'],
    ...[
      '/mcp',
      'mcp',
      'files',
      '*',
      ` ${FILES}`,
      `${FILES} `,
      'https:/files.example.com/mcp',
      'https:files.example.com/mcp',
    ],
    ...[
      'https://files.example.com\\mcp',
      'https://fіles.example.com/mcp',
      'https://files.example.com./mcp',
      `<${FILES}>`,
    ],
    ...['https://files%2eexample.com/mcp', 'wss://files.example.com/mcp', `${FILES}/../mcp/..`, `${FILES},${FILES}`],
    ...[
      'https://files.example.com/mcp%00',
      'https://files.example.com/mcp%',
      'javascript:https://files.example.com/mcp',
    ],
  ];
  for (const htu of htus) yield [`htu ${say(htu)}`, made({ htu }), 'proof_invalid'];
}
