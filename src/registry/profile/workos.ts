import { type Profile, UNTYPED } from './profile.ts';

export const WORKOS: Profile = {
  name: 'workos',
  title: 'WorkOS AuthKit',
  subject: 'sub',
  client: ['client_id'],
  scopes: [{ claim: 'scope', form: 'text' }],
  marks: [{ claims: ['client_id'] }, { claims: ['jti'] }],
  writes_types: [UNTYPED],
  token_types: [UNTYPED],
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
      sentence:
        'WorkOS’s access tokens live 5 minutes in its documentation; those of MCP clients have been seen to live days. Compare exp with iat in one of yours.',
      steps: [],
    },
    type: {
      sentence:
        'The tokens that WorkOS documents have only alg and kid in the header, so they are untyped; client_id and jti tell the access tokens.',
      steps: [
        { where: 'a token of yours', set: 'look whether its header has typ' },
        { where: 'audgate’s registry', set: 'leave token_types out where it has none, else write what it has' },
      ],
    },
  },
  limits: [
    'Without a configured resource, and in all tokens of M2M applications, aud is the client id of the environment: the same for all servers, so it cannot be registered for more than one, and better for none.',
    'The issuer is the AuthKit domain. Session tokens of AuthKit (issuer api.workos.com) have neither aud nor scope, and are for the application itself.',
  ],
  sources: [
    'https://workos.com/docs/authkit/connect/token-claims',
    'https://workos.com/docs/reference/authkit/oauth-resource',
  ],
};
