import type { Profile } from './profile.ts';

export const KEYCLOAK: Profile = {
  name: 'keycloak',
  title: 'Keycloak',
  subject: 'sub',
  // A service account's token repeats its client in client_id.
  client: ['azp', 'client_id'],
  scopes: [{ claim: 'scope', form: 'text' }],
  // The claim, not the header: ID, Refresh, Offline and Logout are tokens of the same keys and header.
  marks: [{ claims: ['typ'], values: ['Bearer', 'DPoP'] }],
  writes_types: ['jwt', 'at+jwt'],
  token_types: ['jwt', 'at+jwt'],
  token_id: 'jti',
  constants: { typ: 'Bearer' },
  remedies: {
    audience: {
      sentence:
        'In Keycloak, add to each client scope of this server an Audience mapper with Included Custom Audience {resource}, and have clients ask for those scopes.',
      steps: [
        { where: 'Admin Console, Client scopes', set: 'one optional client scope for each scope of this server' },
        {
          where: 'each of these, Mappers, Add mapper, By configuration, Audience',
          set: 'Included Custom Audience: {resource}; Add to access token: on; Add to ID token: off',
        },
        {
          where: 'instead, with --features=resource-indicators (experimental)',
          set: 'a client for this server with the attribute resource_url: {resource}; then the parameter resource chooses aud',
        },
      ],
    },
    lifetime: {
      sentence: 'The realm, or the client over it, says how long Keycloak’s access tokens live: 5 minutes by default.',
      steps: [
        { where: 'Realm settings, Tokens', set: 'Access Token Lifespan' },
        { where: 'the client, Advanced, Advanced settings', set: 'Access Token Lifespan, for this client alone' },
      ],
    },
    type: {
      sentence: 'Keycloak writes typ JWT unless the client says otherwise.',
      steps: [
        {
          where: 'the client, Advanced, OpenID Connect Compatibility Modes',
          set: 'Use "at+jwt" as access token header type: on',
        },
      ],
    },
  },
  adds: {
    value: 'account',
    sentence:
      'Keycloak puts account into aud because the user has roles of that client: switch off Full scope allowed at the client.',
    steps: [
      { where: 'the client, Client scopes, CLIENT-dedicated, Scope', set: 'Full scope allowed: off' },
      {
        where: 'or, for all clients, Client scopes, roles, Mappers',
        set: 'remove audience resolve, which names each client that the user has roles of',
      },
    ],
    risk: 'call Keycloak’s account API as the user',
  },
  limits: [
    'Without an audience mapper a token has no aud, or only account: the parameter resource does nothing unless the experimental feature is on.',
    'account is in aud where the user has roles of that client, as each user has in a new realm, and the scope roles is given. Such a token is audience_not_exclusive. broker and realm-management come the same way, and go the same way.',
    'Old versions, and newer ones with the mapper "Nonce backwards compatible", put a nonce into access tokens as into ID tokens, and those of typ JWT are refused: update, or remove that mapper.',
    'Realm and client roles (realm_access, resource_access) are not scopes; custom rules see them in token.claims.',
    'Lightweight access tokens have fewer claims: without a mapper no sub, and then principal.subject is null.',
  ],
  sources: [
    'https://www.keycloak.org/securing-apps/mcp-authz-server',
    'https://www.keycloak.org/docs/latest/server_admin/#audience-support',
    'https://www.keycloak.org/docs/latest/upgrading/',
  ],
};
