/**
 * What the operator can change in the registry about a denial: one line, and never one that lets a token in that was issued
 * for something else. For that there is only the right server, or a waiver that somebody answers for and that ends.
 */
import type { WaiverInput } from '../decision/input.ts';
import { isJsonObject, type JsonObject } from '../json/value.ts';
import { ANY_CALL, LISTEN } from '../registry/method.ts';
import { additionOf, listingOf } from '../registry/profile/remedy.ts';
import type { Registry, ServerRecord } from '../registry/registry.ts';
import { revise } from '../registry/revise.ts';
import { mayAskAbout } from './ask.ts';
import { entriesOf, memberAt, texts } from './explain-entries.ts';
import { place } from './explain-where.ts';
import { shown } from './near-miss.ts';
import { instant, quoted } from './remedy-client.ts';
import { openListing } from './remedy-listing.ts';
import type { Denial, Propose, Proposed, Setting, Trial } from './remedy-trial.ts';

/** Seconds: what a server may accept at most, and what a waiver may (contract 1). */
const MAX_LIFETIME = 3600;
const MAX_WAIVED_LIFETIME = 86_400;
/** Seconds that a waiver is tried for. How long it is to hold is for its owner to say. */
const WAIVED = 86_400;
/** Seconds of difference between clocks that a registry can tolerate (contract 1). */
const MAX_TOLERANCE = 60;

export const proposeToOperator: Propose = (denial, trial, setting) => {
  const { server, token } = trial;
  const line = (...path: readonly (string | number)[]) =>
    place(setting.registry.whereIs('servers', server.key, ...path));
  const change = (path: string, members: JsonObject, text: string, why: string): Proposed => ({
    side: 'operator',
    change: text,
    why,
    where: line(path),
    apply: revised(members, setting.registry),
  });
  switch (denial.code) {
    case 'issuer_not_trusted':
      return {
        side: 'operator',
        change: `Add "${trial.issuer.key}" to issuers.`,
        why: `Only if ${trial.issuer.issuer} may issue tokens for this server.`,
        where: line('issuers'),
        apply: (at) =>
          revised({ issuers: [...texts(at.server.effective.issuers), at.issuer.key] }, setting.registry)(at),
      };
    case 'audience_missing':
    case 'audience_mismatch':
    case 'audience_not_exclusive':
      return audience(denial, trial, setting, line('waivers'));
    case 'waiver_expired':
      return renewal(trial, setting);
    case 'lifetime_exceeded':
      return lifetime(trial, line);
    case 'token_expired':
      return { unsafe: 'An end is not put off by a registry: a token that has ended may have been withdrawn since.' };
    case 'token_not_yet_valid':
      return tolerance(trial, setting);
    case 'actor_not_allowed': {
      const listed = texts(server.effective.actors);
      const actor = token.actor ?? '';
      return change(
        'actors',
        { actors: [...listed, actor] },
        `Write actors: [${[...listed, actor].map((one) => JSON.stringify(shown(one))).join(', ')}].`,
        'Only if this actor may call the server for others.',
      );
    }
    case 'token_not_bound':
      return change(
        'sender_constraint',
        { sender_constraint: 'none' },
        'Write sender_constraint: none, until this version verifies proofs.',
        'No token passes while a proof is required. Without it, whoever gets hold of a token can use it.',
      );
    case 'tool_unknown':
    case 'prompt_unknown':
    case 'resource_unknown':
    case 'task_unknown':
    case 'method_unknown':
      return openListing(denial, trial, setting);
    case 'scope_insufficient':
      return scopes(denial, trial, setting);
    default:
      return null;
  }
};

const revised =
  (members: JsonObject, registry: Registry) =>
  (trial: Trial): Trial | null => {
    const server = revise(trial.server, registry, members, trial.now);
    return server === null ? null : { ...trial, server };
  };

