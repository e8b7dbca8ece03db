import type { Profile } from './profile.ts';

export const COGNITO: Profile = {
  name: 'cognito',
  title: 'Amazon Cognito',
  subject: 'sub',
  client: ['client_id'],
  scopes: [{ claim: 'scope', form: 'text' }],
  marks: [{ claims: ['token_use'], values: ['access'] }],
  writes_types: [],
  token_types: ['jwt', 'at+jwt'],
  extra_audiences: [],
  algorithms: ['RS256'],
  issuer_form: {
    pattern: /^https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?\/[A-Za-z0-9_-]+$/,
    example: 'https://cognito-idp.REGION.amazonaws.com/POOL-ID',
  },
  token_id: 'jti',
  constants: { token_use: 'access', version: 2 },
  remedies: {
    audience: {
      sentence:
        'Cognito writes aud only where the request named a resource: register {resource} as the identifier of a resource server, and send resource={resource} to managed login (Essentials or Plus).',
      steps: [
        { where: 'the user pool, Branding, Domain, Resource servers', set: 'Identifier: {resource}, and its scopes' },
        { where: 'the app client, Login pages', set: 'allow those custom scopes' },
        { where: 'the client', set: 'send resource={resource} to /oauth2/authorize' },
      ],
    },
    lifetime: {
      sentence: 'The app client says how long Cognito’s access tokens live: 5 minutes to a day, one hour by default.',
      steps: [{ where: 'the app client', set: 'Access token expiration' }],
    },
    type: {
      sentence: 'Cognito writes only alg and kid into the header, and audgate accepts no token without typ.',
      steps: [
        {
          where: 'between the client and this server',
          set: 'an authorization server that federates to the user pool and issues RFC 9068 tokens',
        },
      ],
    },
  },
  limits: [
    'The header holds only alg and kid. audgate accepts no token without typ, so Cognito’s own tokens are refused as token_type_not_allowed: put an authorization server that federates to the user pool in between.',
    'Without resource in the request a token has no aud, and is audience_missing. Tokens of the user pools API (InitiateAuth) and of client credentials cannot name one.',
    'Scopes are written with the identifier of their resource server before them: {resource}/read. Register them so.',
    'ID tokens may be taken by other gateways in place of access tokens; here token_use must be access.',
  ],
  sources: [
    'https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html',
    'https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-define-resource-servers.html',
  ],
};
