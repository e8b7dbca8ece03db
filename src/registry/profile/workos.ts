import type { Profile } from './profile.ts';

export const WORKOS: Profile = {
  name: 'workos',
  title: 'WorkOS AuthKit',
  subject: 'sub',
  client: ['client_id'],
  scopes: [{ claim: 'scope', form: 'text' }],
  marks: [{ claims: ['client_id'] }],
  writes_types: [],
  token_types: ['jwt', 'at+jwt'],
  extra_audiences: [],
  algorithms: ['RS256'],
  token_id: 'jti',
  constants: { org_id: 'org_1' },
  remedies: {
    audience: {
      sentence:
        'In WorkOS, add {resource} to the MCP resource indicators of the environment; then resource={resource} chooses aud.',
      steps: [
        { where: 'Dashboard, Connect, Configuration, MCP resource indicators', set: '{resource}' },
        { where: 'the client', set: 'send resource={resource} with its request' },
      ],
    },
    lifetime: {
      sentence: 'WorkOS’s access tokens are short (5 minutes in its documentation).',
      steps: [],
    },
    type: {
      sentence:
        'The tokens that WorkOS documents have only alg and kid in the header, and audgate accepts none without typ.',
      steps: [{ where: 'a token of yours', set: 'look whether its header has typ' }],
    },
  },
  limits: [
    'The tokens that WorkOS documents have only alg and kid in their header. audgate accepts no token without typ, so such tokens are refused as token_type_not_allowed.',
    'Without a configured resource, and in all tokens of M2M applications, aud is the client id of the environment: the same for all servers, so it cannot be registered for more than one, and better for none.',
    'The issuer is the AuthKit domain. Session tokens of AuthKit (issuer api.workos.com) have neither aud nor scope, and are for the application itself.',
  ],
  sources: [
    'https://workos.com/docs/authkit/connect/token-claims',
    'https://workos.com/docs/reference/authkit/oauth-resource',
  ],
};
