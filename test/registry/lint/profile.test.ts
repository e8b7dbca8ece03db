import { describe, expect, it } from 'vitest';
import { type Bent, problemsIn, registryText, told } from '../example.ts';

const ENTRA = 'https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0';
const RS256 = 'algorithms: [RS256]';
const own = { server: 'audiences: [{ value: 3fa85f64, issuer: corp }]' };

describe('settings that contradict the profile are warned of', () => {
  it.each<[string, Bent, string, string]>([
    [
      'a type that it never writes',
      { iss: ENTRA, algorithms: RS256, issuer: 'profile: entra\n    token_types: [at+jwt]', ...own },
      '/issuers/corp/token_types 7:18',
      'Microsoft Entra ID writes typ jwt',
    ],
    [
      'an algorithm that it does not sign with',
      { iss: ENTRA, issuer: 'profile: entra', ...own },
      '/issuers/corp/algorithms 5:17',
      'signs with RS256',
    ],
    [
      'an iss that is not of its form',
      { iss: 'https://login.example.com', algorithms: RS256, issuer: 'profile: entra' },
      '/issuers/corp/issuer 3:13',
      'No iss of Microsoft Entra ID looks like this',
    ],
    [
      'Entra v2.0 where no client id is registered',
      { iss: ENTRA, algorithms: RS256, issuer: 'profile: entra' },
      '/servers/files/issuers 10:14',
      'its aud is a client id',
    ],
    [
      'an iss of Auth0 without its slash',
      { iss: 'https://example.auth0.com', algorithms: RS256, issuer: 'profile: auth0' },
      '/issuers/corp/issuer 3:13',
      'ends with a slash',
    ],
    [
      'Google, of which nothing is accepted',
      { iss: 'https://accounts.google.com', algorithms: RS256, issuer: 'profile: google' },
      '/issuers/corp/profile 6:14',
      'No token of Google is ever accepted',
    ],
    [
      'a maker that documents no typ',
      { iss: 'https://example.authkit.app', algorithms: RS256, issuer: 'profile: workos' },
      '/issuers/corp/profile 6:14',
      'have no typ',
    ],
    [
      'an iss of Entra without profile',
      { iss: ENTRA },
      '/issuers/corp/issuer 3:13',
      'This is the iss of Microsoft Entra',
    ],
    [
      'an iss of Cognito without profile',
      { iss: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_example' },
      '/issuers/corp/issuer 3:13',
      'This is the iss of Amazon Cognito',
    ],
  ])('%s', (_, bent, place, says) => {
    const problems = problemsIn(registryText(bent));
    expect(problems.map(told)).toEqual([`warning ${place}`]);
    expect(problems[0]?.message).toContain(says);
    expect(problems[0]?.remedy).toMatch(/\S/);
  });

  it('tokens of Okta for Okta itself', () => {
    const issuer = 'profile: okta\n    token_types: [application/okta-internal-at+jwt]';
    const problems = problemsIn(registryText({ iss: 'https://example.okta.com', algorithms: RS256, issuer }));
    expect(problems.map(({ message }) => message)).toContainEqual(expect.stringContaining('for Okta itself'));
  });
});

describe('nothing is said of settings that fit', () => {
  it.each<[string, Bent]>([
    ['Entra v2.0', { iss: ENTRA, algorithms: RS256, issuer: 'profile: entra\n    token_types: [JWT]', ...own }],
    ['Entra v1.0', { iss: 'https://sts.windows.net/72f988bf/', algorithms: RS256, issuer: 'profile: entra' }],
    ['Auth0', { iss: 'https://example.auth0.com/', algorithms: RS256, issuer: 'profile: auth0' }],
    ['Auth0, RFC 9068 profile', { iss: 'https://example.auth0.com/', issuer: 'profile: rfc9068' }],
    ['Keycloak', { iss: 'https://id.example.com/realms/main', issuer: 'profile: keycloak' }],
  ])('%s', (_, bent) => expect(problemsIn(registryText(bent))).toEqual([]));
});

it('a server may not accept what the profile adds to every aud', () => {
  const bent = { issuer: 'profile: keycloak', server: 'audiences: [{ value: account, issuer: corp }]' };
  const problems = problemsIn(registryText(bent));
  expect(problems.map(told)).toEqual(['error /issuers/corp/profile 6:14']);
  expect(problems[0]?.message).toBe(
    'The extra audience of profile keycloak "account" is an accepted audience of server "files".',
  );
});
