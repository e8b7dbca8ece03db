/** Claims: of a wrong form, out of range, of somebody else, or for something else. */
import type { Json } from '../../../src/json/value.ts';
import { type Authorities, BILLING, FILES, issOf, NOW, type Overlay } from '../authorities.ts';
import type { Made } from '../tokens.ts';
import { NO_TEXTS } from './headers.ts';

const say = (value: Json | undefined) => (JSON.stringify(value) ?? 'absent').slice(0, 90);
const ISS = issOf('corp');

export function* issuers(by: Authorities): Iterable<Made> {
  const iss = (value: Json | undefined) => by.token('corp', {}, { iss: value });
  for (const value of [undefined, ...NO_TEXTS, [ISS]]) yield [`iss ${say(value)}`, iss(value), 'claims_invalid'];
  const unknown = [
    ...['', `${ISS}/`, ISS.toUpperCase(), ISS.replace('https', 'http'), `${ISS}:443`, `${ISS}#`, `${ISS}?`, ` ${ISS}`],
    ...[`${ISS} `, `${ISS}\n`, `${ISS}\u0000`, ISS.slice(0, -1), `${ISS}.evil.example`, 'https://evil.example.com'],
    ...[`${ISS}@evil.example.com`, ISS.replace('corp', 'cоrp'), 'corp', FILES, `https://evil.example.com/${ISS}`, '*'],
  ];
  for (const value of unknown) yield [`iss ${say(value)}`, iss(value), 'issuer_unknown'];
  yield ['registered, and not for this server', by.right('partner'), 'issuer_not_trusted'];
  yield ['disabled', by.right('closed'), 'issuer_disabled'];
  yield [
    'another one’s name, and the own kid',
    by.token('corp', {}, { iss: issOf('older') }),
    'token_type_not_allowed',
  ];
  yield ['another one’s name with its type', by.token('corp', { typ: 'JWT' }, { iss: issOf('older') }), 'key_unknown'];
  yield [
    'another one’s name and kid',
    by.token('corp', { typ: 'JWT', kid: 'older' }, { iss: issOf('older') }),
    'signature_invalid',
  ];
}

const LONG = 'x'.repeat(256);

export function* claims(by: Authorities): Iterable<Made> {
  const made = (over: Overlay) => by.token('corp', {}, over);
  for (const name of ['sub', 'client_id', 'jti'])
    for (const value of [undefined, ...NO_TEXTS, '', LONG, 'a\n', '\u0000', 'a\u007f', 'a\u0085b'])
      yield [`${name} ${say(value)}`, made({ [name]: value }), 'claims_invalid'];
}

export function* times(by: Authorities): Iterable<Made> {
  const made = (over: Overlay) => by.token('corp', {}, over);
  const wrong: readonly Json[] = [
    ...[null, true, '', 'now', String(NOW), '+300', [], [NOW], {}, NOW + 0.5, -1, -NOW, 253_402_300_800, 1e15],
    ...['2026-11-23T12:00:00Z'],
  ];
  for (const name of ['exp', 'iat', 'nbf', 'auth_time'])
    for (const value of wrong) yield [`${name} ${say(value)}`, made({ [name]: value }), 'claims_invalid'];
  for (const name of ['exp', 'iat']) yield [`${name} absent`, made({ [name]: undefined }), 'lifetime_missing'];
  yield ['exp and iat absent', made({ exp: undefined, iat: undefined }), 'lifetime_missing'];
  const at = (iat: number, exp: number, nbf?: number) =>
    made({ iat: NOW + iat, exp: NOW + exp, ...(nbf !== undefined && { nbf: NOW + nbf }) });
  for (const exp of [-5, -6, -60, -899]) yield [`ended ${exp}`, at(exp - 1, exp), 'token_expired'];
  yield ['ended long ago', made({ iat: 0, exp: 1 }), 'token_expired'];
  for (const iat of [6, 60, 299]) yield [`issued +${iat}`, at(iat, 300), 'token_not_yet_valid'];
  for (const nbf of [6, 60, 299]) yield [`holds from +${nbf}`, at(0, 300, nbf), 'token_not_yet_valid'];
  for (const [iat, exp] of [
    [0, 0],
    [300, 300],
    [301, 300],
    [300, -300],
  ] as const)
    yield [`from ${iat} to ${exp}`, at(iat, exp), 'claims_invalid'];
  yield ['holds from its end', at(0, 300, 300), 'claims_invalid'];
  for (const exp of [901, 3600, 86_400, 253_402_300_799 - NOW])
    yield [`lives ${exp} s`, at(0, exp), 'lifetime_exceeded'];
  yield ['lived too long already', at(-900, 1), 'lifetime_exceeded'];
  yield ['issued in 1970, still good', made({ iat: 0, exp: NOW + 300 }), 'lifetime_exceeded'];
  yield ['ahead and too long', at(6, 907), 'token_not_yet_valid', 'lifetime_exceeded'];
}

