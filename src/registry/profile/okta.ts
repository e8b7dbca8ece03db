import { type Profile, UNTYPED } from './profile.ts';

export const OKTA: Profile = {
  name: 'okta',
  title: 'Okta',
  subject: 'sub',
  client: ['cid'],
  scopes: [{ claim: 'scp', form: 'list' }],
  marks: [{ claims: ['cid'] }],
  writes_types: [UNTYPED],
  token_types: [UNTYPED],
  algorithms: ['RS256'],
  token_id: 'jti',
  constants: { ver: 1 },
  remedies: {
    audience: {
      sentence:
        'An Okta custom authorization server writes one audience into all its tokens: give this server an authorization server of its own whose audience is {resource}.',
      steps: [
        { where: 'Admin Console, Security, API, Add Authorization Server', set: 'Audience: {resource}' },
        { where: 'its Scopes', set: 'the scopes of this server' },
        { where: 'its Access Policies', set: 'a policy for the clients that may call this server, and for no other' },
        { where: 'audgate’s registry', set: 'that server’s Issuer URI as an issuer, listed at this server alone' },
      ],
    },
    lifetime: {
      sentence:
        'The rule of the access policy says how long Okta’s access tokens live: 5 minutes at least, one hour by default.',
      steps: [{ where: 'the authorization server’s access policy, its rule', set: 'Access token lifetime' }],
    },
    type: {
      sentence:
        'Okta writes only alg and kid into the header of these tokens, so they are untyped, and cid tells the access tokens.',
      steps: [{ where: 'audgate’s registry', set: 'leave token_types out, or write token_types: [untyped]' }],
    },
  },
  limits: [
    'Tokens of the org authorization server (issuer https://ORG.okta.com, typ application/okta-internal-at+jwt) are for Okta itself: nobody else may verify them.',
    'The parameter resource (RFC 8707) does not choose the audience: the authorization server does.',
    'sub is the login name of the user, or the client id where there is no user; uid is the user’s id.',
  ],
  sources: [
    'https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/',
    'https://developer.okta.com/docs/guides/customize-authz-server/main/',
    'https://support.okta.com/help/s/article/list-of-reserved-claim-names',
  ],
};
