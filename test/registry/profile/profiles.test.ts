import { describe, expect, it } from 'vitest';
import { profileJson } from '../../../src/registry/profile/describe.ts';
import { PROFILE_NAMES, UNTYPED } from '../../../src/registry/profile/profile.ts';
import { PROFILES } from '../../../src/registry/profile/profiles.ts';
import { additionOf, listingOf, remedyFor, withResource } from '../../../src/registry/profile/remedy.ts';
import { showRegistry } from '../../../src/registry/show.ts';
import { registryOf, registryText } from '../example.ts';

describe.each(PROFILE_NAMES)('%s', (name) => {
  const profile = PROFILES[name];

  it('is found under its own name', () => expect(profile.name).toBe(name));

  it('tells its access tokens by something that its ID tokens lack', () => {
    expect(profile.marks.length > 0 || name === 'rfc9068').toBe(true);
  });

  it('implies types that it writes', () => {
    const { writes_types, token_types } = profile;
    expect(token_types.every((type) => writes_types.includes(type))).toBe(true);
  });

  it('says in words what to do, what to know and where that stands', () => {
    for (const { sentence } of Object.values(profile.remedies)) expect(sentence).toMatch(/^[A-Z].+\.$/);
    expect(profile.remedies.audience.steps.length).toBeGreaterThan(0);
    expect(profile.limits.length).toBeGreaterThan(0);
    expect(profile.sources.every((source) => URL.canParse(source) && source.startsWith('https://'))).toBe(true);
  });

  it('is plain JSON', () => {
    const json = profileJson(profile);
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
    expect(Object.values(json)).not.toContain(undefined);
  });
});

describe('remedies', () => {
  it('name the server’s resource, whatever it is made of', () => {
    const { sentence, steps } = remedyFor(PROFILES.keycloak, 'audience', "https://a.example/$&$'") ?? {};
    expect(sentence).toContain("https://a.example/$&$'");
    expect(JSON.stringify(steps)).not.toContain('{resource}');
  });

  it('of rfc9068 are what the messages say already', () => {
    expect(remedyFor(PROFILES.rfc9068, 'audience', 'https://a.example')).toBeUndefined();
    expect(withResource(PROFILES.rfc9068.remedies.audience, 'https://a.example').steps[0]?.set).toContain(
      'https://a.example',
    );
  });
});

describe('what an issuer’s record says where its author left it out', () => {
  it.each([
    ['rfc9068', 'https://login.example.com', ['at+jwt']],
    ['entra', 'https://login.microsoftonline.com/t/v2.0', ['jwt']],
    ['auth0', 'https://example.auth0.com/', ['jwt', 'at+jwt']],
    ['keycloak', 'https://id.example.com/realms/main', ['jwt', 'at+jwt']],
    ['cognito', 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_example', ['untyped']],
    ['okta', 'https://example.okta.com/oauth2/aus1', ['untyped']],
    ['workos', 'https://example.authkit.app', ['untyped']],
  ])('%s: no audience beside the server’s', (profile, iss, token_types) => {
    const registry = registryOf(registryText({ iss, issuer: `profile: ${profile}` }));
    const corp = registry.issuers.get('corp');
    expect(corp).toMatchObject({ profile: { name: profile }, token_types, extra_audiences: [] });
    expect(corp?.input.extra_audiences).toEqual([]);
    expect(showRegistry(registry)).toMatchObject({ issuers: { corp: { token_types, extra_audiences: [] } } });
  });

  it('gives way to what was written', () => {
    const iss = 'https://id.example.com/realms/main';
    const issuer = 'profile: keycloak\n    extra_audiences: [account]\n    token_types: [at+jwt]';
    const corp = registryOf(registryText({ iss, issuer })).issuers.get('corp');
    expect(corp).toMatchObject({ token_types: ['at+jwt'], extra_audiences: ['account'] });
  });

  it('is part of the digest, as if it had been written', () => {
    const digest = (issuer: string) => registryOf(registryText({ issuer })).digest;
    expect(digest('profile: keycloak')).toBe(
      digest('profile: keycloak\n    extra_audiences: []\n    token_types: [JWT, at+jwt]'),
    );
    expect(digest('profile: rfc9068')).toBe(digest('disabled: false'));
    expect(digest('profile: keycloak')).not.toBe(digest('disabled: false'));
    expect(digest('profile: okta')).toBe(digest('profile: okta\n    token_types: [untyped]'));
    expect(digest('profile: okta')).not.toBe(digest('profile: okta\n    token_types: [untyped, JWT]'));
  });
});

describe('untyped', () => {
  it('is for those makers alone that have a claim of their own to tell access tokens', () => {
    const without = PROFILE_NAMES.filter((name) => PROFILES[name].writes_types.includes(UNTYPED));
    expect(without).toEqual(['okta', 'cognito', 'workos']);
    for (const name of without) expect(PROFILES[name].marks.length).toBeGreaterThan(0);
  });
});

describe('what an issuer puts beside the server', () => {
  it('is named with the iss in it, whatever that is made of', () => {
    const addition = additionOf(PROFILES.auth0, 'https://a.example/$&/');
    expect(addition?.value).toBe('https://a.example/$&/userinfo');
    expect(addition?.sentence).toContain('https://a.example/$&/userinfo');
    expect(addition && listingOf(addition)).toMatch(
      /extra_audiences: \[https:\/\/a\.example\/\$&\/userinfo\].*can read the user’s profile/,
    );
  });

  it.each(['rfc9068', 'entra', 'okta', 'cognito', 'google', 'workos'] as const)('is nothing with %s', (name) => {
    expect(additionOf(PROFILES[name], 'https://a.example')).toBeUndefined();
  });
});