export function* audiences(by: Authorities): Iterable<Made> {
  const made = (aud: Json | undefined) => by.token('corp', {}, { aud });
  for (const aud of [undefined, null, '', []]) yield [say(aud), made(aud), 'audience_missing'];
  const invalid: readonly Json[] = [
    ...[true, 7, {}, { 0: FILES, length: 1 }, [7], [null], [[FILES]], [FILES, null], [FILES, 7], [FILES, FILES]],
    ...[Array.from({ length: 17 }, (_, at) => `${FILES}/${at}`), `${FILES}/${'x'.repeat(2048)}`],
  ];
  for (const aud of invalid) yield [`form: ${say(aud)}`, made(aud), 'claims_invalid'];
  const elsewhere = [
    ...[BILLING, 'https://files.example.com', 'https://files.example.com/', `${FILES}/`, `${FILES}//`, `${FILES}/v1`],
    ...['https://FILES.example.com/mcp', 'HTTPS://files.example.com/mcp', 'https://files.example.com/MCP'],
    ...['http://files.example.com/mcp', 'https://files.example.com:443/mcp', 'https://files.example.com:8443/mcp'],
    ...[
      `${FILES}?`,
      `${FILES}?a=b`,
      `${FILES}#`,
      `${FILES}#frag`,
      `${FILES} `,
      ` ${FILES}`,
      `${FILES}\t`,
      `${FILES}\n`,
    ],
    ...[`${FILES}\u0000`, `${FILES}\u200b`, `\ufeff${FILES}`, FILES.slice(0, -1), FILES.slice(1), `${FILES}.`, '*'],
    ...['https://files.example.com/./mcp', 'https://files.example.com/a/../mcp', 'https://files.example.com/%6dcp'],
    ...['https://files.example.com.evil.example/mcp', 'https://evil.example/https://files.example.com/mcp', 'files'],
    ...['https://user@files.example.com/mcp', 'https://files.example.com\\mcp', '//files.example.com/mcp', '/mcp'],
    ...[
      'https://fіles.example.com/mcp',
      'https://xn--fles-qpa.example.com/mcp',
      'https://*.example.com/mcp',
      'client-1',
    ],
    ...['api://default', 'urn:files', ISS, 'account', 'files.example.com', 'files.example.com/mcp', `"${FILES}"`, '[]'],
    ...[`${FILES} ${BILLING}`, `${FILES},${BILLING}`, `["${FILES}"]`, encodeURIComponent(FILES), 'null', 'undefined'],
  ];
  for (const aud of elsewhere) yield [say(aud), made(aud), 'audience_mismatch'];
  for (const aud of [[BILLING], [''], [`${FILES}/`], [BILLING, 'https://files.example.com']])
    yield [say(aud), made(aud), 'audience_mismatch'];
  for (const other of [
    BILLING,
    `${FILES}/`,
    '*',
    '',
    'account',
    ISS,
    'client-1',
    'https://unregistered.example.com/mcp',
  ])
    for (const aud of [
      [FILES, other],
      [other, FILES],
    ])
      yield [say(aud), made(aud), 'audience_not_exclusive'];
  // No other claim makes up for it.
  for (const name of ['azp', 'resource', 'audience', 'Aud', 'AUD', 'aud ', 'target', 'appid'])
    yield [`right only in ${name}`, by.token('corp', {}, { aud: BILLING, [name]: FILES }), 'audience_mismatch'];
}

