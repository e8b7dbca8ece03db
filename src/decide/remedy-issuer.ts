/** What the authorization server's administrator can set about a denial. */

import type { Remedy, Topic } from '../registry/profile/profile.ts';
import { additionOf, withResource } from '../registry/profile/remedy.ts';
import { shown } from './near-miss.ts';
import { proposeBindingToIssuer } from './remedy-binding.ts';
import { bend, freshTimes, type Proposal, type Propose, type Trial } from './remedy-trial.ts';
import { proposeUserToIssuer } from './remedy-user.ts';

const setting = (change: string, why: string, bent: (trial: Trial) => Parameters<typeof bend>[1]): Proposal => ({
  side: 'authorization_server',
  change,
  why,
  apply: (trial) => ({ ...trial, token: bend(trial.token, bent(trial)) }),
});

export const proposeToIssuer: Propose = (denial, trial) => {
  const { server, token } = trial;
  switch (denial.code) {
    case 'audience_missing':
    case 'audience_mismatch':
    case 'audience_not_exclusive':
      return setting(
        audienceSettings(trial),
        `It must write ${server.resource} into aud, and no other server’s (RFC 9068 §3, RFC 8707 §2).`,
        () => ({ audiences: [server.resource] }),
      );
    case 'lifetime_missing':
      return setting(
        'Put both exp and iat into access tokens.',
        'Without them nobody knows how long a token lives (RFC 9068 §2.2).',
        (at) => ({
          times: freshTimes(at),
        }),
      );
    case 'lifetime_exceeded':
      return setting(
        `Issue tokens of at most ${server.max_lifetime_seconds} seconds for ${server.resource}. ${settingsOf(trial, 'lifetime')}`,
        'This server accepts no longer ones: whoever gets hold of one can use it as long as it lives.',
        (at) => ({ times: freshTimes(at) }),
      );
    case 'token_not_yet_valid':
      return setting('Set its clock right.', 'The token’s iat or nbf lies ahead of audgate’s clock.', (at) => ({
        times: freshTimes(at),
      }));
    case 'scope_insufficient': {
      const needed = (denial.expected ?? []).map(String);
      return setting(
        `Let ${token.client_id === undefined ? 'the client' : `the client ${shown(token.client_id)}`} have ${needed.join(' ')} when it asks for ${server.resource}.`,
        'The operation needs these scopes.',
        (at) => ({ scopes: [...new Set([...at.token.scopes, ...needed])] }),
      );
    }
    default:
      return proposeBindingToIssuer(denial, trial) ?? proposeUserToIssuer(denial, trial);
  }
};

/** The sentence of the issuer's profile, and its settings one by one. */
function settingsOf({ server, issuer }: Trial, topic: Topic): string {
  return inWords(withResource(issuer.profile.remedies[topic], server.resource));
}

/** How the issuer is made to name this server alone; where it only added an audience of its own, how to be rid of that. */
function audienceSettings(trial: Trial): string {
  const { token, issuer, server } = trial;
  const addition = additionOf(issuer.profile, issuer.issuer);
  const { audiences } = server.inputFor(issuer.key);
  const foreign = token.audiences.filter(
    (value) => !audiences.includes(value) && !issuer.extra_audiences.includes(value),
  );
  if (addition === undefined || !foreign.includes(addition.value)) return settingsOf(trial, 'audience');
  const sufficient = foreign.length === 1 && foreign.length < token.audiences.length;
  return sufficient ? inWords(addition) : `${inWords(addition)} ${settingsOf(trial, 'audience')}`;
}

function inWords({ sentence, steps }: Remedy): string {
  return [sentence, ...steps.map(({ where, set }) => `${where}: ${set}.`)].join(' ');
}
