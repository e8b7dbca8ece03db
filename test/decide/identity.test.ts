import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IDENTITY_HEADERS, identityHeaders } from '../../src/decide/identity.ts';
import type { Allow, Principal } from '../../src/decision/decision.ts';

const allow = (principal: Partial<Principal>): Allow => ({
  decision: 'allow',
  decision_id: '01993b0e-7a10-7c3e-9d55-0a5b7e9f1c12',
  server: 'files',
  reasons: [],
  principal: {
    issuer: 'https://login.example.com',
    subject: null,
    client_id: null,
    scopes: [],
    actor: null,
    ...principal,
  },
  valid_until: '2026-11-23T12:05:00Z',
  advice: {},
  revision: 'sha256:5f3c',
});

const identityOf = (headers: Readonly<Record<string, string>>) =>
  JSON.parse(Buffer.from(headers['x-audgate-identity'] ?? '', 'base64url').toString());

describe('identity headers', () => {
  it('tell who calls, through whom, and until when', () => {
    const headers = identityHeaders(
      allow({ subject: 'user-1', client_id: 'client-1', scopes: ['files:read', 'files:write'], actor: 'agent' }),
    );
    expect(headers).toEqual({
      'x-audgate-issuer': 'https://login.example.com',
      'x-audgate-subject': 'user-1',
      'x-audgate-client-id': 'client-1',
      'x-audgate-scopes': 'files:read files:write',
      'x-audgate-actor': 'agent',
      'x-audgate-server': 'files',
      'x-audgate-decision-id': '01993b0e-7a10-7c3e-9d55-0a5b7e9f1c12',
      'x-audgate-valid-until': '2026-11-23T12:05:00Z',
      'x-audgate-identity': expect.stringMatching(/^[A-Za-z0-9_-]+$/),
    });
    expect(identityOf(headers)).toEqual({
      issuer: 'https://login.example.com',
      subject: 'user-1',
      client_id: 'client-1',
      scopes: ['files:read', 'files:write'],
      actor: 'agent',
      server: 'files',
      decision_id: '01993b0e-7a10-7c3e-9d55-0a5b7e9f1c12',
      valid_until: '2026-11-23T12:05:00Z',
    });
  });

  it('are all set, the empty value where the token says nothing', () => {
    const headers = identityHeaders(allow({}));
    expect(Object.keys(headers)).toEqual([...IDENTITY_HEADERS]);
    expect(headers).toMatchObject({ 'x-audgate-subject': '', 'x-audgate-scopes': '', 'x-audgate-actor': '' });
    expect(identityOf(headers)).toMatchObject({ subject: null, client_id: null, actor: null, scopes: [] });
  });

  it.each([
    ['Jürgen Müller', 'J%C3%BCrgen%20M%C3%BCller'],
    ['100%', '100%25'],
    ['a b', 'a%20b'],
    ['😀', '%F0%9F%98%80'],
    ['\ud800', '%EF%BF%BD'],
  ])('hold %s as %s', (subject, expected) => {
    expect(identityHeaders(allow({ subject }))['x-audgate-subject']).toBe(expected);
  });

  it('are visible ASCII whatever the token says, and decode to it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (subject) => {
        const value = identityHeaders(allow({ subject }))['x-audgate-subject'];
        expect(value).toMatch(/^[\x21-\x7e]*$/);
        expect(decodeURIComponent(value)).toBe(subject);
      }),
    );
  });
});