export function* scopes(by: Authorities): Iterable<Made> {
  const made = (scope: Json | undefined) => by.token('corp', {}, { scope });
  const invalid: readonly Json[] = [
    ...[null, true, 7, [], {}, ['files:read'], ' ', 'files:read ', ' files:read', 'files:read  files:write'],
    ...['files:read\tfiles:write', 'files:read\n', 'files:read\u0000', 'files:read "x"', 'files:read\\', 'größe'],
    ...['x'.repeat(256), Array.from({ length: 257 }, (_, at) => `s${at}`).join(' ')],
  ];
  for (const scope of invalid) yield [say(scope), made(scope), 'claims_invalid'];
  const others = [
    ...['', 'files:write', 'Files:Read', 'FILES:READ', 'files', 'files:', 'files:*', '*', 'files:reader', 'files:rea'],
    ...['files:read,files:write', 'xfiles:read', 'files%3Aread', 'read', 'openid profile', 'files:read/x', 'admin'],
  ];
  for (const scope of [undefined, ...others]) yield [say(scope), made(scope), 'scope_insufficient'];
  for (const name of ['scp', 'scopes', 'permissions', 'roles', 'Scope', 'authorities'])
    yield [`only in ${name}`, by.token('corp', {}, { scope: '', [name]: ['files:read'] }), 'scope_insufficient'];
}

export function* users(by: Authorities): Iterable<Made> {
  const made = (over: Overlay) => by.token('corp', {}, over);
  const acts: readonly Json[] = [
    ...[null, true, 7, 'agent', [], {}, { sub: '' }, { sub: 7 }, { sub: null }, { sub: LONG }, { sub: 'a\n' }],
    ...[{ client_id: 'a' }, { sub: 'a', act: {} }, { sub: 'a', act: null }, { sub: 'a', act: 'b' }],
  ];
  for (const act of acts) yield [`act ${say(act)}`, made({ act }), 'claims_invalid'];
  for (const act of [{ sub: 'agent' }, { sub: 'user-1' }, { sub: 'agent', act: { sub: 'other' } }])
    yield [`act ${say(act)}`, made({ act }), 'actor_not_allowed'];
  for (const acr of [null, true, 7, '', [], {}, ['mfa'], LONG, 'mfa\n'])
    yield [`acr ${say(acr)}`, made({ acr }), 'claims_invalid'];
  const details: readonly Json[] = [null, true, 'x', {}, [7], [null], ['x'], [{}], [{ type: 7 }], [{ type: '' }], [[]]];
  for (const authorization_details of details)
    yield [`authorization_details ${say(authorization_details)}`, made({ authorization_details }), 'claims_invalid'];
  for (const authorization_details of [[{ type: 'payment' }], [{ type: '__proto__x' }], [{ type: 'a' }, { type: 'b' }]])
    yield [
      `authorization_details ${say(authorization_details)}`,
      made({ authorization_details }),
      'authorization_details_unknown',
    ];
}

export function* bindings(by: Authorities): Iterable<Made> {
  const made = (cnf: Json) => by.token('corp', {}, { cnf });
  for (const cnf of [null, true, false, 7, 'x', [], ['jkt']]) yield [say(cnf), made(cnf), 'claims_invalid'];
  const jkt = 'x'.repeat(43);
  for (const cnf of [{ jkt }, { jkt: '' }, { jkt: 7 }, { jkt: {} }]) yield [say(cnf), made(cnf), 'proof_missing'];
  for (const cnf of [{ 'x5t#S256': jkt }, { 'x5t#S256': '' }, { 'x5t#S256': 7 }])
    yield [say(cnf), made(cnf), 'certificate_missing'];
  yield ['both', made({ jkt, 'x5t#S256': jkt }), 'certificate_missing', 'proof_missing'];
  for (const cnf of [
    {},
    { kid: 'x' },
    { jwk: { kty: 'EC' } },
    { jku: 'https://evil.example.com' },
    { JKT: jkt },
    { x5t: jkt },
  ])
    yield [say(cnf), made(cnf), 'binding_mismatch'];
}
