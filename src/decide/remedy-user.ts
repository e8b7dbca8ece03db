/** What cures a denial about the user behind a token: how they were authenticated, and what they agreed to. */
import { isJsonObject } from '../json/value.ts';
import { revise } from '../registry/revise.ts';
import { parameters, unmet } from './authentication.ts';
import { entriesOf, memberAt } from './explain-entries.ts';
import { place } from './explain-where.ts';
import { shown } from './near-miss.ts';
import { bend, type Denial, type Proposed, type Setting, type Trial } from './remedy-trial.ts';

export function proposeUserToClient(denial: Denial, trial: Trial): Proposed {
  const { issuer, server } = trial;
  switch (denial.code) {
    case 'authentication_insufficient': {
      const { asked } = lackOf(trial);
      if (asked.acr_values?.length === 0) return { unsafe: 'No acr value satisfies all that the registry asks here.' };
      return {
        side: 'client',
        change: `Ask ${issuer.issuer} for a token with ${parameters(asked)}, so that the user authenticates again.`,
        why: 'The operation asks for it, and the token does not show it (RFC 9470 §4).',
        apply: authenticated,
      };
    }
    case 'authorization_details_unknown':
      return {
        side: 'client',
        change: `Ask ${issuer.issuer} for a token without authorization details of ${typesOf(denial)}.`,
        why: 'The server does not know what they say (RFC 9396 §2).',
        apply: (at) => {
          const known = (at.token.authorization_details ?? []).filter(({ type }) =>
            server.authorization_details_types.some((listed) => listed === type),
          );
          return { ...at, token: bend(at.token, { details: known }) };
        },
      };
    default:
      return null;
  }
}

/** What a token does not say at all, its issuer may have left out. */
export function proposeUserToIssuer({ code }: Denial, trial: Trial): Proposed {
  if (code !== 'authentication_insufficient') return null;
  const { asked, lacking } = lackOf(trial);
  const { authentication_context: acr, authenticated_at: at } = trial.token;
  const absent = [
    ...(lacking.acr_values !== undefined && acr === undefined ? ['acr'] : []),
    ...(lacking.max_age_seconds !== undefined && at === undefined ? ['auth_time'] : []),
  ];
  const silent = Object.keys(lacking).length === absent.length;
  if (!silent || asked.acr_values?.length === 0) return null;
  return {
    side: 'authorization_server',
    change: `Put ${absent.join(' and ')} into access tokens for ${trial.server.resource}, for users who were authenticated so.`,
    why: 'Without that nobody knows how, or when, the user was authenticated (RFC 9068 §2.2.1).',
    apply: authenticated,
  };
}

export function proposeUserToOperator(denial: Denial, trial: Trial, { registry }: Setting): Proposed {
  const { server } = trial;
  const line = (...path: readonly string[]) => place(registry.whereIs('servers', server.key, ...path));
  if (denial.code === 'authentication_insufficient') {
    const asking = entriesOf(server, trial.call, registry).filter(({ server: key, path }) =>
      isJsonObject(memberAt((registry.servers.get(key) ?? server).effective, [...path, 'authentication'])),
    );
    const where =
      asking
        .map(({ server: key, path }) => place(registry.whereIs('servers', key, ...path, 'authentication')))
        .join(', ') || place(server.source);
    return {
      unsafe: `The registry asks for this authentication (${where}): to ask for less would open the operation to whoever holds a session of the user.`,
    };
  }
  if (denial.code !== 'authorization_details_unknown') return null;
  const types = [...server.authorization_details_types, ...(denial.actual ?? []).map(String)];
  const members = { authorization_details_types: types };
  return {
    side: 'operator',
    change: `Write authorization_details_types: [${types.map((type) => JSON.stringify(shown(type))).join(', ')}].`,
    why: 'Only if the server, or a rule for it, keeps to what such details say.',
    where: line('authorization_details_types'),
    apply: (at) => {
      const changed = revise(at.server, registry, members, at.now);
      return changed === null ? null : { ...at, server: changed };
    },
  };
}

function lackOf({ server, call, token, issuer, now }: Trial) {
  const asked = server.operation(call)?.authentication ?? {};
  return { asked, lacking: unmet(asked, token, { now, tolerance: issuer.clock_tolerance_seconds }) };
}

/** The same token after the user was authenticated as is asked. */
export function authenticated(trial: Trial): Trial {
  const { acr_values, max_age_seconds } = trial.server.operation(trial.call)?.authentication ?? {};
  const { authentication_context: acr } = trial.token;
  const [first] = acr !== undefined && acr_values?.includes(acr) ? [acr] : (acr_values ?? []);
  const shows = {
    ...(first !== undefined && { acr: first }),
    ...(max_age_seconds !== undefined && { auth_time: trial.now }),
  };
  return { ...trial, token: bend(trial.token, { authenticated: shows }) };
}

function typesOf({ actual = [] }: Denial): string {
  return `type ${actual.map((type) => shown(String(type))).join(', ')}`;
}
