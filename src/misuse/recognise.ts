/** One decision beside what is remembered → what it shows. `docs/misuse.md` says of each kind what raises it, and what does not. */
import type { MisuseKind } from '../decision/misuse.ts';
import { type Entry, MAX_TRACES, type Memory, type Refusal, type Trace, trace } from './memory.ts';
import type { Sighting } from './sighting.ts';

/** A decision, or the last of several at one place, from which something was recognised. */
export interface Evidence {
  readonly server: string;
  readonly caller: string;
  readonly code: string | null;
  readonly decision_id: string;
}

export interface Finding {
  readonly kind: MisuseKind;
  /** The first seen first; the decision that showed it is the last. */
  readonly from: readonly Evidence[];
  /** Of whom it is told once a window. */
  readonly entry: Entry;
  /** Whether an issuer stands behind the token; only then its claims are told. */
  readonly verified: boolean;
}

export interface Settings {
  readonly kinds: ReadonlySet<MisuseKind>;
  readonly window_ms: number;
  readonly fallback_ms: number;
  readonly sweep_servers: number;
}

/** What a decision is looked at beside. */
export interface Beside {
  readonly memory: Memory;
  readonly settings: Settings;
  /** By which the call is known; null: it is not. */
  readonly call: () => string | null;
  /** Registry keys of servers that the token is for. */
  readonly goodAt: () => readonly string[];
  /** Milliseconds of a clock that never jumps. */
  readonly at: number;
}

export function recognise(seen: Sighting, beside: Beside): readonly Finding[] {
  const { memory, settings, at } = beside;
  const { entry, verified } = memory.token(seen.text, seen.token, seen.verified);
  const since = at - settings.window_ms;
  const evidence = evidenceOf(seen);
  const mark = { ...evidence, place: seen.place, at };
  trace(entry.servers, { name: seen.server, ...mark }, since);
  const found: Finding[] = [];
  const add = (kind: MisuseKind, from: readonly Evidence[], told: Entry = entry) => {
    if (settings.kinds.has(kind)) found.push({ kind, from, entry: told, verified });
  };
  const passed = seen.verified && seen.codes.includes('token_passthrough');

  if (seen.verified && seen.codes.includes('token_revoked')) add('revoked_in_use', [evidence]);
  // The hub did it. Whoever sent the hub its own token did nothing wrong, and sweeps nothing.
  if (passed) add('passed_through', [evidence]);

  if (seen.verified && !passed && !seen.codes.includes('token_expired')) {
    trace(entry.gateways, { name: seen.gateway, ...mark }, since);
    const gateways = recent(entry.gateways, since);
    if (gateways.length > 1) add('several_gateways', before(gateways, evidence, seen.gateway));
  }

  const others = passed ? [] : recent(entry.servers, since).filter(({ name }) => name !== seen.server);
  const good = others.length === 0 && seen.codes.includes('audience_mismatch') && !passed ? beside.goodAt() : [];
  if (seen.place === 'elsewhere' && good.some((key) => key !== seen.server)) add('token_elsewhere', [evidence]);
  else if (isElsewhere(seen, others)) add('token_elsewhere', [...others.map(shown), evidence]);

  if (!passed) {
    const swept = sweep(seen, entry, beside);
    if (swept !== null) add('server_sweep', swept.from, swept.entry);
  }

  if (evidence.code !== null || entry.refusals.length > 0) {
    const call = beside.call();
    const former = call === null ? undefined : fallback(seen, entry, call, beside);
    if (former !== undefined && !passed) add('fallback_retry', [former, evidence]);
    if (call !== null && evidence.code !== null) {
      if (entry.refusals.length >= MAX_TRACES) entry.refusals.shift();
      entry.refusals.push({ ...evidence, call, at, code: evidence.code });
    }
  }
  return found;
}

const recent = (traces: readonly Trace[], since: number) => traces.filter(({ at }) => at >= since);

/** Here or there it was refused because it is not for that server, or is nothing at all at both. */
function isElsewhere({ place }: Sighting, others: readonly Trace[]): boolean {
  if (others.length === 0) return false;
  if (place === 'elsewhere' || others.some((other) => other.place === 'elsewhere')) return true;
  return place === 'nothing' && others.some((other) => other.place === 'nothing');
}

/** The same call was refused at another server a moment ago. Who comes to the server that its token is for retries nothing. */
function fallback(seen: Sighting, { refusals, servers }: Entry, call: string, beside: Beside): Refusal | undefined {
  if (servers.find(({ name }) => name === seen.server)?.place === 'here') return undefined;
  const since = beside.at - Math.min(beside.settings.fallback_ms, beside.settings.window_ms);
  return refusals.findLast((former) => former.server !== seen.server && former.call === call && former.at >= since);
}

/** Of a client that its issuer names; of a text that nobody stands behind, by the text alone. */
function sweep(seen: Sighting, entry: Entry, { memory, settings, at }: Beside) {
  if (seen.place !== 'elsewhere' && seen.place !== 'nothing') return null;
  const since = at - settings.window_ms;
  const key = seen.place === 'elsewhere' ? clientKey(seen) : null;
  const about = key === null ? entry : memory.client(key);
  const evidence = evidenceOf(seen);
  if (key !== null) {
    trace(about.servers, { name: seen.server, ...evidence, place: seen.place, at }, since);
  }
  const refused = recent(about.servers, since).filter(({ place }) => place === seen.place);
  if (refused.length < settings.sweep_servers) return null;
  return { entry: about, from: before(refused, evidence, seen.server) };
}

/**
 * A client on behalf of one subject: many users share the `client_id` of one program, and what each of them does wrong once
 * is no sweep.
 */
function clientKey({ issuer, token }: Sighting): string | null {
  if (issuer === null || token?.client_id === undefined) return null;
  return JSON.stringify([issuer, token.client_id, token.subject ?? null]);
}

const evidenceOf = ({ server, caller, codes: [code], decision_id }: Sighting): Evidence => ({
  server,
  caller,
  code: code ?? null,
  decision_id,
});

const shown = ({ server, caller, code, decision_id }: Trace): Evidence => ({ server, caller, code, decision_id });

/** The others in the order in which they were seen first, then this one. */
function before(traces: readonly Trace[], last: Evidence, name: string): readonly Evidence[] {
  return [...traces.filter((one) => one.name !== name).map(shown), last];
}
