/** A refusal for the audience says what to set at an issuer of this make. */
import { describe, expect, it } from 'vitest';
import { PROFILE_NAMES, type ProfileName } from '../../src/registry/profile/profile.ts';
import { PROFILES } from '../../src/registry/profile/profiles.ts';
import { remedyFor } from '../../src/registry/profile/remedy.ts';
import { FILES } from '../property/world.ts';
import { BILLING, openDesk } from './desk.ts';

/** What a token of type at+jwt needs to be one of this make; that of others is that of RFC 9068. */
const CLAIMS: Partial<Record<ProfileName, object>> = {
  okta: { client_id: null, cid: 'client-1', scope: null, scp: ['files:read'] },
  entra: { client_id: null, azp: 'client-1', scope: null, scp: 'files:read' },
  keycloak: { typ: 'Bearer' },
  cognito: { token_use: 'access' },
  google: { client_id: null, azp: 'client-1' },
};
const MADE = PROFILE_NAMES.filter((name) => name !== 'rfc9068');

describe.each(MADE)('%s', (name) => {
  const sentence = remedyFor(PROFILES[name], 'audience', FILES)?.sentence ?? 'none';
  const asked = async (aud: string | readonly string[] | null) => {
    const corp = { profile: name, token_types: ['at+jwt'] };
    const { reasonFor } = await openDesk({ issuers: { corp } });
    return reasonFor({ ...CLAIMS[name], aud });
  };

  it('without an audience', async () => {
    const ask = `Ask the authorization server for a token with resource=${FILES}.`;
    expect(await asked(null)).toMatchObject({
      code: 'audience_missing',
      message: `The token names no audience (aud). ${ask} ${sentence}`,
    });
  });

  it('with the neighbour’s audience, alone or beside', async () => {
    const [alone, beside] = await Promise.all([asked(BILLING), asked([FILES, BILLING])]);
    expect([alone.code, beside.code]).toEqual(['audience_mismatch', 'audience_not_exclusive']);
    for (const { message } of [alone, beside]) expect(message.endsWith(` ${sentence}`)).toBe(true);
  });
});

describe('an audience that the issuer itself puts beside', () => {
  const ISS = 'https://login.example.com';
  it.each([
    ['keycloak', 'account', 'switch off Full scope allowed', 'call Keycloak’s account API as the user'],
    ['auth0', `${ISS}/userinfo`, 'without openid', 'read the user’s profile at Auth0'],
  ] as const)('%s: is refused, and the message says how to be rid of it', async (name, value, setting, risk) => {
    const { reasonFor } = await openDesk({
      issuers: { corp: { profile: name, token_types: ['at+jwt'], extra_audiences: [] } },
    });
    const { code, message } = await reasonFor({ ...CLAIMS[name], aud: [FILES, value] });
    expect(code).toBe('audience_not_exclusive');
    expect(message).toContain(setting);
    expect(message.indexOf('extra_audiences')).toBeGreaterThan(message.indexOf(setting));
    expect(message.endsWith(`can ${risk}.`)).toBe(true);
    const several = await reasonFor({ ...CLAIMS[name], aud: [FILES, BILLING, value] });
    expect(several.message).toContain(setting);
    expect(several.message.endsWith(remedyFor(PROFILES[name], 'audience', FILES)?.sentence ?? 'none')).toBe(true);
  });
});

it('of an issuer that follows RFC 9068 the message stays as it was', async () => {
  const { reasonFor } = await openDesk();
  const { message } = await reasonFor({ aud: null });
  expect(message).toBe(
    `The token names no audience (aud). Ask the authorization server for a token with resource=${FILES}.`,
  );
});
