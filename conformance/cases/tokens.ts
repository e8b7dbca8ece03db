/** The tokens that cases send, each as it departs from a right one for files: 300 s, scope files:read, of `user-1`. */
import type { TokenSpec } from '../../src/testing/mint.ts';

/** How a token is made: a spec of the mint, in whose texts `{files}` and `{billing}` are the resources, `{origin}` the gateway. */
export type TokenRecipe = TokenSpec & {
  /** Of the issuer that the registry does not know. */
  readonly stranger?: true;
  /** What is done with the finished text. */
  readonly text?: 'without signature' | 'as one word';
};

const SUBJECT = 'Zoë Ångström\u{1F511} 100%';

export const TOKENS = {
  right: {},
  second: { claims: { sub: 'user-2' } },
  writer: { claims: { scope: 'files:write' } },
  unscoped: { claims: { scope: '' } },
  billing: { claims: { aud: '{billing}', scope: 'billing:read' } },
  both: { claims: { aud: ['{files}', '{billing}'], scope: 'files:read billing:read' } },
  no_audience: { claims: { aud: null } },
  parent_audience: { claims: { aud: '{origin}' } },
  slash_audience: { claims: { aud: '{files}/' } },
  expired: { claims: { iat: '-600', exp: '-300' } },
  over_long: { claims: { exp: '+3000' } },
  future: { claims: { iat: '+120', exp: '+400' } },
  unsigned: { sign: 'none' },
  stripped: { text: 'without signature' },
  wrong_key: { sign: 'foreign_key' },
  broken: { sign: 'broken' },
  hmac: { header: { alg: 'HS256' } },
  id_token: { header: { typ: 'JWT' }, claims: { nonce: 'n-1', scope: null } },
  stranger: { stranger: true },
  bound: { claims: { cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } } },
  foreign_name: { claims: { sub: SUBJECT } },
  opaque: { text: 'as one word' },
  /** Above 8 KiB, the longest that audgate reads. */
  long: { claims: { note: 'x'.repeat(7_000) } },
  /** Above what most gateways take as one header. */
  very_long: { claims: { note: 'x'.repeat(60_000) } },
} as const satisfies Readonly<Record<string, TokenRecipe>>;

export type TokenName = keyof typeof TOKENS;
export const FOREIGN_NAME = SUBJECT;
