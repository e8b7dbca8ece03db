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
      'the org authorization server of Okta',
      { iss: 'https://example.okta.com', algorithms: RS256, issuer: 'profile: okta' },
      '/issuers/corp/issuer 3:13',
      'its tokens are for Okta itself',
    ],
    [
      'Google, of which nothing is accepted',
      { iss: 'https://accounts.google.com', algorithms: RS256, issuer: 'profile: google' },
      '/issuers/corp/profile 6:14',
      'No token of Google is ever accepted',
    ],
    [
      'types of a maker that writes none',
      { iss: 'https://example.authkit.app', algorithms: RS256, issuer: 'profile: workos\n    token_types: [JWT]' },
      '/issuers/corp/token_types 7:18',
      'WorkOS AuthKit writes no typ',
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
    ['Okta', { iss: 'https://example.okta.com/oauth2/aus1', algorithms: RS256, issuer: 'profile: okta' }],
    ['Keycloak', { iss: 'https://id.example.com/realms/main', issuer: 'profile: keycloak' }],
  ])('%s', (_, bent) => expect(problemsIn(registryText(bent))).toEqual([]));
});

it('a server may accept account of Keycloak, which no profile lets pass beside it', () => {
  const bent = { issuer: 'profile: keycloak', server: 'audiences: [{ value: account, issuer: corp }]' };
  expect(problemsIn(registryText(bent))).toEqual([]);
});

describe('untyped is refused', () => {
  const REFUSING = ['rfc9068', 'entra', 'auth0', 'keycloak', 'google'];
  it.each(REFUSING.flatMap((name) => ['untyped', 'Untyped', 'application/untyped'].map((type) => [name, type])))(
    'with %s: %s',
    (name, type) => {
      const problems = problemsIn(registryText({ issuer: `profile: ${name}\n    token_types: [at+jwt, ${type}]` }));
      const errors = problems.filter(({ severity }) => severity === 'error');
      expect(errors.map(told)).toEqual(['error /issuers/corp/token_types/1 7:27']);
      expect(errors[0]?.message).toBe(
        `Profile ${name} takes no token without typ: nothing else tells its access tokens from ID tokens.`,
      );
      expect(errors[0]?.remedy).toContain('okta, cognito, workos know tokens without typ');
    },
  );

  it('without a profile', () => {
    const problems = problemsIn(registryText({ issuer: 'token_types: [untyped]' }));
    expect(problems.map(told)).toEqual(['error /issuers/corp/token_types/0 6:19']);
  });

  it.each(['Untyped', 'UNTYPED', 'application/untyped'])('with okta, spelled %s', (type) => {
    const issuer = `profile: okta\n    token_types: [${type}]`;
    const problems = problemsIn(registryText({ iss: 'https://example.okta.com/oauth2/a', algorithms: RS256, issuer }));
    expect(problems.map(told)).toEqual(['error /issuers/corp/token_types/0 7:19']);
    expect(problems[0]?.remedy).toBe('Write untyped.');
  });
});
