/** Hostile requests as bytes, one family for each way that is known to break readers of HTTP, JSON, JSON-RPC and JWT. */
import fc from 'fast-check';
import { signText } from '../../src/testing/mint.ts';
import { FILES, ISS, type Issuer, readFile } from './issue.ts';

/** Bytes of a request, one character each. The last request in it says that the connection ends. */
export type Bytes = string;
export type Families = Readonly<Record<string, fc.Arbitrary<Bytes>>>;

const JSON_TYPE = 'content-type: application/json';
const CLOSE = 'connection: close';

const bytes = (text: string): Bytes => Buffer.from(text).toString('latin1');

/** @param headers lines in place of the usual content type */
export function post(body: Bytes, headers: readonly string[] = [JSON_TYPE], path = '/v1/decide', last = true): Bytes {
  const lines = [`POST ${path} HTTP/1.1`, 'host: localhost', ...headers, `content-length: ${body.length}`];
  return `${[...lines, ...(last ? [CLOSE] : [])].join('\r\n')}\r\n\r\n${body}`;
}

const ask = (question: unknown) => post(bytes(JSON.stringify(question)));

/** What breaks a reader of strings, numbers or structure, as JSON text. */
const POISON = [
  '"\\ud800"',
  '"\\udfff x"',
  '"a\\u0000b"',
  '"\\r\\nset-cookie: a=b"',
  '"\u202e\u2066"',
  '1e400',
  '-1e999',
  '1e-999',
  '9007199254740993',
  `${'9'.repeat(400)}`,
  '0.1e',
  '-',
  '01',
  '.5',
  'NaN',
  'Infinity',
  'undefined',
  'null',
  'true',
  '[]',
  '{}',
  '{"__proto__": {"allow": true}}',
  '{"constructor": {"prototype": {}}}',
  '{"a": 1, "a": 2}',
  '{"a": 1, "\\u0061": 2}',
  '"\\x41"',
  "'single'",
  '"unfinished',
  '/* comment */ 1',
  '[1,]',
  '{"a":}',
];

/** Nested so deep, in one of four ways. */
function nested(depth: number, kind: number): string {
  const open = ['[', '{"a":', '[{"a":', '['][kind] ?? '';
  const close = [']', '}', '}]', ''][kind] ?? '';
  return `${open.repeat(depth)}1${close.repeat(depth)}`;
}

/** Puts a JSON text in place of one member of the question. */
function transplant(token: string, member: string, text: string): string {
  const slots: Readonly<Record<string, object>> = {
    server: { ...readFile(FILES, token), server: '@' },
    token: readFile(FILES, '@'),
    scheme: { ...readFile(FILES, token), scheme: '@' },
    call: { ...readFile(FILES, token), call: '@' },
    method: { ...readFile(FILES, token), call: { method: '@' } },
    tool: { ...readFile(FILES, token), call: { method: 'tools/call', tool: '@' } },
    arguments: { ...readFile(FILES, token), call: { method: 'tools/call', tool: 'read_file', arguments: '@' } },
    argument: {
      ...readFile(FILES, token),
      call: { method: 'tools/call', tool: 'read_file', arguments: { path: '@' } },
    },
    message: { server: FILES, token, message: '@' },
    body: { server: FILES, token, body: '@' },
    base64: { server: FILES, token, body: { base64: '@' } },
    headers: { ...readFile(FILES, token), http: { headers: { 'mcp-name': '@' } } },
    extra: { ...readFile(FILES, token), context: { extra: '@' } },
    unknown: { ...readFile(FILES, token), '@': 1 },
  };
  return JSON.stringify(slots[member]).replace('"@"', () => text);
}
const MEMBERS =
  'server token scheme call method tool arguments argument message body base64 headers extra unknown'.split(' ');