/** The token names something else: that is a wrong route, a wrong token, or at most a waiver. */
function audience(denial: Denial, trial: Trial, setting: Setting, where: string): Proposed {
  const { server, token, issuer } = trial;
  const owner = token.audiences
    .flatMap((value) => setting.registry.ownersOf(value))
    .find(({ kind, key }) => kind === 'issuer' || key !== server.key);
  if (owner?.kind === 'server')
    return {
      unsafe: mayAskAbout(setting.caller, owner.key)
        ? `The token is for server "${owner.key}". If that is what the client meant to call, the gateway’s route names the wrong server; the registry is right.`
        : 'The token is for another registered server. If the client meant that one, the gateway’s route names the wrong server; the registry is right.',
    };
  const [only] = token.audiences;
  const operation = server.operation(trial.call)?.name;
  const { client_id } = token;
  const never = 'A registry never loosens an audience: whoever holds such a token could use it here and there.';
  const addition = additionOf(issuer.profile, issuer.issuer);
  if (denial.code === 'audience_not_exclusive' && addition !== undefined) {
    const foreign = token.audiences.filter((value) => !server.inputFor(issuer.key).audiences.includes(value));
    if (foreign.every((value) => value === addition.value || issuer.extra_audiences.includes(value)))
      return { unsafe: listingOf(addition) };
  }
  const waivable =
    denial.code === 'audience_mismatch' &&
    owner === undefined &&
    token.audiences.length === 1 &&
    only &&
    operation !== undefined &&
    ![LISTEN, ANY_CALL].includes(trial.call.method) &&
    client_id !== undefined &&
    setting.registry.nearestServer(only) === undefined &&
    token.audiences.every((value) => !issuer.extra_audiences.includes(value));
  if (!waivable) return { unsafe: `${never} Correct the token, or the gateway’s route if this is the wrong server.` };
  const waiver = { what: 'audience' as const, audience: only, issuer: issuer.key, client_id, operations: [operation] };
  return {
    side: 'operator',
    change: `Add a waiver with an owner, a reason and an end: {what: audience, issuer: ${issuer.key}, client_id: ${JSON.stringify(shown(client_id))}, audience: ${JSON.stringify(shown(only))}, operations: [${JSON.stringify(shown(operation))}], owner: …, reason: …, until: …}.`,
    why: `Only while the authorization server cannot do better. ${never}`,
    where,
    apply: (at) => ({ ...at, server: waived(at.server, { ...waiver, ...draft(at.now) }) }),
  };
}

const draft = (now: number) => ({ owner: '', reason: '', until: instant(now + WAIVED), until_seconds: now + WAIVED });

function waived(server: ServerRecord, waiver: WaiverInput): ServerRecord {
  const mine = (issuer: string, client: string | undefined) => waiver.issuer === issuer && waiver.client_id === client;
  return {
    ...server,
    waiversFor: (issuer, client) => [...(mine(issuer, client) ? [waiver] : []), ...server.waiversFor(issuer, client)],
  };
}

/** A waiver that has ended; which one is told by what the token would have passed by. */
function renewal({ server, token, issuer, now, call }: Trial, { registry }: Setting): Proposed {
  const operation = server.operation(call)?.name ?? '';
  const ended = server
    .waiversFor(issuer.key, token.client_id)
    .filter(({ until_seconds, operations }) => until_seconds <= now && operations.includes(operation))
    .filter(({ what, audience: value }) => what !== 'audience' || token.audiences[0] === value);
  const [first] = ended;
  if (first === undefined) return null;
  const renewed = ended.map((waiver) => ({ ...waiver, ...draft(now), owner: waiver.owner }));
  return {
    side: 'operator',
    change: `Renew the waiver with its owner, ${shown(first.owner)}: give it another until.`,
    why: `It ended at ${first.until}. Better is that the authorization server makes it needless.`,
    where: place(registry.whereIs('servers', server.key, 'waivers', server.waivers.indexOf(first), 'until')),
    apply: (at) => ({ ...at, server: renewed.reduce(waived, at.server) }),
  };
}

function lifetime(trial: Trial, line: (...path: readonly string[]) => string): Proposed {
  const { server, token, issuer, now, call } = trial;
  const end = token.expires_at ?? 0;
  const needed = Math.max(end - (token.issued_at ?? now), end - now - issuer.clock_tolerance_seconds);
  const operation = server.operation(call)?.name;
  if (needed <= MAX_LIFETIME)
    return {
      side: 'operator',
      change: `Raise max_lifetime_seconds from ${server.max_lifetime_seconds} to ${needed}.`,
      why: 'Only if a stolen token may be good here for so long.',
      where: line('max_lifetime_seconds'),
      apply: (at) => {
        const longer = {
          ...at.server,
          inputFor: (key: string) => ({ ...at.server.inputFor(key), max_lifetime_seconds: needed }),
        };
        return {
          ...at,
          server: {
            ...longer,
            max_lifetime_seconds: needed,
            effective: { ...at.server.effective, max_lifetime_seconds: needed },
          },
        };
      },
    };
  const { client_id } = token;
  if (
    needed > MAX_WAIVED_LIFETIME ||
    client_id === undefined ||
    operation === undefined ||
    [LISTEN, ANY_CALL].includes(call.method)
  )
    return {
      unsafe: `The token lives ${needed} seconds; no server accepts more than ${MAX_LIFETIME}, and no waiver more than ${MAX_WAIVED_LIFETIME}.`,
    };
  const waiver = {
    what: 'lifetime' as const,
    issuer: issuer.key,
    client_id,
    operations: [operation],
    max_lifetime_seconds: needed,
  };
  return {
    side: 'operator',
    change: `Add a waiver with an owner, a reason and an end: {what: lifetime, issuer: ${issuer.key}, client_id: ${JSON.stringify(shown(client_id))}, operations: [${JSON.stringify(shown(operation))}], max_lifetime_seconds: ${needed}, owner: …, reason: …, until: …}.`,
    why: `No server accepts more than ${MAX_LIFETIME} seconds. Only while the authorization server cannot do better.`,
    where: line('waivers'),
    apply: (at) => ({ ...at, server: waived(at.server, { ...waiver, ...draft(at.now) }) }),
  };
}

