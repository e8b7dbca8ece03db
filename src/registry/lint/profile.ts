/** Settings that contradict the profile of an issuer: warnings, because an installation may know better than its maker says. */
import { below, quote, type Report } from '../place.ts';
import { PROFILE_NAMES, type Profile, UNTYPED } from '../profile/profile.ts';
import { PROFILES } from '../profile/profiles.ts';
import { withResource } from '../profile/remedy.ts';
import type { IssuerRemains, ServerRemains } from '../schema.ts';
import type { Draft, Entry } from './draft.ts';

export function lintProfile(entry: Entry<IssuerRemains>, draft: Draft, report: Report): void {
  // What its answers hold, RFC 7662 says, whoever made it.
  if (entry.value.introspection !== undefined) return;
  const profile = PROFILES[entry.value.profile ?? 'rfc9068'];
  lintUntyped(entry, profile, report);
  if (profile.name === 'rfc9068') lintUnprofiled(entry, report);
  else lintProfiled(entry, profile, draft, report);
}

function lintProfiled(entry: Entry<IssuerRemains>, profile: Profile, draft: Draft, report: Report): void {
  lintForm(entry, profile, report);
  lintTypes(entry, profile, report);
  lintAlgorithms(entry, profile, report);
  if (profile.name === 'google') {
    report(below(entry.place, 'profile'), {
      severity: 'warning',
      value: profile.name,
      message: 'No token of Google is ever accepted: its access tokens are opaque, and its JWTs are ID tokens.',
      remedy: withResource(profile.remedies.audience, 'the server').sentence,
    });
  }
  if (profile.name === 'entra' && entry.value.issuer?.endsWith('/v2.0') === true) {
    for (const server of draft.servers) lintClientIdAudience(entry.key, server, report);
  }
}

/** Some makes never follow RFC 9068, and their iss says whose they are. */
function lintUnprofiled({ value, place }: Entry<IssuerRemains>, report: Report): void {
  const { issuer } = value;
  if (issuer === undefined) return;
  const likely = Object.values(PROFILES).find(({ issuer_form }) => issuer_form?.pattern.test(issuer) === true);
  if (likely === undefined) return;
  report(below(place, 'issuer'), {
    severity: 'warning',
    value: issuer,
    message: `This is the iss of ${likely.title}, whose tokens do not follow RFC 9068.`,
    remedy: `Write profile: ${likely.name}; audgate help issuer ${likely.name} says how it binds its tokens.`,
  });
}

function lintForm({ value, place }: Entry<IssuerRemains>, { title, name, issuer_form }: Profile, report: Report): void {
  const { issuer } = value;
  if (issuer === undefined) return;
  if (issuer_form !== undefined && !issuer_form.pattern.test(issuer)) {
    report(below(place, 'issuer'), {
      severity: 'warning',
      value: issuer,
      message: `No iss of ${title} looks like this.`,
      remedy: `Compare it with the iss of a token, which looks like ${issuer_form.example}.`,
    });
  }
  if (name === 'okta' && !issuer.includes('/oauth2/')) {
    report(below(place, 'issuer'), {
      severity: 'warning',
      value: issuer,
      message: 'This is the iss of an org authorization server of Okta: its tokens are for Okta itself.',
      remedy: 'Register a custom authorization server, whose iss looks like https://ORG.okta.com/oauth2/SERVER-ID.',
    });
  }
  if (name === 'auth0' && !issuer.endsWith('/')) {
    report(below(place, 'issuer'), {
      severity: 'warning',
      value: issuer,
      message: 'The iss of Auth0 ends with a slash.',
      remedy: `Write ${issuer}/.`,
    });
  }
}

const mediaType = (type: string) => type.toLowerCase().replace(/^application\//, '');

/** The word for no typ, which only claims can make good for: refused where the profile has none that tell (contract 5). */
function lintUntyped({ value, place }: Entry<IssuerRemains>, { name, writes_types }: Profile, report: Report): void {
  const known = writes_types.includes(UNTYPED);
  for (const [at, type] of (value.token_types ?? []).entries()) {
    if (mediaType(type) !== UNTYPED || (known && type === UNTYPED)) continue;
    report(below(place, 'token_types', at), {
      value: type,
      message: known
        ? `${quote(type)} is neither a media type nor the word for a token without typ.`
        : `Profile ${name} takes no token without typ: nothing else tells its access tokens from ID tokens.`,
      remedy: known
        ? `Write ${UNTYPED}.`
        : `Remove it, or name the maker of the issuer: ${makersWithoutType().join(', ')} know tokens without typ.`,
    });
  }
}

const makersWithoutType = () => PROFILE_NAMES.filter((name) => PROFILES[name].writes_types.includes(UNTYPED));

function lintTypes({ value, place }: Entry<IssuerRemains>, profile: Profile, report: Report): void {
  const { title, writes_types: writes } = profile;
  const types = value.token_types?.map(mediaType);
  if (types !== undefined && !types.some((type) => writes.includes(type))) {
    report(below(place, 'token_types'), {
      severity: 'warning',
      value: value.token_types ?? null,
      message: `${title} writes ${writes.includes(UNTYPED) ? 'no typ' : `typ ${writes.join(' or ')}`}: none of its tokens is of these types.`,
      remedy: `Write token_types: [${writes.join(', ')}], or leave it out.`,
    });
  }
  for (const [at, type] of (types ?? []).entries()) {
    if (!type.startsWith('okta-internal-')) continue;
    report(below(place, 'token_types', at), {
      severity: 'warning',
      value: type,
      message: 'Tokens of this type are for Okta itself: no other server may take them.',
      remedy: 'Register a custom authorization server of Okta, and leave this type out.',
    });
  }
}

function lintAlgorithms({ value, place }: Entry<IssuerRemains>, profile: Profile, report: Report): void {
  const { title, algorithms: signs } = profile;
  const { algorithms } = value;
  if (signs === undefined || algorithms === undefined || algorithms.includes(undefined)) return;
  if (algorithms.some((algorithm) => signs.some((one) => one === algorithm))) return;
  report(below(place, 'algorithms'), {
    severity: 'warning',
    value: algorithms,
    message: `${title} signs with ${signs.join(', ')}: none of its tokens is signed with these.`,
    remedy: `Write algorithms: [${signs[0]}].`,
  });
}

/** In v2.0 tokens of Entra, aud is the client id of the server's own registration, never its URL. */
function lintClientIdAudience(issuer: string, { key, value, place }: Entry<ServerRemains>, report: Report): void {
  if (value.issuers?.includes(issuer) !== true) return;
  const named = (value.audiences ?? []).some(
    (audience) => audience === undefined || (typeof audience === 'object' && audience.issuer === issuer),
  );
  if (named) return;
  report(below(place, 'issuers'), {
    severity: 'warning',
    value: issuer,
    message: `No v2.0 token of Entra ID opens server ${quote(key)}: its aud is a client id, and the server accepts none of issuer ${quote(issuer)}.`,
    remedy: `Add {value: CLIENT-ID-OF-THE-REGISTRATION, issuer: ${issuer}} to the audiences of the server.`,
  });
}
