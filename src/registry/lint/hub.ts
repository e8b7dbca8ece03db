/**
 * What the schema cannot say about hubs: whose prefixes these are, and that no token for the hub opens a server behind it.
 */
import { nearestName } from '../../json/nearest.ts';
import { below, type Place, quote, type Report } from '../place.ts';
import type { ServerRemains, WaiverRemains } from '../schema.ts';
import type { Draft, Entry } from './draft.ts';
import { untilSeconds } from './waiver.ts';

/** @param now seconds since the epoch, by which waivers have ended */
export function lintHubs(draft: Draft, now: number, report: Report): void {
  // Of two records with one key the first; that they are two is a problem by itself.
  const servers = new Map(draft.servers.toReversed().map((entry) => [entry.key, entry]));
  for (const entry of draft.servers) {
    const { key, value, place } = entry;
    if (value.hub === undefined) continue;
    const here = below(place, 'hub', 'backends');
    const backends = Object.entries(value.hub.backends ?? {});
    for (const [prefix, backend] of backends) {
      lintPrefix(prefix, backends, below(here, prefix), report);
      lintBackend(backend, key, servers, below(here, prefix), draft, report);
    }
    lintOwn(entry, backends, report);
    lintShared(entry, backends, servers, now, report);
    lintObserved(entry, backends, report);
    lintUnread(entry, report);
  }
}

type Backends = readonly (readonly [prefix: string, key: string])[];
type Servers = ReadonlyMap<string, Entry<ServerRemains>>;

/** Else a name would be of two servers, and which of them, the hub alone would say. */
function lintPrefix(prefix: string, backends: Backends, place: Place, report: Report): void {
  const longer = backends.find(([other]) => other !== prefix && other.startsWith(prefix));
  if (longer === undefined) return;
  report(place, {
    at: 'name',
    value: prefix,
    message: `The prefix ${quote(prefix)} begins another, ${quote(longer[0])}: a name that begins with both is of two servers.`,
    remedy:
      'Choose prefixes of which none begins another: end each with a character that they have nowhere else, like _.',
  });
}

function lintBackend(backend: string, hub: string, servers: Servers, place: Place, draft: Draft, report: Report): void {
  const refuse = (message: string, remedy: string) => report(place, { value: backend, message, remedy });
  const found = servers.get(backend);
  if (backend === hub) refuse('The hub stands behind itself.', 'Write the key of another server.');
  else if (found === undefined) {
    // While a file cannot be read, the server may well be in there.
    if (!draft.complete) return;
    const near = nearestName(backend, [...servers.keys()]);
    refuse(
      `There is no server ${quote(backend)} in this registry${near === undefined ? '' : `; the nearest is ${quote(near)}`}.`,
      near === undefined ? 'Register it under servers.' : `Write ${near}, or register the server.`,
    );
  } else if (found.value.hub !== undefined) {
    refuse(
      `${quote(backend)} is a hub itself: whose its tools are, and by which token they are called, is not to be seen from here.`,
      'Name the servers behind it, each under a prefix of this hub.',
    );
  }
}

/** What a prefix covers is the backend's alone. */
function lintOwn({ value, place }: Entry<ServerRemains>, backends: Backends, report: Report): void {
  for (const listing of ['tools', 'prompts'] as const) {
    for (const name of Object.keys(value[listing] ?? {})) {
      const covering = backends.find(([prefix]) => name.startsWith(prefix));
      if (covering === undefined) continue;
      const [prefix, key] = covering;
      report(below(place, listing, name), {
        at: 'name',
        value: name,
        message: `${quote(name)} begins with ${quote(prefix)}, so it is of server ${quote(key)} and never the hub's own.`,
        remedy: `Remove it here (list ${quote(name.slice(prefix.length))} under ${listing} of ${key} if it is not), or choose another name.`,
      });
    }
  }
}

/** Waivers by which one token is accepted at both: passed on, the one for the hub would open the server behind it. */
function lintShared(
  { key, value }: Entry<ServerRemains>,
  backends: Backends,
  servers: Servers,
  now: number,
  report: Report,
) {
  const ofHub = (value.waivers ?? []).filter((waiver) => waiver !== undefined).filter((waiver) => opens(waiver, now));
  if (ofHub.length === 0) return;
  for (const backend of new Set(backends.map(([, name]) => name))) {
    const entry = servers.get(backend);
    if (entry === undefined || backend === key) continue;
    for (const [index, waiver] of (entry.value.waivers ?? []).entries()) {
      if (waiver === undefined || !opens(waiver, now) || !ofHub.some((one) => isCommon(one, waiver))) continue;
      report(below(entry.place, 'waivers', index), {
        value: waiver.audience ?? waiver.what ?? null,
        message: `The hub ${quote(key)} in front of this server has a waiver for the same tokens of client ${quote(waiver.client_id)}: passed on, one that it takes would be taken here.`,
        remedy: 'Remove one of the two; have the hub get tokens of its own for this server.',
      });
    }
  }
}

const UNKNOWN = ['tool_unknown', 'prompt_unknown'];

/** What is unknown behind the hub is never open at it, observed or not: the backend's own record says what it opens. */
function lintObserved({ value, place }: Entry<ServerRemains>, backends: Backends, report: Report): void {
  for (const [index, waiver] of (value.waivers ?? []).entries()) {
    if (waiver?.codes?.some((code) => code !== undefined && UNKNOWN.includes(code)) !== true) continue;
    for (const [at, operation] of (waiver.operations ?? []).entries()) {
      const space = operation?.indexOf(' ') ?? -1;
      if (operation === undefined || space < 0 || operation.startsWith('resources/')) continue;
      const name = operation.slice(space + 1);
      const covering = backends.find(([prefix]) => name.startsWith(prefix));
      if (covering === undefined) continue;
      const [prefix, key] = covering;
      report(below(place, 'waivers', index, 'operations', at), {
        value: operation,
        message: `${quote(name)} is of server ${quote(key)}: what that server does not know, the hub cannot let pass.`,
        remedy: `Observe ${quote(`${operation.slice(0, space)} ${name.slice(prefix.length)}`)} at ${key}, or list it there.`,
      });
    }
  }
}

/** Whether it lets tokens in that are not for the server: one that has ended lets none. */
function opens({ what, until, codes }: WaiverRemains, now: number): boolean {
  const end = until === undefined ? undefined : untilSeconds(until);
  if (end !== undefined && end <= now) return false;
  return what === 'audience' || (what === 'observe' && codes?.includes('audience_mismatch') === true);
}

/** Whether some token fits both; what observes takes any audience that is nobody else's. */
function isCommon(hub: WaiverRemains, backend: WaiverRemains): boolean {
  if (hub.issuer !== backend.issuer || hub.client_id !== backend.client_id) return false;
  return hub.what !== 'audience' || backend.what !== 'audience' || hub.audience === backend.audience;
}

/** Who does not read the call does not know for which server it is. */
function lintUnread({ value, place }: Entry<ServerRemains>, report: Report): void {
  if (value.call_from !== 'none') return;
  report(below(place, 'call_from'), {
    severity: 'warning',
    value: value.call_from,
    message:
      'call_from is none at a hub: no decision says which server behind it a call is for, and advice.hop is absent.',
    remedy: 'Write call_from: body, so that each call needs what its own backend asks.',
  });
}
