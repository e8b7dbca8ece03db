/** Who calls: the server learns it from audgate, and from nobody else. Every value of the client's holds `forged`. */
import { FORBIDDEN, MISSING, OK, OK_OR_REFUSED, type Section } from './case.ts';

const ALL = [
  'x-audgate-issuer: https://forged.example.com',
  'x-audgate-subject: forged',
  'x-audgate-client-id: forged',
  'x-audgate-scopes: forged:all',
  'x-audgate-actor: forged',
  'x-audgate-server: forged',
  'x-audgate-decision-id: forged',
  'x-audgate-valid-until: forged',
  'x-audgate-identity: forged',
];

export const IDENTITY: Section = {
  title: 'Identity',
  cases: [
    { name: "identity of the client's own", send: { headers: ALL }, expect: OK },
    { name: "identity of the client's own, without a token", send: { token: null, headers: ALL }, expect: MISSING },
    {
      name: "identity of the client's own, without scope",
      send: { call: 'delete_all', headers: ALL },
      expect: FORBIDDEN,
    },
    {
      name: 'identity in other case, twice',
      send: { headers: ['X-AUDGATE-SUBJECT: forged', 'X-Audgate-Subject: forged', 'X-audgate-Identity: forged'] },
      expect: OK,
    },
    {
      name: 'identity with underscores',
      send: { headers: ['x_audgate_subject: forged', 'X_Audgate_Identity: forged', 'x-audgate_scopes: forged'] },
      expect: OK_OR_REFUSED,
    },
    {
      name: 'identity with other signs for the dash',
      send: { headers: ['x.audgate.subject: forged', 'X-Audgate.Identity: forged', 'x~audgate-subject: forged'] },
      expect: OK_OR_REFUSED,
    },
    { name: 'actor where the token has none', send: { headers: ['x-audgate-actor: forged'] }, expect: OK },
    {
      name: 'x-audgate header that audgate does not know',
      send: { headers: ['x-audgate-admin: forged', 'x-audgate-: forged', 'x-audgate-key-2: forged'] },
      expect: OK,
    },
    {
      name: 'identity named as headers of the connection',
      send: {
        headers: ['Connection: close, x-audgate-identity, x-audgate-subject, x-audgate-server, x-audgate-scopes'],
      },
      expect: OK_OR_REFUSED,
    },
    { name: "wrong key in the gateway's name", send: { headers: ['X-Audgate-Key: forged'] }, expect: OK },
    {
      name: "the gateway's own key, without a token",
      send: { token: null, headers: ['X-Audgate-Key: {key}', 'X-Audgate-Key: {key}'] },
      expect: MISSING,
    },
    {
      name: 'key named as a header of the connection',
      send: { headers: ['Connection: close, x-audgate-key, x-original-uri, x-original-method, x-forwarded-uri'] },
      expect: OK_OR_REFUSED,
    },
  ],
};
