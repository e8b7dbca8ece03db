/**
 * The host's own look at what core allowed, in few lines and without Rego: a module that was swapped, broken or
 * miscompiled must not be able to open a server to a foreign token. It compares again what the promise rests on (the
 * issuer, every `aud` value, also that none is of a hub in front, `exp`, and what is only observed) and nothing else:
 * scopes, lifetimes and bindings are the rules' word alone.
 */
import type { PolicyInput } from '../decision/input.ts';
import { isObserved } from './observe.ts';

/**
 * @param would_deny codes that core says only waivers kept from denying; none unless said
 * @returns what an allow of this input would break, for the alarm; null when nothing. Holds no client's text.
 */
export function belowFloor(input: PolicyInput, would_deny: readonly string[] = []): string | null {
  const { now, token, registered } = input;
  const { server, issuer } = registered;
  if (!server.issuers.includes(issuer.key)) {
    return `core allowed a token of issuer "${issuer.key}", which server "${server.key}" does not list`;
  }
  if (token.expires_at === undefined || !(now < token.expires_at + issuer.clock_tolerance_seconds)) {
    return `core allowed a token at server "${server.key}" that has expired or does not say when it expires`;
  }
  const passed = registered.hubs?.find((hub) => token.audiences.some((value) => hub.audiences.includes(value)));
  if (passed !== undefined) {
    return `core allowed at server "${server.key}" a token for hub "${passed.key}", which stands in front of it`;
  }
  const unlisted = would_deny.find((code) => !isObserved(input, code));
  if (unlisted !== undefined) {
    return `core allowed at server "${server.key}" what would be denied as ${unlisted}, which no waiver in force observes for this call`;
  }
  if (!isForThisServer(input) && !isWaived(input) && !would_deny.includes(audienceDefect(input))) {
    return `core allowed a token at server "${server.key}" whose aud is not this server's alone and that no waiver in force covers`;
  }
  return null;
}

/** Byte for byte (RFC 7519 §2): one accepted audience at least, and no value that is neither accepted nor the issuer's own. */
function isForThisServer({ token, registered: { server, issuer } }: PolicyInput): boolean {
  const { audiences } = token;
  return (
    audiences.some((value) => server.audiences.includes(value)) &&
    audiences.every((value) => server.audiences.includes(value) || issuer.extra_audiences.includes(value))
  );
}

/** By which code an `aud` that is not this server's alone is denied; one without values has no code that can be observed. */
function audienceDefect({ token: { audiences }, registered: { server } }: PolicyInput): string {
  if (audiences.length === 0) return 'audience_missing';
  return audiences.some((value) => server.audiences.includes(value)) ? 'audience_not_exclusive' : 'audience_mismatch';
}

/** An audience waiver for this issuer, client and operation, in force now, names the one value that aud is. */
function isWaived({ now, token, registered: { issuer, operation, waivers } }: PolicyInput): boolean {
  const [only] = token.audiences;
  if (operation === undefined || token.client_id === undefined || token.audiences.length !== 1) return false;
  return waivers.some(
    (waiver) =>
      waiver.what === 'audience' &&
      waiver.audience === only &&
      waiver.issuer === issuer.key &&
      waiver.client_id === token.client_id &&
      waiver.operations.includes(operation.name) &&
      now < waiver.until_seconds,
  );
}