const CLAIMS: readonly object[] = [
  { sub: 'a\r\nset-cookie: b=c' },
  { client_id: 'a\nb' },
  { jti: '\u0000' },
  { scope: 'files:read\r\nx: y' },
  { scope: 'files:read\tfiles:write' },
  { aud: `${FILES}\r\nlocation: https://evil.example.com` },
  { aud: [FILES, `${FILES}\n`] },
  { aud: [FILES, FILES] },
  { aud: Array.from({ length: 20 }, (_, n) => `${FILES}/${n}`) },
  { aud: { 0: FILES, length: 1 } },
  { aud: 'x'.repeat(3000) },
  { iss: `${ISS}\r\n` },
  { iss: [ISS] },
  { act: { sub: 'a\r\nb' } },
  { act: 'me' },
  { cnf: { jkt: 'x'.repeat(43) } },
  { cnf: 'none' },
  { exp: 1e300 },
  { exp: 253402300800 },
  { exp: '9999999999' },
  { iat: -1 },
  { iat: 1.5 },
  { nbf: 9999999999 },
];

const HEADERS: readonly object[] = [
  { alg: 'none' },
  { alg: 'HS256' },
  { alg: ['ES256'] },
  { alg: 'es256' },
  { kid: '../../etc/passwd' },
  { kid: 'key-1\r\n' },
  { kid: null },
  { typ: 'JWT' },
  { crit: ['exp'] },
  { jku: 'https://evil.example.com/jwks' },
  { jwk: { kty: 'EC' } },
  { x5c: ['AAAA'] },
  { zip: 'DEF' },
  { b64: false },
  { cty: 'JWT' },
];

/** Signed by the issuer's own key, and wrong all the same. */
async function wronglySigned({ key }: Issuer): Promise<readonly string[]> {
  const iat = Math.floor(Date.now() / 1000);
  const header = { alg: 'ES256', kid: 'key-1', typ: 'at+jwt' };
  const claims = { iss: ISS, aud: FILES, sub: 'u', client_id: 'c', jti: 'j', iat, exp: iat + 600, scope: 'files:read' };
  const of = (head: string, body: string) => signText(key, head, body);
  const text = JSON.stringify(claims);
  return Promise.all([
    ...CLAIMS.map((change) => of(JSON.stringify(header), JSON.stringify({ ...claims, ...change }))),
    ...HEADERS.map((change) => of(JSON.stringify({ ...header, ...change }), text)),
    ...['aud', 'iss', 'exp'].map((name) => of(JSON.stringify(header), text.replace('{', `{"${name}": 1, `))),
    ...POISON.map((poison) =>
      of(
        JSON.stringify(header),
        text.replace('{', () => `{"poison": ${poison}, "__proto__": 1, `),
      ),
    ),
    of(JSON.stringify(header), nested(40, 1)),
    of(JSON.stringify(header), `\ufeff${text}`),
    of(JSON.stringify(header), `${text} `.repeat(2)),
    of('[]', text),
    of('', ''),
  ]);
}

/** JSON-RPC that one reader takes for this call and another for that. */
const MESSAGES: readonly string[] = [
  '[{"jsonrpc":"2.0","id":1,"method":"ping"}]',
  '[]',
  '{"jsonrpc":"2.0","id":null,"method":"ping"}',
  '{"jsonrpc":"2.0","id":1,"result":{}}',
  '{"jsonrpc":"1.0","id":1,"method":"ping"}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file","Name":"delete_file"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file","name":"delete_file"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","paramſ":{"name":"delete_file"},"params":{"name":"read_file"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file","taſK":{}}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file\\u0000"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call\\r\\n","params":{"name":"read_file"}}',
  '{"jsonrpc":"2.0","id":1e400,"method":"tools/call","params":{"name":"read_file"}}',
  '{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///docs/%2e%2e/secret"}}',
];

