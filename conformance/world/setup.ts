/** What a user needs to put audgate and the servers of this suite around a gateway of their own. */
import type { OwnGateway } from '../options.ts';
import { written } from './listen.ts';
import { configOf, placesAt, registryOf } from './registry.ts';

/** A shell script for a clone of the project: it writes two files and starts audgate with them. */
export function setupScript({
  url,
  audgate,
  grpc,
  key,
  jwks,
  callFrom,
  upstreams: [files, billing],
}: OwnGateway): string {
  const at = written(audgate);
  const json = (value: object) => JSON.stringify(value, null, 2);
  return `# audgate for a conformance run through ${url}. In a clone of audgate: … --print-setup | sh
# Leave it running; then run the same command without --print-setup in another terminal. That run serves the issuer's keys
# at ${written(jwks)} and both MCP servers: they are there only while it lasts.
#
# What the gateway must do with requests for exactly these paths, and refuse all others:
#   /files/mcp    ask audgate about the server files, then send it to ${written(files)}
#   /billing/mcp  ask audgate about the server billing, then send it to ${written(billing)}
#   /.well-known/oauth-protected-resource/files/mcp    GET http://${at}/v1/servers/files/protected-resource-metadata
#   /.well-known/oauth-protected-resource/billing/mcp  GET http://${at}/v1/servers/billing/protected-resource-metadata
# It asks at http://${at}/v1/gateways/PROFILE/files and …/billing, with the header X-Audgate-Key: ${key}
# and the client's ${callFrom === 'body' ? 'headers and whole body' : 'headers; not its body (call_from: headers)'}.
# PROFILE: envoy, forward-auth (Traefik, Caddy, APISIX), nginx or haproxy; docs/gateways.md says what each hands on.
set -eu
setup=$(mktemp -d)
cat > "$setup/registry.json" <<'END'
${json(registryOf(placesAt(url), jwks, callFrom))}
END
cat > "$setup/config.json" <<'END'
${json(configOf(at, grpc === null ? null : written(grpc), key))}
END
exec npm start -s -- --config "$setup/config.json"
`;
}
