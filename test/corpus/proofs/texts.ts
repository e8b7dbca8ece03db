/** The text of a proof, its header, how many there are, and the scheme that it came with. */
import type { Json } from '../../../src/json/value.ts';
import { signText } from '../../../src/testing/mint.ts';
import type { MadeProof } from '../proofs.ts';
import { encodings } from '../tokens/encodings.ts';
import { NO_TEXTS } from '../tokens/headers.ts';
import { broken } from '../tokens/json.ts';
import { type Holders, proofHeader, proofPayload } from './holders.ts';

export function* proofHeaders(held: Holders): Iterable<MadeProof> {
  const holder = held.of('ES256');
  const made = (header: Readonly<Record<string, Json | undefined>>) => held.ask(holder, held.proof(holder, header));
  const typs: readonly (Json | undefined)[] = [
    ...[
      undefined,
      ...NO_TEXTS,
      '',
      'JWT',
      'at+jwt',
      'DPOP+JWT',
      'Dpop+jwt',
      'dpop+jwt ',
      'dpop',
      'jwt',
      'dpop+jwt;v=1',
    ],
    ...['application/dpop+jwt', 'secevent+jwt'],
  ];
  for (const typ of typs) yield [`typ ${JSON.stringify(typ) ?? 'absent'}`, made({ typ }), 'proof_invalid'];
  for (const alg of [undefined, ...NO_TEXTS])
    yield [`alg ${JSON.stringify(alg) ?? 'absent'}`, made({ alg }), 'proof_invalid'];
  const forbidden: Readonly<Record<string, readonly Json[]>> = {
    crit: [['b64'], [], null],
    jku: ['https://evil.example.com/jwks', null],
    x5u: ['https://evil.example.com/cert', null],
    x5c: [['MIIB'], null],
    cty: ['JWT', null],
    zip: ['DEF', null],
    b64: [false, true],
    enc: ['A128GCM', null],
  };
  for (const [member, values] of Object.entries(forbidden))
    for (const value of values)
      yield [`${member} ${JSON.stringify(value)}`, made({ [member]: value }), 'proof_invalid'];
}

export function* proofTexts(held: Holders): Iterable<MadeProof> {
  const holder = held.of('ES256');
  const { own, token } = holder;
  const [header, claims] = [proofHeader(own), proofPayload(token, { jti: 'text' })];
  for (const [name, changed] of Object.entries(broken(header)))
    yield [`header ${name}`, held.ask(holder, signText(own.key, changed, claims)), 'proof_invalid'];
  for (const [name, changed] of Object.entries(broken(claims)))
    yield [`claims ${name}`, held.ask(holder, signText(own.key, header, changed)), 'proof_invalid'];
  for (const member of ['jti', 'htm', 'htu', 'iat', 'ath']) {
    const first = claims.replace(/^\{/, `{"${member}":"x",`);
    yield [`claim ${member} twice`, held.ask(holder, signText(own.key, header, first)), 'proof_invalid'];
  }
  for (const member of ['typ', 'alg', 'jwk']) {
    const first = header.replace(/^\{/, `{"${member}":"x",`);
    yield [`header member ${member} twice`, held.ask(holder, signText(own.key, first, claims)), 'proof_invalid'];
  }
  yield ['empty', held.ask(holder, ''), 'proof_invalid'];
  yield ['the access token', held.ask(holder, token), 'proof_invalid'];
  // What the texts of tokens show, shown of proofs. Names are known before the proof is.
  const names = Array.from(encodings('e30.e30.e30AAAAA'), ([name]) => name);
  const right = held.proof(holder);
  for (const [at, name] of names.entries()) {
    const text = right.then((proof) => Array.from(encodings(proof))[at]?.[1] ?? '');
    yield [name, held.ask(holder, text), 'proof_invalid'];
  }
}

export function* schemes(held: Holders): Iterable<MadeProof> {
  const holder = held.of('ES256');
  const { by } = held;
  const right = () => held.proof(holder);
  const ask = held.ask.bind(null, holder);
  yield ['bound, sent as a bearer’s', ask(right(), { scheme: 'Bearer' }), 'proof_missing'];
  yield ['bound, sent as a bearer’s without proof', ask([], { scheme: 'Bearer' }), 'proof_missing'];
  yield ['no proof', ask([]), 'proof_missing'];
  yield ['no word of a proof', ask([]).then(({ proof: _, ...rest }) => rest), 'proof_missing'];
  const several = async (one: Promise<string>, other: Promise<string>) => ask([await one, await other]);
  yield ['two proofs', several(right(), right()), 'proof_invalid'];
  const once = right();
  yield ['one proof twice', several(once, once), 'proof_invalid'];
  yield ['a proof and an empty header', several(right(), Promise.resolve('')), 'proof_invalid'];
  yield [
    'two proofs in one header',
    ask(several(right(), right()).then(({ proof }) => proof?.dpop?.join(', ') ?? '')),
    'proof_invalid',
  ];
  const bearer = async () => ask(right(), { token: await by.right('corp') });
  yield ['a token that is bound to nothing', bearer(), 'token_not_bound'];
  const certified = async () =>
    ask(right(), { token: await by.token('corp', {}, { cnf: { 'x5t#S256': 'x'.repeat(43) } }) });
  yield ['a token that is bound to a certificate', certified(), 'certificate_missing', 'token_not_bound'];
  const both = async () => {
    const token = await by.token('corp', {}, { cnf: { jkt: holder.own.jkt, 'x5t#S256': 'x'.repeat(43) } });
    return ask(held.proof({ ...holder, token }), { token });
  };
  yield ['a token that is bound to a certificate too', both(), 'certificate_missing'];
  const named = async () => {
    const token = await by.token('corp', {}, { cnf: { jkt: holder.own.jkt, kid: 'x' } });
    return ask(held.proof({ ...holder, token }), { token });
  };
  yield ['a token that is bound to something unknown too', named(), 'binding_mismatch'];
  const jkts: readonly Json[] = [
    '',
    7,
    null,
    {},
    holder.own.jkt.toLowerCase(),
    `${holder.own.jkt}=`,
    ` ${holder.own.jkt}`,
  ];
  for (const jkt of jkts) {
    const other = async () => {
      const token = await by.token('corp', {}, { cnf: { jkt } });
      return ask(held.proof({ ...holder, token }), { token });
    };
    yield [`jkt ${JSON.stringify(jkt).slice(0, 20)}`, other(), 'proof_mismatch'];
  }
  for (const scheme of ['Basic', 'DPoP2', 'HoK', 'Token', 'MAC'])
    yield [`scheme ${scheme}`, ask(right(), { scheme }), 'scheme_unsupported'];
}
