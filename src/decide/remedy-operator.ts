/**
 * What the operator can change in the registry about a denial: one line, and never one that lets a token in that was issued
 * for something else, or one that was denied by how narrow the registry is: fewer scopes, no binding and waivers are never
 * proposed, but named as what somebody would have to decide and to own.
 */
import type { JsonObject } from '../json/value.ts';
import { additionOf, listingOf } from '../registry/profile/remedy.ts';
import type { Registry } from '../registry/registry.ts';
import { revise } from '../registry/revise.ts';
import { mayAskAbout } from './ask.ts';
import { entriesOf, texts } from './explain-entries.ts';
import { place } from './explain-where.ts';
import { shown } from './near-miss.ts';
import { proposeBindingToOperator } from './remedy-binding.ts';
import { openListing } from './remedy-listing.ts';
import type { Denial, Propose, Proposed, Setting, Trial } from './remedy-trial.ts';
import { proposeUserToOperator } from './remedy-user.ts';

/** Seconds: what a server may accept at most, and what a waiver may (contract 1). */
const MAX_LIFETIME = 3600;
const MAX_WAIVED_LIFETIME = 86_400;
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
    case 'token_passthrough':
      return {
        unsafe:
          'No registry and no waiver lets a hub pass its client’s token on: each such token would open this server.',
      };
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
      return proposeBindingToOperator(trial, line('sender_constraint'));
    case 'tool_unknown':
    case 'prompt_unknown':
    case 'resource_unknown':
    case 'task_unknown':
    case 'method_unknown':
      return openListing(denial, trial, setting);
    case 'scope_insufficient':
      return scopes(denial, trial, setting);
    default:
      return proposeUserToOperator(denial, trial, setting);
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
    only !== undefined &&
    token.audiences.length === 1 &&
    setting.registry.nearestServer(only) === undefined &&
    !issuer.extra_audiences.includes(only);
  const otherwise = waivable
    ? ` ${exception(where)}`
    : ' Correct the token, or the gateway’s route if this is the wrong server.';
  return { unsafe: `${never}${otherwise}` };
}

/** Never proposed as a change: a waiver lets in what the rules refuse, and somebody has to want and to own that. */
const exception = (where: string) =>
  `If it cannot be helped for now, only a waiver could let it in, which somebody must own and end (docs/waivers.md, ${where}).`;

/** A waiver that has ended; which one is told by what the token would have passed by. */
function renewal({ server, token, issuer, now, call }: Trial, { registry }: Setting): Proposed {
  const operation = server.operation(call)?.name ?? '';
  const [ended] = server
    .waiversFor(issuer.key, token.client_id)
    .filter(({ until_seconds, operations }) => until_seconds <= now && operations.includes(operation))
    .filter(({ what, audience: value }) => what !== 'audience' || token.audiences[0] === value);
  if (ended === undefined) return null;
  const where = place(registry.whereIs('servers', server.key, 'waivers', server.waivers.indexOf(ended), 'until'));
  return {
    unsafe: `The waiver (${where}) ended at ${ended.until}. Whether it is needed any longer, its owner decides: ${shown(ended.owner)}.`,
  };
}

function lifetime(trial: Trial, line: (...path: readonly string[]) => string): Proposed {
  const { server, token, issuer, now } = trial;
  const end = token.expires_at ?? 0;
  const needed = Math.max(end - (token.issued_at ?? now), end - now - issuer.clock_tolerance_seconds);
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
  const most = `The token lives ${needed} seconds, and no server accepts more than ${MAX_LIFETIME}.`;
  return {
    unsafe:
      needed > MAX_WAIVED_LIFETIME
        ? `${most} No waiver allows so long a life.`
        : `${most} ${exception(line('waivers'))}`,
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

/** To ask for fewer would open the operation to every client that lacks them: a narrower token is what scopes are for. */
function scopes({ expected = [] }: Denial, { server, call, token }: Trial, { registry }: Setting): Proposed {
  const lacking = expected.filter((scope) => !token.scopes.includes(String(scope)));
  const entries = entriesOf(server, call, registry);
  const asks = entries.find((entry) => entry.scopes.some((scope) => lacking.includes(scope))) ?? entries[0];
  const where = place(registry.whereIs('servers', asks?.server ?? server.key, ...(asks?.path ?? [])));
  return {
    unsafe: `The registry asks for these scopes (${where}): with fewer of them the operation would be open to every client that lacks them too.`,
  };
}
