import type { Profile } from './profile.ts';

export const ENTRA: Profile = {
  name: 'entra',
  title: 'Microsoft Entra ID',
  subject: 'sub',
  // azp is that of v2.0 tokens, appid that of v1.0.
  client: ['azp', 'appid'],
  scopes: [
    { claim: 'scp', form: 'text' },
    // Of a user, roles say what the user is, not what the client was allowed; of an application alone they are its permissions.
    { claim: 'roles', form: 'list', when: { claim: 'idtyp', value: 'app' } },
  ],
  marks: [{ claims: ['azp', 'appid'] }, { claims: ['scp', 'roles'] }],
  writes_types: ['jwt'],
  token_types: ['jwt'],
  algorithms: ['RS256'],
  issuer_form: {
    pattern:
      /^https:\/\/(sts\.windows\.net\/[^/]+\/|login\.(microsoftonline|partner\.microsoftonline)\.(com|us|cn)\/[^/]+\/v2\.0)$|^https:\/\/[^/]+\.ciamlogin\.com\/[^/]+\/v2\.0$/,
    example: 'https://login.microsoftonline.com/TENANT-ID/v2.0 (v2.0) or https://sts.windows.net/TENANT-ID/ (v1.0)',
  },
  token_id: 'uti',
  constants: { ver: '2.0' },
  remedies: {
    audience: {
      sentence:
        'Entra ID binds tokens by the scope: give this server an app registration of its own, and ask for a scope of it. In v2.0 tokens aud is that registration’s client id; register it at the server as {value, issuer}.',
      steps: [
        { where: 'Entra admin center, App registrations', set: 'one registration for this server alone' },
        {
          where: 'its Expose an API',
          set: 'the Application ID URI ({resource} if its host is a verified domain of the tenant, else api://CLIENT-ID), and the scopes',
        },
        { where: 'its manifest', set: 'api.requestedAccessTokenVersion: 2' },
        { where: 'the client', set: 'ask for scope=APPLICATION-ID-URI/SCOPE' },
        {
          where: 'audgate’s registry, audiences of the server',
          set: '{value: CLIENT-ID-OF-THE-REGISTRATION, issuer: KEY}',
        },
      ],
    },
    lifetime: {
      sentence:
        'Entra ID’s access tokens live 60 to 90 minutes by default; a token lifetime policy on this server’s app registration makes them shorter (10 minutes at least).',
      steps: [
        { where: 'Microsoft Graph, tokenLifetimePolicies', set: 'AccessTokenLifetime, for instance "00:15:00"' },
        { where: 'this server’s app registration', set: 'assign that policy' },
      ],
    },
    type: {
      sentence: 'Entra ID writes typ JWT into access tokens and ID tokens alike; claims tell them apart.',
      steps: [{ where: 'audgate’s registry', set: 'leave token_types out, or write token_types: [JWT]' }],
    },
  },
  limits: [
    'v1.0 and v2.0 tokens have different iss: register both as issuers of their own where a tenant issues both. Which one a token is, is this server’s registration to say (requestedAccessTokenVersion), not the client’s.',
    'In v2.0 tokens aud is always the client id (a GUID) of the server’s registration: register it as {value, issuer}. In v1.0 tokens it is the client id or the Application ID URI, as the client asked.',
    'The parameter resource (RFC 8707) is refused where it does not match the scopes that are asked for (AADSTS9010010); with an Application ID URI equal to the server’s resource both match.',
    'Tokens of applications without a user have no scp. Their roles count as scopes only where the optional claim idtyp is "app": add it to the registration. A user’s roles never count.',
    'sub differs from one application to another; oid is the same in the whole tenant, and custom rules see it in token.claims.',
    'Tokens for Microsoft Graph are for Graph alone: their header holds a nonce, and nobody else can verify them.',
  ],
  sources: [
    'https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference',
    'https://learn.microsoft.com/en-us/entra/identity-platform/optional-claims-reference',
    'https://learn.microsoft.com/en-us/entra/identity-platform/configurable-token-lifetimes',
  ],
};
