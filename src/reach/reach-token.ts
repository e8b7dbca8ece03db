/** How far one token reaches: each server that the asker may see, one after the other, and one record for all of them. */
import { setImmediate } from 'node:timers/promises';
import { type Caller, mayAskAbout } from '../decide/ask.ts';
import type { Parts } from '../decide/decide.ts';
import type { Evaluation } from '../decide/evaluate.ts';
import type { Snapshot } from '../decide/snapshot.ts';
import type { Decision } from '../decision/decision.ts';
import { evidence, legible } from '../decision/evidence.ts';
import type { TokenFacts } from '../decision/facts.ts';
import type { Reach, ReachAsk, ReachedServer, ReachingToken, Unreached } from '../decision/reach.ts';
import type { ServerRecord } from '../registry/registry.ts';
import { NO_TEXT, readingClaims } from './claims.ts';
import { instant } from './instant.ts';
import { leakedOf } from './leaked.ts';
import { isOpaque, onlyOneToAsk, opaqueUnclear } from './opaque.ts';
import { type OpenedAt, openAt } from './open-at.ts';
import { bindingsOf } from './proof.ts';
import { waysFrom, waysOf } from './ways.ts';

/** Milliseconds of work before others get their turn. */
const SLICE_MS = 5;
/** Milliseconds of waiting in vain for an issuer that is asked about the token. */
const MAX_WAITED_MS = 5000;

/** @param seconds the time that is asked about, seconds since the epoch */
export async function reachToken(
  question: ReachAsk,
  caller: Caller,
  at: Snapshot,
  parts: Parts,
  seconds: number,
): Promise<Reach> {
  const started = parts.now();
  const tick = parts.ticks();
  const text = 'token' in question ? question.token : NO_TEXT;
  const readers = 'claims' in question ? readingClaims(parts, question.claims, at.registry) : parts;
  const servers = [...at.registry.servers.values()].filter(({ key }) => mayAskAbout(caller, key));
  // Nobody is shown a token that another may have issued.
  const unclear = 'token' in question && isOpaque(text) && !onlyOneToAsk(servers, at.registry) ? opaqueUnclear() : null;

  const found: { readonly server: ServerRecord; readonly opened: OpenedAt }[] = [];
  let since = performance.now();
  let waited = 0;
  let outage: OpenedAt | null = null;
  for (const server of unclear === null ? servers : []) {
    // An issuer that is down would be waited for at each of them: of the rest nobody knows either.
    if (outage !== null && waited > MAX_WAITED_MS) {
      found.push({ server, opened: outage });
      continue;
    }
    const asked = performance.now();
    const opened = await openAt(server, text, caller, at, readers, seconds);
    found.push({ server, opened });
    if (isOutage(opened)) {
      outage = opened;
      waited += performance.now() - asked;
    }
    if (performance.now() - since < SLICE_MS) continue;
    await setImmediate();
    since = performance.now();
  }

  const evaluations = found.map(({ opened }) => opened.evaluation);
  const facts = evaluations.find(({ token }) => token !== null)?.token ?? null;
  const reached = found.flatMap(({ server, opened }) => reachedServer(server, opened));
  const without = (outcome: (one: Evaluation) => boolean) =>
    group(found.filter(({ opened }) => opened.operations.length === 0 && outcome(opened.evaluation)));
  const visible = new Set(servers.map(({ key }) => key));
  const all = waysOf(at.registry).filter(({ from, to }) => visible.has(from) && visible.has(to));
  const reachedKeys = reached.map(({ server }) => server);
  const ways = waysFrom(all, reachedKeys);
  const unread: readonly Unreached[] =
    unclear === null
      ? []
      : [{ codes: [unclear.code], count: servers.length, ...shownServers(servers), reasons: [unclear] }];
  const answer: Omit<Reach, 'leaked' | 'decision_id'> = {
    at: instant(seconds),
    verified: 'token' in question && facts !== null && evaluations.every(isVerified),
    token: facts && tokenOf(facts, at),
    asked: servers.length,
    servers: reached,
    closed: without(({ outcome }) => outcome !== 'indeterminate'),
    unknown: [...unread, ...without(({ outcome }) => outcome === 'indeterminate')],
    ways,
    custom: at.policy.custom === null ? 'none' : 'not_judged',
    revision: at.revision,
  };
  const decision_id = parts.newId();
  parts.recorder.record({
    path: 'audgate/reach',
    decision: decisionOf(answer, facts, decision_id),
    input: null,
    asked: { server: '*', method: 'audgate/reach', target: 'token' in question ? 'token' : 'claims' },
    caller: caller.name,
    ...(question.trace_id !== undefined && { trace_id: question.trace_id }),
    revisions: {
      registry: at.registry.digest,
      core: at.policy.core.digest,
      custom: at.policy.custom?.digest ?? null,
    },
    started,
    duration_ns: Number(parts.ticks() - tick),
  });
  const meant = facts === null ? [] : servers.filter((server) => isMeant(server, facts, at)).map(({ key }) => key);
  const leaked =
    facts &&
    leakedOf({
      facts,
      verified: answer.verified,
      servers: reached,
      meant,
      ways: waysFrom(all, [...reachedKeys, ...meant]),
      registry: at.registry,
      // Whatever time was asked about: what was issued since is to be withdrawn too.
      now: Math.max(seconds, Math.floor(parts.now() / 1000)),
    });
  return { decision_id, ...answer, leaked };
}

