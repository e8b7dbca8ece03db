import type { Profile } from './profile.ts';

export const AUTH0: Profile = {
  name: 'auth0',
  title: 'Auth0',
  subject: 'sub',
  // azp is that of the Auth0 token profile, client_id that of its RFC 9068 profile.
  client: ['azp', 'client_id'],
  // Not `permissions`: those are all that a user has, whatever the client asked for and the user agreed to.
  scopes: [{ claim: 'scope', form: 'text' }],
  marks: [{ claims: ['azp', 'client_id'] }],
  writes_types: ['jwt', 'at+jwt'],
  token_types: ['jwt', 'at+jwt'],
  algorithms: ['RS256', 'RS512', 'PS256'],
  token_id: null,
  constants: {},
  remedies: {
    audience: {
      sentence:
        'In Auth0, make an API whose identifier is {resource}, and switch on the Resource Parameter Compatibility Profile, so that resource={resource} chooses it.',
      steps: [
        { where: 'Dashboard, Applications, APIs, Create API', set: 'Identifier: {resource}' },
        { where: 'Dashboard, Settings, Advanced', set: 'Resource Parameter Compatibility Profile: on' },
        { where: 'the client', set: 'send resource={resource} (or audience={resource}) with its request' },
      ],
    },
    lifetime: {
      sentence: 'The API’s settings say how long Auth0’s access tokens live: 24 hours by default.',
      steps: [{ where: 'the API, Settings, Access Token Settings', set: 'Maximum Access Token Lifetime' }],
    },
    type: {
      sentence: 'Choose the RFC 9068 profile for the API: then typ says at+jwt.',
      steps: [{ where: 'the API, Settings, Access Token Settings', set: 'JSON Web Token (JWT) Profile: RFC 9068' }],
    },
  },
  adds: {
    value: '{issuer}/userinfo',
    sentence:
      'Auth0 puts {issuer}/userinfo into aud because the client asked for the scope openid: have it ask for this server’s tokens without openid.',
    steps: [
      { where: 'the client', set: 'leave openid out of scope when it asks for this server’s tokens' },
      {
        where: 'audgate’s registry, advertised_scopes of the server',
        set: 'never openid: clients ask for what is advertised',
      },
    ],
    risk: 'read the user’s profile at Auth0',
  },
  limits: [
    'The iss ends with a slash, and is that of the domain which the client used: a custom domain is an issuer of its own.',
    'With the scope openid Auth0 adds {issuer}/userinfo to aud, and such a token is audience_not_exclusive. A client that needs an ID token asks for it in a request of its own.',
    'Without audience or resource Auth0 issues an opaque token, or one for userinfo alone. Where a request has both, audience counts.',
    'permissions is not read as scopes: it lists all that a user has, whatever the client asked for. With RBAC on, scope holds what was both asked for and permitted.',
    'Tokens of the Auth0 profile have no jti; those of the RFC 9068 profile have.',
  ],
  sources: [
    'https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles',
    'https://auth0.com/ai/docs/mcp/guides/resource-param-compatibility-profile',
    'https://auth0.com/docs/get-started/apis/enable-role-based-access-control-for-apis',
  ],
};
