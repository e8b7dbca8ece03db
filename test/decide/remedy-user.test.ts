/** What explain says of a user who was authenticated too weakly, and of authorization details that nobody knows. */
import { describe, expect, it } from 'vitest';
import type { Ask } from '../../src/decide/ask.ts';
import type { Explanation } from '../../src/decision/explanation.ts';
import type { JsonObject } from '../../src/json/value.ts';
import { FILES, NOW } from '../property/world.ts';
import { openDesk } from './desk.ts';

const ISS = 'https://login.example.com';
const PAY = { authentication: { acr_values: ['mfa', 'phr'], max_age_seconds: 300 } };
const files = { tools: { pay: PAY }, authorization_details_types: ['account'] };
const calling = (tool: string): Partial<Ask> => ({ source: { kind: 'call', method: 'tools/call', tool } });

async function explained(claims: JsonObject, over: object = files): Promise<Explanation> {
  const desk = await openDesk({ files: over });
  return desk.explain({ token: await desk.token({ claims }), ...calling('pay') });
}

async function decidedWith(claims: JsonObject, over: object = files): Promise<string> {
  const { would_decide } = await explained(claims, over);
  return would_decide.reasons.map(({ code }) => code).join() || would_decide.decision;
}

describe('the sentence of a refusal', () => {
  it.each<[string, JsonObject, RegExp]>([
    [
      'another way',
      { acr: 'pwd', auth_time: NOW },
      /authentication to be mfa or phr \(acr\), and the token says pwd\. Ask/,
    ],
    ['no way', { auth_time: NOW }, /mfa or phr \(acr\), and the token says nothing of it\. Ask/],
    [
      'too long ago',
      { acr: 'mfa', auth_time: NOW - 400 },
      /authentication to be at most 300 seconds ago \(auth_time\), and the token says 400 seconds\. Ask/,
    ],
    ['ahead', { acr: 'mfa', auth_time: NOW + 6 }, /the token says 6 seconds ahead\./],
    [
      'neither',
      {},
      /says nothing of it; and it to be at most 300 seconds ago \(auth_time\), and the token says nothing of that\./,
    ],
  ])('%s', async (_, claims, says) => {
    const [reason] = (await explained(claims)).would_decide.reasons;
    expect(reason?.message).toMatch(says);
    expect(reason?.message).toContain('acr_values="mfa phr" and max_age=300 (RFC 9470 §4).');
    expect(reason?.expected).toEqual(['mfa', 'phr', 300]);
  });

  it('of what no token can show says so', async () => {
    const closed = { ...files, methods: { 'tools/call': { authentication: { acr_values: ['pwd'] } } } };
    const explanation = await explained({ acr: 'pwd', auth_time: NOW }, closed);
    expect(explanation.would_decide.reasons[0]?.message).toContain('no token can satisfy it');
    expect(explanation.changes).toEqual([]);
    expect(explanation.no_safe_change.map(({ side }) => side)).toEqual(['client', 'operator']);
    const { challenge } = explanation.would_decide.decision === 'deny' ? explanation.would_decide : {};
    expect(challenge?.headers['www-authenticate']?.[0]).not.toContain('acr_values');
  });

  it('escapes what the token says', async () => {
    const explanation = await explained({ acr: 'a\u202eb', auth_time: NOW });
    expect(explanation.would_decide.reasons[0]?.message).toContain('a\\u202eb');
  });
});

describe('a user who was authenticated too weakly', () => {
  it('is asked again by the client, which is tried; the registry is not loosened', async () => {
    const { changes, no_safe_change } = await explained({ acr: 'pwd', auth_time: NOW - 400 });
    expect(changes).toMatchObject([
      {
        side: 'client',
        change: `Ask ${ISS} for a token with acr_values="mfa phr" and max_age=300, so that the user authenticates again.`,
        cures: ['authentication_insufficient'],
        verified: true,
      },
    ]);
    expect(no_safe_change).toEqual([
      { side: 'operator', why: expect.stringMatching(/asks for this authentication \(registry\.yaml:7\)/) },
    ]);
    expect(await decidedWith({ acr: 'mfa', auth_time: NOW })).toBe('allow');
  });

  it.each<[string, JsonObject, RegExp]>([
    ['acr', { auth_time: NOW }, /^Put acr into access tokens for/],
    ['auth_time', { acr: 'mfa' }, /^Put auth_time into access tokens for/],
    ['both', {}, /^Put acr and auth_time into access tokens for/],
  ])('may have been authenticated well, where the issuer does not say: %s', async (_, claims, says) => {
    const { changes } = await explained(claims);
    expect(changes.filter(({ side }) => side === 'authorization_server')).toMatchObject([
      { change: expect.stringMatching(says), verified: true },
    ]);
  });

  it('cannot be helped by the issuer where it says so', async () => {
    for (const claims of [{ acr: 'pwd' }, { acr: 'pwd', auth_time: NOW - 400 }, { acr: 'mfa', auth_time: NOW - 400 }])
      expect((await explained(claims)).changes.map(({ side }) => side)).toEqual(['client']);
  });

  it('and needs a scope besides, gets both in one token', async () => {
    const over = { tools: { pay: { ...PAY, scopes: ['files:pay'] } } };
    const { changes } = await explained({ acr: 'pwd' }, over);
    expect(
      changes
        .filter(({ side }) => side === 'client')
        .map(({ cures }) => cures[0])
        .sort(),
    ).toEqual(['authentication_insufficient', 'scope_insufficient']);
    expect(changes[0]).toMatchObject({ verified: true, with: [1] });
  });

  it('without any token is told what to ask for at once', async () => {
    const desk = await openDesk({ files });
    const { changes } = await desk.explain({ token: null, ...calling('pay') });
    expect(changes).toMatchObject([
      {
        change: `Get an access token from ${ISS} with resource=${FILES} and acr_values="mfa phr" and max_age=300, and send it as Authorization: Bearer.`,
        verified: true,
      },
    ]);
  });
});

describe('authorization details that the server does not know', () => {
  const claims = {
    acr: 'mfa',
    auth_time: NOW,
    authorization_details: [{ type: 'payment', creditor: 'somebody' }, { type: 'account' }],
  };

  it('are left out by the client, or listed by the operator; both are tried', async () => {
    const { changes } = await explained(claims);
    expect(changes).toMatchObject([
      {
        side: 'client',
        change: `Ask ${ISS} for a token without authorization details of type payment.`,
        cures: ['authorization_details_unknown'],
        verified: true,
      },
      {
        side: 'operator',
        change: 'Write authorization_details_types: ["account", "payment"].',
        where: 'registry.yaml:7',
        cures: ['authorization_details_unknown'],
        verified: true,
      },
    ]);
    expect(await decidedWith({ ...claims, authorization_details: [{ type: 'account' }] })).toBe('allow');
    expect(await decidedWith(claims, { ...files, authorization_details_types: ['account', 'payment'] })).toBe('allow');
  });

  it('are never shown but for their types', async () => {
    const { changes, would_decide, checks, no_safe_change } = await explained(claims);
    expect(JSON.stringify([changes, would_decide, checks, no_safe_change])).not.toContain('somebody');
    expect(would_decide.reasons[0]?.message).toMatch(/of type payment, and server "files" knows type account\./);
  });
});
