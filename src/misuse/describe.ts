/** Findings in a sentence: what was seen, and what to do next. Holds registry keys, callers and codes only. */
import type { MisuseKind } from '../decision/misuse.ts';
import type { Evidence } from './recognise.ts';

export function describe(kind: MisuseKind, from: readonly Evidence[], verified: boolean): string {
  const last = from.at(-1);
  const first = from[0];
  const at = named(last?.server);
  const servers = distinct(from.map(({ server }) => server));
  const before = servers.filter((one) => one !== last?.server);
  switch (kind) {
    case 'token_elsewhere':
      if (before.length === 0)
        return `A token that was issued for another registered server was shown at ${at}. ${LEAKED}`;
      return `One token came to ${list(servers)}, and it is not for all of them. ${verified ? LEAKED : UNVERIFIED}`;
    case 'server_sweep': {
      const what = verified ? 'One client was refused' : 'One token that no issuer stands behind was refused';
      return `${what} at ${servers.length} servers in one window: ${list(servers)}. ${verified ? SWEEPS : UNVERIFIED}`;
    }
    case 'fallback_retry':
      return `A call that was not allowed at ${named(first?.server)} (${first?.code ?? 'none'}) came with the same token at ${at} a moment later. Make the client ask for a token of the server that it falls back to, and end fallbacks that carry a token on.`;
    case 'several_gateways':
      return `One token came through ${list(distinct(from.map(({ caller }) => caller)))}. Find out who else holds it, and revoke it; where these callers are replicas or parts of one gateway, give them the same gateway in the configuration.`;
    case 'passed_through':
      return `A hub passed its client's token on to ${at}. Make the hub get a token of its own for that server.`;
    case 'target_rewritten':
      return `${named(last?.caller)} asked to issue a token for another target than its grant was made for (${last?.code ?? 'none'}). Find out who changed the target; where the exchange is meant, register it.`;
    case 'revoked_in_use':
      return `A revoked token was tried at ${at}. Its holder was not told, or somebody else holds it: look where the calls come from.`;
    default:
      return kind satisfies never;
  }
}

const LEAKED =
  'It leaked, or a client sends it to the wrong place: look where the calls come from, and revoke it unless you know the client.';
const SWEEPS =
  'It looks for a door, or sends one token everywhere: look where the calls come from, and stop the client.';
const UNVERIFIED = 'Nobody verified the token, so whom it names is not told: look where the calls come from.';

const named = (name: string | undefined) => (name === undefined ? 'a server' : `"${name}"`);
const list = (names: readonly string[]) => names.slice(0, 16).map(named).join(', ');
const distinct = (names: readonly string[]) => [...new Set(names)];
