import type { Profile } from './profile.ts';

export const RFC9068: Profile = {
  name: 'rfc9068',
  title: 'RFC 9068',
  subject: 'sub',
  client: ['client_id'],
  scopes: [{ claim: 'scope', form: 'text' }],
  marks: [],
  writes_types: ['at+jwt'],
  token_types: ['at+jwt'],
  token_id: 'jti',
  constants: {},
  remedies: {
    audience: {
      sentence: 'An issuer that follows RFC 8707 writes the resource that clients ask for into aud.',
      steps: [
        { where: 'the authorization server', set: 'register {resource} as a resource that clients may ask tokens for' },
        { where: 'the client', set: 'send resource={resource} when it asks for authorization and for the token' },
      ],
    },
    lifetime: {
      sentence: 'Set the lifetime of access tokens for this resource at the issuer.',
      steps: [{ where: 'the authorization server', set: 'the lifetime of access tokens for {resource}' }],
    },
    type: {
      sentence: 'RFC 9068 asks for typ at+jwt.',
      steps: [{ where: 'the authorization server', set: 'the JWT profile for access tokens (RFC 9068)' }],
    },
  },
  limits: [
    'Any issuer that follows RFC 9068 fits, whoever made it: typ at+jwt, and the claims iss, sub, client_id, aud, exp, iat, jti and scope.',
  ],
  sources: ['https://www.rfc-editor.org/rfc/rfc9068', 'https://www.rfc-editor.org/rfc/rfc8707'],
};
