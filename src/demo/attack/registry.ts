import type { Resources } from './world.ts';

/** What the operator of the attacked world registers: who is who, and which exchanges are right. */
export const attackRegistry = ({
  issuer,
  resources,
}: {
  readonly issuer: string;
  readonly resources: Resources;
}) => `issuers:
  login:
    issuer: ${issuer}
    jwks_uri: ${issuer}/jwks
    algorithms: [ES256]
servers:
  files:
    resource: ${resources.files}
    issuers: [login]
    max_lifetime_seconds: 900
    tools:
      read_file: { scopes: [files:read] }
  billing:
    resource: ${resources.billing}
    issuers: [login]
    max_lifetime_seconds: 900
    tools:
      list_invoices: { scopes: [billing:read] }
  billing-backup:
    resource: ${resources.backup}
    issuers: [login]
    max_lifetime_seconds: 900
    tools:
      list_invoices: { scopes: [billing:read] }
  hub:
    resource: ${resources.hub}
    issuers: [login]
    max_lifetime_seconds: 900
    hub:
      backends:
        files_: files
exchanges:
  - { from: hub, to: files, client: hub, scopes: [files:read] }
  - { from: files, to: billing, client: reporter, scopes: [billing:read] }
`;
