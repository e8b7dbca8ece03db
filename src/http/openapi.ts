/** The OpenAPI 3.1 document, made from the schemas that validate. Nothing in it is written twice. */
import { apiPaths } from './openapi/apis.ts';
import { nativePaths } from './openapi/native.ts';
import type { Node } from './openapi/operation.ts';
import { schemas } from './openapi/schemas.ts';

export function createOpenapi(version: string): Node {
  return {
    openapi: '3.1.0',
    info: {
      title: 'audgate',
      version,
      description:
        'Decides, for one call to one MCP server, whether the access token that came with it was issued for that server. ' +
        'Without configured callers only requests to a loopback name are served, and no key is needed.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: { ...nativePaths(), ...apiPaths() },
    components: { schemas: schemas(), securitySchemes: SECURITY },
    // The empty alternative: with no callers configured nothing is asked for.
    security: [{ callerKey: [] }, { callerBearer: [] }, { callerCertificate: [] }, {}],
  };
}

/** How callers are known (contract 3). */
const SECURITY = {
  callerKey: { type: 'apiKey', in: 'header', name: 'X-Audgate-Key' },
  callerBearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'The same key, where Authorization is not a gateway’s client’s; never beside X-Audgate-Key',
  },
  callerCertificate: {
    type: 'mutualTLS',
    description: 'A client certificate that tls.client_ca verifies; beside a key only if both are the same caller’s',
  },
};
