import { type Profile, UNTYPED } from './profile.ts';

export const COGNITO: Profile = {
  name: 'cognito',
  title: 'Amazon Cognito',
  subject: 'sub',
  client: ['client_id'],
  scopes: [{ claim: 'scope', form: 'text' }],
  marks: [{ claims: ['token_use'], values: ['access'] }],
  writes_types: [UNTYPED],
  token_types: [UNTYPED],
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
      sentence:
        'Cognito writes only alg and kid into the header, so its tokens are untyped, and token_use tells the access tokens.',
      steps: [{ where: 'audgate’s registry', set: 'leave token_types out, or write token_types: [untyped]' }],
    },
  },
  limits: [
    'Without resource in the request a token has no aud, and is audience_missing. Tokens of the user pools API (InitiateAuth) and of client credentials cannot name one.',
    'Scopes are written with the identifier of their resource server before them: {resource}/read. Register them so.',
    'ID tokens may be taken by other gateways in place of access tokens; here token_use must be access.',
  ],
  sources: [
    'https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html',
    'https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-define-resource-servers.html',
  ],
};
