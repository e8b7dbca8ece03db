/** The text of `docs/issuers.md`: each profile's data, and around it what they have in common. */

import { factsOf, named } from '../src/registry/profile/describe.ts';
import type { Profile, Remedy, Topic } from '../src/registry/profile/profile.ts';
import { PROFILES } from '../src/registry/profile/profiles.ts';
import { additionOf, listingOf, withResource } from '../src/registry/profile/remedy.ts';
import { SOURCES } from './issuers-sources.ts';

export function issuersPage(): string {
  const profiles = Object.values(PROFILES);
  return `# Issuers

<!-- Written by \`npm run generate\` from src/registry/profile/ and build/issuers-page.ts; edit those. -->

What an access token looks like depends on who made its issuer. \`profile\` says it, once for each issuer in the registry:

\`\`\`yaml
issuers:
  corp:
    issuer: https://id.example.com/realms/main
    jwks_uri: https://id.example.com/realms/main/protocol/openid-connect/certs
    algorithms: [RS256]
    profile: keycloak
\`\`\`

A profile says where a token's subject, client and scopes stand, what its access tokens have and its ID tokens have not, and what
\`token_types\` is where the registry leaves it out. All else, audience, lifetime, \`kid\`, \`typ\` and signature, is judged as for
any issuer, and a token of another type than \`at+jwt\` must carry client and scopes, and no \`nonce\`, \`at_hash\`, \`c_hash\` or
\`events\`. No profile lets an audience pass: what Auth0 and Keycloak put beside the server’s own is \`audience_not_exclusive\`, and
their sections say how to be rid of it.

Cognito, Okta and WorkOS write no \`typ\` at all. In \`token_types\` that is the word \`untyped\`: it is the default of these three
profiles, \`registry show\` shows it, every other profile refuses it, and such a token must have all that stands in the row “an
access token has”. Two claims that name the client and differ are \`claims_invalid\`. Policies, records and
answers see the same members for every profile: \`token.client_id\`, \`token.scopes\`, \`token.subject\`.

\`audgate help issuer\` lists the profiles, \`audgate help issuer NAME\` prints a section of this page, \`registry check\` warns of
settings that contradict the profile, and a refusal for the audience says what to set at the issuer. In case files
(\`cases/*.yaml\`) the right token that \`claims\` overlay has the profile's form.

| profile | issuer | client | scopes | binds a token to one server by |
| --- | --- | --- | --- | --- |
${profiles.map(row).join('\n')}

${SOURCES}${profiles.map(section).join('').replace(/^\n/, '')}`;
}

const BINDS: Readonly<Record<Profile['name'], string>> = {
  rfc9068: 'the parameter `resource`',
  entra: 'the scope, of an app registration of the server’s own',
  okta: 'an authorization server of the server’s own',
  auth0: 'the parameter `resource`, once switched on',
  keycloak: 'an audience mapper of the scope',
  cognito: 'the parameter `resource`',
  google: 'nothing',
  workos: 'the parameter `resource`, once configured',
};

function row({ name, title, client, scopes }: Profile): string {
  const claims = (values: readonly string[]) => values.map((value) => `\`${value}\``).join(' or ');
  return `| \`${name}\` | ${title} | ${claims(client)} | ${claims(scopes.map(({ claim }) => claim))} | ${BINDS[name]} |`;
}

const HEADINGS: Readonly<Record<Topic, string>> = {
  audience: 'Tokens for one server',
  lifetime: 'Shorter tokens',
  type: 'Type',
};

function section(profile: Profile): string {
  return `
## ${profile.title} (\`${profile.name}\`)

| fact | where |
| --- | --- |
${factsOf(profile)
  .map(([what, where]) => `| ${what} | ${known(where)} |`)
  .join('\n')}
${(['audience', 'lifetime', 'type'] as const).map((topic) => remedy(HEADINGS[topic], profile.remedies[topic])).join('')}${beside(profile)}
${profile.limits.map((limit) => `- ${known(limit)}`).join('\n')}

Sources: ${profile.sources.map((source) => `<${source}>`).join(', ')}
`;
}

function beside(profile: Profile): string {
  const addition = additionOf(profile, 'ISS');
  if (addition === undefined) return '';
  const { sentence, steps } = addition;
  return remedy('No audience besides', { sentence: `${sentence} ${listingOf(addition)}`, steps });
}

function remedy(heading: string, written: Remedy): string {
  const { sentence, steps } = withResource(written, 'RESOURCE');
  const list = steps.map(({ where, set }, at) => `\n${at + 1}. ${where}: ${set}`).join('');
  return `\n**${heading}.** ${sentence}\n${list === '' ? '' : `${list}\n`}`;
}

const known = (text: string) => named(text).replaceAll('|', '\\|');
