/** Which token opens what: one gateway, one issuer, one key set, two servers. */
import { FORBIDDEN, INSUFFICIENT_SCOPE, INVALID_TOKEN, MISSING, OK, REFUSED, type Section, UNPROVED } from './case.ts';
import { FOREIGN_NAME } from './tokens.ts';

export const TOKENS_AT_SERVERS: Section = {
  title: 'Tokens',
  cases: [
    { name: 'right token', send: {}, expect: OK },
    {
      name: "billing's token at billing",
      send: { target: '/billing/mcp', token: 'billing' },
      expect: { status: 200, upstream: 'billing' },
    },
    { name: "files' token at billing", send: { target: '/billing/mcp' }, expect: INVALID_TOKEN },
    { name: "billing's token at files", send: { token: 'billing' }, expect: INVALID_TOKEN },
    { name: 'token for both, at files', send: { token: 'both' }, expect: INVALID_TOKEN },
    { name: 'token for both, at billing', send: { token: 'both', target: '/billing/mcp' }, expect: INVALID_TOKEN },
    { name: 'token without audience', send: { token: 'no_audience' }, expect: INVALID_TOKEN },
    { name: "token for the servers' parent", send: { token: 'parent_audience' }, expect: INVALID_TOKEN },
    { name: 'audience with a slash more', send: { token: 'slash_audience' }, expect: INVALID_TOKEN },
    { name: 'expired token', send: { token: 'expired' }, expect: INVALID_TOKEN },
    { name: 'token that lives too long', send: { token: 'over_long' }, expect: INVALID_TOKEN },
    { name: 'token of the future', send: { token: 'future' }, expect: INVALID_TOKEN },
    { name: 'alg none', send: { token: 'unsigned' }, expect: INVALID_TOKEN },
    { name: 'signature taken away', send: { token: 'stripped' }, expect: INVALID_TOKEN },
    { name: 'signed with another key', send: { token: 'wrong_key' }, expect: INVALID_TOKEN },
    { name: 'broken signature', send: { token: 'broken' }, expect: INVALID_TOKEN },
    { name: 'HMAC keyed with the public key', send: { token: 'hmac' }, expect: INVALID_TOKEN },
    { name: 'ID token', send: { token: 'id_token' }, expect: INVALID_TOKEN },
    { name: 'unknown issuer', send: { token: 'stranger' }, expect: INVALID_TOKEN },
    { name: 'token bound to a key that nobody proves', send: { token: 'bound' }, expect: UNPROVED },
    { name: 'token that is no JWT', send: { token: 'opaque' }, expect: INVALID_TOKEN },
    { name: 'token above 8 KiB', send: { token: 'long' }, expect: INVALID_TOKEN },
    { name: 'token above 80 KB', send: { token: 'very_long' }, expect: REFUSED },
    { name: 'token without scope', send: { token: 'unscoped' }, expect: INSUFFICIENT_SCOPE },
    {
      name: 'scope of another tool',
      send: { call: 'write_file' },
      expect: { ...INSUFFICIENT_SCOPE, scope: 'files:write' },
    },
    { name: 'scope of this tool', send: { call: 'write_file', token: 'writer' }, expect: OK },
    { name: 'no token', send: { token: null }, expect: MISSING },
    { name: 'unlisted tool', send: { call: 'delete_all' }, expect: FORBIDDEN },
    {
      name: "the other server's tool",
      send: { call: 'pay' },
      expect: FORBIDDEN,
    },
    {
      name: 'subject beyond ASCII',
      send: { token: 'foreign_name' },
      subject: FOREIGN_NAME,
      expect: OK,
    },
  ],
};