/** Whether the token was made for it, whatever else is wrong with it by now. */
function isMeant(server: ServerRecord, { issuer, audiences }: TokenFacts, { registry }: Snapshot): boolean {
  const key = registry.issuerByIss.get(issuer)?.key;
  if (key === undefined || !server.issuers.includes(key)) return false;
  const { audiences: accepted } = server.inputFor(key);
  return audiences.some((value) => accepted.includes(value));
}

const isOutage = ({ evaluation }: OpenedAt) =>
  evaluation.reasons.some(({ code }) => code === 'introspection_unavailable');

/** A reading that a key has verified is never told as unverified by any reason. */
const isVerified = ({ reasons }: Evaluation) =>
  reasons.every(({ verified, code }) => verified !== false && code !== 'keys_unavailable');

function reachedServer({ key, resource }: ServerRecord, { operations }: OpenedAt): readonly ReachedServer[] {
  if (operations.length === 0) return [];
  const waivers = operations.flatMap((one) => one.waivers);
  const ends = operations.map(({ valid_until }) => valid_until).sort();
  return [
    {
      server: key,
      resource,
      state: operations.some(({ needs }) => needs.length === 0) ? 'open' : 'conditional',
      valid_until: ends.at(-1) ?? '',
      waivers: [...new Map(waivers.map((use) => [JSON.stringify(use), use])).values()],
      operations,
    },
  ];
}

/** Servers with the same codes are told as one. */
function group(found: readonly { readonly server: ServerRecord; readonly opened: OpenedAt }[]): readonly Unreached[] {
  const groups = Map.groupBy(found, ({ opened }) => opened.evaluation.reasons.map(({ code }) => code).join(' '));
  return [...groups.values()].flatMap((all) => {
    const [first] = all;
    if (first === undefined) return [];
    const { reasons } = first.opened.evaluation;
    const servers = all.map(({ server }) => server);
    return [{ codes: reasons.map(({ code }) => code), count: all.length, ...shownServers(servers), reasons }];
  });
}

/** Keys of servers that are told of each group. */
const MAX_KEYS = 16;

const shownServers = (servers: readonly ServerRecord[]) => ({
  servers: servers.slice(0, MAX_KEYS).map(({ key }) => key),
});

function tokenOf(facts: TokenFacts, { registry }: Snapshot): ReachingToken {
  const text = (value: string | undefined) => (value === undefined ? null : legible(value));
  const time = (value: number | undefined) => (value === undefined ? null : instant(value));
  return {
    issuer: registry.issuerByIss.get(facts.issuer)?.key ?? null,
    audiences: evidence(facts.audiences),
    scopes: evidence(facts.scopes),
    subject: text(facts.subject),
    client_id: text(facts.client_id),
    token_id: text(facts.token_id),
    issued_at: time(facts.issued_at),
    expires_at: time(facts.expires_at),
    bound: boundTo(facts),
  };
}

function boundTo({ confirmation }: TokenFacts): ReachingToken['bound'] {
  const known = bindingsOf(confirmation);
  return confirmation !== undefined && known.length === 0 ? ['other'] : known;
}

/** As the record tells it, which has no other form: nothing was let through. */
function decisionOf(
  { servers, closed, unknown, revision }: Omit<Reach, 'leaked' | 'decision_id'>,
  facts: TokenFacts | null,
  decision_id: string,
): Decision {
  const asked = { decision_id, server: null, revision };
  const opens = servers.some(({ state }) => state === 'open');
  if (opens && facts !== null)
    return {
      decision: 'allow',
      ...asked,
      reasons: [],
      principal: {
        issuer: facts.issuer,
        subject: facts.subject ?? null,
        client_id: facts.client_id ?? null,
        scopes: [...facts.scopes],
        actor: facts.actor ?? null,
      },
      valid_until:
        servers
          .map(({ valid_until }) => valid_until)
          .sort()
          .at(-1) ?? '',
      advice: {},
    };
  const [why] = unknown.length > 0 ? unknown : closed;
  const reasons = why?.reasons ?? [];
  return unknown.length > 0
    ? { decision: 'indeterminate', ...asked, reasons }
    : { decision: 'deny', ...asked, reasons, challenge: { status: 403, headers: {} } };
}
