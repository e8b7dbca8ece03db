import { describe, expect, test } from 'vitest';
import { type Bent, problemsIn, refused, registryOf, registryText, told } from '../example.ts';

describe('issuers', () => {
  test.each<[Bent, string, string]>([
    [{ iss: '"a b"' }, '/issuers/corp/issuer 3:13', 'visible ASCII'],
    [{ iss: '"https://login.example.com/ä"' }, '/issuers/corp/issuer 3:13', 'visible ASCII'],
    [{ iss: '"a\\n"' }, '/issuers/corp/issuer 3:13', 'visible ASCII'],
    [{ iss: '""' }, '/issuers/corp/issuer 3:13', 'visible ASCII'],
    [{ iss: 'x'.repeat(2049) }, '/issuers/corp/issuer 3:13', '2,048'],
    [{ keys: 'token_types: [at+jwt]' }, '/issuers/corp 2:3', 'no key source'],
    [
      { issuer: 'jwks: { keys: [] }', keys: 'profile: rfc9068' },
      '/issuers/corp/jwks/keys 6:19',
      'one or more public keys',
    ],
    [{ keys: 'jwks_uri: file:///etc/keys.json' }, '/issuers/corp/jwks_uri 4:15', 'file: URL, and must be https'],
    [{ keys: 'jwks_uri: ftp://login.example.com/jwks' }, '/issuers/corp/jwks_uri 4:15', 'ftp: URL, and must be https'],
    [{ keys: 'jwks_uri: login.example.com/jwks' }, '/issuers/corp/jwks_uri 4:15', 'no absolute URL'],
    [{ keys: 'jwks_uri: http://login.example.com/jwks' }, '/issuers/corp/jwks_uri 4:15', 'not https'],
    [{ keys: 'jwks_uri: https://me:pw@login.example.com/jwks' }, '/issuers/corp/jwks_uri 4:15', 'user name'],
    [{ keys: 'jwks_uri: "https://login.example.com/jwks#a"' }, '/issuers/corp/jwks_uri 4:15', 'fragment'],
    [{ keys: 'jwks_uri: https://10.1.2.3/jwks' }, '/issuers/corp/jwks_uri 4:15', 'private address 10.1.2.3'],
    [{ keys: 'jwks_uri: https://172.31.0.1/jwks' }, '/issuers/corp/jwks_uri 4:15', 'private address'],
    [{ keys: 'jwks_uri: https://192.168.77.1/jwks' }, '/issuers/corp/jwks_uri 4:15', 'private address'],
    [{ keys: 'jwks_uri: https://169.254.169.254/jwks' }, '/issuers/corp/jwks_uri 4:15', 'private address'],
    [{ keys: 'jwks_uri: https://100.64.0.1/jwks' }, '/issuers/corp/jwks_uri 4:15', 'private address'],
    [{ keys: 'jwks_uri: https://0xa000001/jwks' }, '/issuers/corp/jwks_uri 4:15', 'private address 10.0.0.1'],
    [{ keys: 'jwks_uri: https://0.0.0.0/jwks' }, '/issuers/corp/jwks_uri 4:15', 'private address'],
    [{ keys: 'jwks_uri: "https://[fd00::1]/jwks"' }, '/issuers/corp/jwks_uri 4:15', 'private address'],
    [{ keys: 'jwks_uri: "https://[fe80::1]/jwks"' }, '/issuers/corp/jwks_uri 4:15', 'private address'],
    [{ keys: 'jwks_uri: "https://[::ffff:10.0.0.1]/jwks"' }, '/issuers/corp/jwks_uri 4:15', 'private address'],
    [{ algorithms: 'algorithms: [none]' }, '/issuers/corp/algorithms/0 5:18', 'asymmetric'],
    [{ algorithms: 'algorithms: [ES256, HS256]' }, '/issuers/corp/algorithms/1 5:25', 'asymmetric'],
    [{ algorithms: 'algorithms: [ES265]' }, '/issuers/corp/algorithms/0 5:18', 'nearest is "ES256"'],
    [{ algorithms: 'algorithms: []' }, '/issuers/corp/algorithms 5:17', 'list of algorithms'],
    [{ algorithms: 'profile: rfc9068' }, '/issuers/corp/algorithms 2:3', 'algorithms is missing'],
    [{ issuer: 'clock_tolerance_seconds: 61' }, '/issuers/corp/clock_tolerance_seconds 6:30', '0 to 60'],
    [{ issuer: 'clock_tolerance_seconds: -1' }, '/issuers/corp/clock_tolerance_seconds 6:30', '0 to 60'],
    [{ issuer: 'clock_tolerance_seconds: 1.5' }, '/issuers/corp/clock_tolerance_seconds 6:30', 'a whole number'],
    [{ issuer: 'clock_tolerance_seconds: ~' }, '/issuers/corp/clock_tolerance_seconds 6:30', 'empty'],
    [{ issuer: 'token_types: [at jwt]' }, '/issuers/corp/token_types/0 6:19', 'media type'],
    [{ issuer: 'extra_audiences: [""]' }, '/issuers/corp/extra_audiences/0 6:23', 'audience value'],
    [{ issuer: 'disabled: yes' }, '/issuers/corp/disabled 6:15', 'a string where a boolean'],
    [{ issuer: 'profile: azure' }, '/issuers/corp/profile 6:14', 'one of rfc9068, entra'],
    [{ issuer: 'profile: keycloack' }, '/issuers/corp/profile 6:14', 'nearest is "keycloak"'],
  ])('%o', (bent, place, says) => refused(bent, place, says));

  test.each([
    ['https://login.example.com', undefined],
    ['http://127.0.0.1:4000', undefined],
    ['accounts.google.com', 'no absolute URL'],
    ['urn:example:issuer', 'no absolute URL'],
    ['http://login.example.com', 'not https'],
    ['https://login.example.com?x=1', 'query'],
    ['x'.repeat(2048), 'no absolute URL'],
  ])('any iss may stand: %s; one that is no https URL is warned of', (iss, says) => {
    const text = registryText({ iss });
    expect(registryOf(text).issuerByIss.get(iss)?.key).toBe('corp');
    const problems = problemsIn(text);
    expect(problems.map(told)).toEqual(says === undefined ? [] : ['warning /issuers/corp/issuer 3:13']);
    if (says !== undefined) expect(problems[0]?.message).toContain(says);
  });

  test('several key sources are refused, whatever they are', () => {
    const problems = problemsIn(registryText({ issuer: 'discovery: true' }));
    expect(problems.map(({ message }) => message)).toEqual([
      'The issuer has several key sources: jwks_uri, discovery.',
    ]);
  });

  test.each([
    'https://127.0.0.1/jwks',
    'http://127.0.0.1:4000/jwks',
    'http://[::1]:4000/jwks',
    'http://localhost:4000/jwks',
    'https://203.0.113.7/jwks',
    'https://login.example.com/jwks?tenant=a',
  ])('keys may come from %s without a flag', (uri) => {
    expect(problemsIn(registryText({ keys: `jwks_uri: "${uri}"` }))).toEqual([]);
  });

  test('allow_private_network opens private addresses, but not http', () => {
    const flag = 'allow_private_network: true';
    expect(problemsIn(registryText({ keys: 'jwks_uri: https://10.1.2.3/jwks', issuer: flag }))).toEqual([]);
    refused({ keys: 'jwks_uri: http://10.1.2.3/jwks', issuer: flag }, '/issuers/corp/jwks_uri 4:15', 'not https');
  });

  test('a password in a jwks_uri is not shown', () => {
    const problems = problemsIn(registryText({ keys: 'jwks_uri: https://me:hunter2@login.example.com/jwks' }));
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });
});
