import type { World } from './world.ts';

/** The registry of the demonstration, as its operator would write it. */
export const demoRegistry = ({ login, files, billing }: Pick<World, 'login' | 'files' | 'billing'>) => `issuers:
  login:
    issuer: ${login.issuer}
    jwks_uri: ${login.issuer}/jwks
    algorithms: [ES256]
servers:
  files:
    resource: ${files}
    issuers: [login]
    max_lifetime_seconds: 900
    advertised_scopes: [files:read]
    tools:
      read_file: { scopes: [files:read] }
      write_file: { scopes: [files:write] }
  billing:
    resource: ${billing}
    issuers: [login]
    max_lifetime_seconds: 900
    tools:
      list_invoices: { scopes: [billing:read] }
`;