/** Clocks that differ a little. More than a registry may tolerate is mended at the clocks. */
function tolerance({ token, issuer, now }: Trial, { registry }: Setting): Proposed {
  const ahead = Math.max(token.issued_at ?? 0, token.not_before ?? 0) - now;
  if (ahead > MAX_TOLERANCE)
    return { unsafe: `The token begins ${ahead} seconds from now: set audgate’s clock right if it is late.` };
  return {
    side: 'operator',
    change: `Raise clock_tolerance_seconds of issuer "${issuer.key}" to ${ahead}.`,
    why: 'Only if its clock cannot be set right.',
    where: place(registry.whereIs('issuers', issuer.key, 'clock_tolerance_seconds')),
    apply: (at) => ({
      ...at,
      issuer: {
        ...at.issuer,
        clock_tolerance_seconds: ahead,
        input: { ...at.issuer.input, clock_tolerance_seconds: ahead },
      },
    }),
  };
}

/** Asks for less, but never for nothing: what only a valid token opened would be open to every client of the server. */
function scopes({ expected = [] }: Denial, trial: Trial, { registry }: Setting): Proposed {
  const { server, call, token } = trial;
  const entries = entriesOf(server, call);
  const holds = heldBy(trial);
  const lacking = expected.map(String).filter((scope) => !holds(scope));
  const [changed, second] = entries.filter((entry) => entry.scopes.some((scope) => lacking.includes(scope)));
  const rest = expected.map(String).filter(holds);
  const held = token.scopes.filter((scope) => isNamed(server, scope));
  if (changed === undefined || second !== undefined || (rest.length === 0 && held.length === 0))
    return { unsafe: 'To ask for fewer scopes would open the operation to any token for this server.' };
  const kept = changed.scopes.filter((scope) => !lacking.includes(scope));
  const wanted = rest.length > 0 ? kept : held.slice(0, 1);
  const [top = '', name] = changed.path;
  const entry = memberAt(server.effective, changed.path);
  const written = isJsonObject(entry) ? { ...entry, scopes: [...wanted] } : [...wanted];
  const listing = memberAt(server.effective, [top]);
  const members =
    name === undefined || !isJsonObject(listing) ? { [top]: written } : { [top]: { ...listing, [name]: written } };
  return {
    side: 'operator',
    change: `Write scopes: [${wanted.join(', ')}] for ${shown(changed.path.join(' '))}, without ${quoted(lacking)}.`,
    why: `Only if ${rest.length > 0 ? 'the other scopes are' : `${quoted(wanted)} is`} to be enough for every client.`,
    where: place(registry.whereIs('servers', server.key, ...changed.path, ...(isJsonObject(entry) ? ['scopes'] : []))),
    apply: revised(members, registry),
  };
}

function heldBy({ server, call, token }: Trial): (scope: string) => boolean {
  const { implied_by = {} } = server.operation(call) ?? {};
  return (scope) => [scope, ...(implied_by[scope] ?? [])].some((one) => token.scopes.includes(one));
}

/** Whether the server says of a scope what it opens. */
export function isNamed({ effective }: ServerRecord, scope: string): boolean {
  return (['methods', 'tools', 'prompts', 'resources'] as const)
    .flatMap((listing) => Object.values(isJsonObject(effective[listing]) ? effective[listing] : {}))
    .some((entry) => isJsonObject(entry) && texts(entry.scopes).includes(scope));
}
