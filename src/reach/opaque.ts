/** Opaque tokens, of which only their issuer can be asked (RFC 7662), and which do not say who that is. */
import type { Reason } from '../decision/reason.ts';
import type { Registry, ServerRecord } from '../registry/registry.ts';

/** A JWT has three segments. */
export const isOpaque = (text: string): boolean => text.split('.', 4).length !== 3;

/** Whether no more than one issuer would be shown the token, whichever of these servers it is asked about. */
export function onlyOneToAsk(servers: readonly ServerRecord[], { issuers }: Registry): boolean {
  const asked = new Set(
    servers.flatMap((server) => server.issuers).filter((key) => issuers.get(key)?.key_source.kind === 'introspection'),
  );
  return asked.size < 2;
}

export const opaqueUnclear = (): Reason => ({
  code: 'introspection_unavailable',
  message:
    'The token is opaque and does not say whose it is, and the servers asked about ask several issuers: none is shown a token ' +
    'that may be another’s. Ask the right issuer for its claims (RFC 7662), and ask again with the claims.',
});
