/** What the client can do about a denial: ask for another token, or for something else. */
import type { CallFacts } from '../decision/facts.ts';
import { nearestName } from '../json/nearest.ts';
import { isJsonObject } from '../json/value.ts';
import { OPEN_METHODS, targetsOf } from '../registry/method.ts';
import type { ServerRecord } from '../registry/registry.ts';
import { listingOf } from './explain-entries.ts';
import { shown } from './near-miss.ts';
import { proposeBindingToClient } from './remedy-binding.ts';
import { bend, type Denial, freshTimes, type Proposal, type Propose, type Trial } from './remedy-trial.ts';
import { proposeUserToClient } from './remedy-user.ts';

const client = (change: string, why: string, apply: Proposal['apply']): Proposal => ({
  side: 'client',
  change,
  why,
  apply,
});

const withToken =
  (bent: (trial: Trial) => Parameters<typeof bend>[1]): Proposal['apply'] =>
  (trial) => ({ ...trial, token: bend(trial.token, bent(trial)) });

export const instant = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

export const proposeToClient: Propose = (denial, trial, { registry }) => {
  const { server, token, now, issuer } = trial;
  switch (denial.code) {
    case 'issuer_not_trusted':
      return otherIssuer(trial, (key) => registry.issuers.get(key));
    case 'token_passthrough':
    case 'audience_missing':
    case 'audience_mismatch':
    case 'audience_not_exclusive':
      if (isPassedOn(trial))
        return client(
          `Get a token of the hub's own with resource=${server.resource}, by token exchange (RFC 8693) or client credentials, and send that.`,
          'The token that a hub was given is its client’s, and opens the hub alone.',
          withToken(() => ({ audiences: [server.resource] })),
        );
      return client(
        `Ask the authorization server for a token with resource=${server.resource}${denial.code === 'audience_not_exclusive' ? ' alone' : ''}.`,
        'A token opens only the server that it was issued for (RFC 8707 §2).',
        withToken(() => ({ audiences: [server.resource] })),
      );
    case 'token_expired':
      return client(
        'Get a fresh token.',
        `The token ended at ${instant(token.expires_at ?? 0)}, and it is ${instant(now)}.`,
        withToken((at) => ({ times: freshTimes(at) })),
      );
    case 'token_not_yet_valid': {
      const begin = Math.max(token.issued_at ?? 0, token.not_before ?? 0);
      return client(`Send it again at ${instant(begin)} or later.`, 'The token does not hold before that.', (at) => ({
        ...at,
        now: Math.max(at.now, begin),
      }));
    }
    case 'lifetime_exceeded':
      return { unsafe: 'How long a token lives is the authorization server’s choice: no client can ask for less.' };
    case 'lifetime_missing':
      return { unsafe: 'exp and iat are the authorization server’s to write.' };
    case 'actor_not_allowed':
      return client(
        'Call with a token that was issued to the client itself, without act.',
        `The token was issued to the actor ${shown(token.actor ?? '')} (RFC 8693 §4.1).`,
        withToken(() => ({ unacted: true })),
      );
    case 'scope_insufficient':
      return moreScopes(denial, issuer.issuer);
    case 'tool_unknown':
    case 'prompt_unknown':
    case 'resource_unknown':
    case 'method_unknown':
      return otherCall(trial);
    default:
      return proposeBindingToClient(denial, trial) ?? proposeUserToClient(denial, trial);
  }
};

function otherIssuer({ server }: Trial, find: (key: string) => Trial['issuer'] | undefined): ReturnType<Propose> {
  const trusted = server.issuers.flatMap((key) => find(key) ?? []).filter(({ disabled }) => !disabled);
  const [first] = trusted;
  if (first === undefined) return { unsafe: 'No issuer of this server is enabled.' };
  const which = trusted.map(({ issuer }) => issuer).join(' or ');
  return client(`Get a token from ${which}.`, 'These are the issuers that this server trusts.', (trial) => ({
    ...trial,
    issuer: first,
    token: bend(trial.token, { issuer: first.issuer }),
  }));
}

function moreScopes({ expected = [] }: Denial, iss: string): Proposal {
  const needed = expected.map(String);
  return client(
    `Ask ${iss} for a token with scope="${needed.join(' ')}".`,
    'The operation needs these scopes, and the token lacks one of them (RFC 6750 §3.1).',
    withToken(({ token }) => ({ scopes: [...new Set([...token.scopes, ...needed])] })),
  );
}

/** A name that is open and almost the one that was called: a typo, most likely. */
function otherCall(trial: Trial): ReturnType<Propose> {
  const { call, server } = trial;
  const listing = listingOf(call);
  const target =
    listing === 'tools' ? 'tool' : listing === 'prompts' ? 'prompt' : listing === 'resources' ? 'uri' : 'method';
  const asked = call[target];
  if (asked === undefined) return null;
  const near = nearestName(
    asked,
    namesOf(server, listing).filter((name) => name !== asked && !name.endsWith('*')),
  );
  const other: CallFacts = { ...call, [target]: near ?? asked };
  if (near === undefined || server.operation(other) === undefined) return null;
  return client(
    `Call ${shown(near)}, if that is meant.`,
    `${shown(asked)} is not registered, and ${shown(near)} is.`,
    (at) => ({
      ...at,
      call: { ...at.call, [target]: near },
    }),
  );
}

function namesOf({ effective }: ServerRecord, listing: ReturnType<typeof listingOf>): readonly string[] {
  const entries = effective[listing];
  const listed = isJsonObject(entries) ? Object.keys(entries) : [];
  // A method that has a target is no other name for one that has none.
  return listing === 'methods' ? [...OPEN_METHODS, ...listed].filter((name) => targetsOf(name)?.length !== 1) : listed;
}

/** Whether a hub in front of the server sends its client's token. */
function isPassedOn({ server, issuer, token }: Trial): boolean {
  return server.hubsFor(issuer.key).some(({ audiences }) => token.audiences.some((value) => audiences.includes(value)));
}