/** Below HTTP nothing is wrong with these. */
export async function families(issuer: Issuer, right: string, foreign: string): Promise<Families> {
  const signed = await wronglySigned(issuer);
  const token = fc.constantFrom(right, foreign);
  const position = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const question = token.map((text) => JSON.stringify(readFile(FILES, text)));
  const member = fc.constantFrom(...MEMBERS);
  const transplanted = (text: fc.Arbitrary<string>) =>
    fc.tuple(token, member, text).map(([held, name, value]) => post(bytes(transplant(held, name, value))));
  const asked = (texts: fc.Arbitrary<string>) => texts.map((text) => ask(readFile(FILES, text)));
  const raw = fc.uint8Array({ maxLength: 400 }).map((octets) => Buffer.from(octets).toString('latin1'));

  return {
    'broken JSON': fc
      .tuple(question, position, fc.constantFrom('', '"', '}', ',', '\\', '\u0000', '\u00e9'))
      .map(([text, at, piece]) => {
        const cut = Math.floor(at * text.length);
        return post(bytes(text.slice(0, cut) + piece + (piece === '' ? '' : text.slice(cut + 1))));
      }),
    'duplicate members': fc
      .tuple(question, fc.constantFrom('server', 'token', 'call', 'tool', 'method'))
      .map(([text, name]) => {
        const again = new RegExp(`"${name}":("[^"]*"|\\{)`);
        return post(
          bytes(text.replace(again, (found) => (found.endsWith('{') ? `"${name}":{},${found}` : `${found},${found}`))),
        );
      }),
    'poisoned members': transplanted(fc.constantFrom(...POISON)),
    'poisoned explanations': fc
      .tuple(token, member, fc.constantFrom(...POISON), fc.constantFrom('"now"', '"2026-02-30T00:00:00Z"', ...POISON))
      .map(([held, name, value, at]) =>
        post(bytes(transplant(held, name, value).replace('{', () => `{"at": ${at}, `)), [JSON_TYPE], '/v1/explain'),
      ),
    'wrong types': transplanted(fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value))),
    'deep nesting': transplanted(
      fc.tuple(fc.integer({ min: 20, max: 5000 }), fc.nat(3)).map(([depth, kind]) => nested(depth, kind)),
    ),
    'long strings': transplanted(
      fc.integer({ min: 1000, max: 60_000 }).map((length) => JSON.stringify('x'.repeat(length))),
    ),
    'invalid UTF-8': fc
      .tuple(question, position, fc.constantFrom('\xff', '\xc0\x80', '\xed\xa0\x80', '\xf5\x80\x80\x80', '\xc3'))
      .map(([text, at, octets]) => {
        const cut = Math.floor(at * text.length);
        return post(bytes(text.slice(0, cut)) + octets + bytes(text.slice(cut)));
      }),
    'random bytes': raw.map((body) => post(body)),
    'byte order mark': question.map((text) => post(bytes(`\ufeff${text}`))),
    'truncated tokens': asked(position.map((at) => right.slice(0, Math.floor(at * right.length)))),
    'changed tokens': asked(
      fc.tuple(position, fc.constantFrom(...'ABCabc019-_.=+/ \r\n\u0000é')).map(([at, character]) => {
        const cut = Math.floor(at * right.length);
        return right.slice(0, cut) + character + right.slice(cut + 1);
      }),
    ),
    'mixed tokens': asked(
      fc
        .tuple(...Array.from({ length: 3 }, () => fc.tuple(token, fc.nat(2))))
        .map((parts) => parts.map(([text, at]) => text.split('.')[at]).join('.')),
    ),
    'texts for tokens': asked(fc.string({ unit: 'binary', maxLength: 300 })),
    'dots for tokens': asked(
      fc.tuple(fc.nat(9000), fc.constantFrom('.', 'a.', 'e30.', ' ')).map(([count, text]) => text.repeat(count)),
    ),
    'signed by the issuer, and wrong': asked(fc.constantFrom(...signed)),
    'hostile messages': fc.tuple(token, fc.constantFrom(...MESSAGES), fc.nat(2)).map(([held, text, kind]) => {
      const given = [{ body: text }, { body: { base64: Buffer.from(text).toString('base64') } }];
      const body = given[kind]
        ? JSON.stringify({ server: FILES, token: held, ...given[kind] })
        : `{"server":"${FILES}","token":"${held}","message":${text}}`;
      return post(bytes(body));
    }),
    'poisoned messages': fc.tuple(token, fc.constantFrom(...POISON)).map(([held, poison]) => {
      const text = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file","arguments":{"amount":${poison}}}}`;
      return ask({ server: FILES, token: held, body: text });
    }),
    'bytes for messages': fc
      .tuple(token, fc.uint8Array({ maxLength: 300 }))
      .map(([held, octets]) =>
        ask({ server: FILES, token: held, body: { base64: Buffer.from(octets).toString('base64') } }),
      ),
  };
}
