import type { Profile } from './profile.ts';

export const GOOGLE: Profile = {
  name: 'google',
  title: 'Google',
  subject: 'sub',
  client: ['azp'],
  scopes: [{ claim: 'scope', form: 'text' }],
  // All its JWTs are ID tokens, which never have a scope.
  marks: [{ claims: ['scope'] }],
  writes_types: ['jwt'],
  token_types: ['jwt'],
  algorithms: ['RS256'],
  issuer_form: { pattern: /^https:\/\/accounts\.google\.com$/, example: 'https://accounts.google.com' },
  token_id: null,
  constants: {},
  remedies: {
    audience: {
      sentence:
        'Google issues no access tokens for servers of others: put an authorization server between that signs users in with Google and issues tokens of its own for {resource}.',
      steps: [
        { where: 'an authorization server of yours (any other profile here)', set: 'Google as identity provider' },
        { where: 'the same', set: 'issue tokens for {resource}, as its own profile says' },
        { where: 'audgate’s registry', set: 'that authorization server as the issuer, in place of Google' },
      ],
    },
    lifetime: {
      sentence: 'Google’s tokens live one hour, and no setting changes that.',
      steps: [],
    },
    type: {
      sentence:
        'Google’s access tokens are opaque, and its JWTs are ID tokens: neither says what a client may do here.',
      steps: [],
    },
  },
  limits: [
    'Access tokens are opaque (they begin with ya29.) and for Google’s own APIs: they are refused as token_malformed.',
    'All JWTs are ID tokens, those of service accounts too, whose aud anyone may choose: they have no scope, and are refused as token_type_not_allowed. So no token of this issuer is ever accepted; the profile is here to say so.',
  ],
  sources: [
    'https://developers.google.com/identity/protocols/oauth2',
    'https://developers.google.com/identity/openid-connect/openid-connect',
  ],
};
