/** What a token, or claims, open at every server. */
import { describe, expect, it } from 'vitest';
import type { Reach } from '../../src/decision/reach.ts';
import { type Desk, EDGE, EVERYONE, openDesk } from '../decide/desk.ts';
import { NOW, RIGHT } from '../property/world.ts';

const ask = async (desk: Desk, spec?: Parameters<Desk['token']>[0], at?: number) =>
  desk.service.reach({ token: await desk.token(spec) }, at, EVERYONE);
const names = ({ servers: [first] }: Reach) => first?.operations.map(({ kind, name }) => `${kind} ${name}`);
const codes = (list: Reach['closed']) => list.map(({ codes: all, servers }) => [servers, all]);

describe('a right token', () => {
  it('opens what its scopes open at its server, and nothing elsewhere', async () => {
    const desk = await openDesk();
    const reach = await ask(desk);
    expect(reach).toMatchObject({
      at: '2026-11-23T12:00:00Z',
      verified: true,
      token: { issuer: 'corp', audiences: ['https://files.example.com/mcp'], subject: 'user-1', bound: [] },
      asked: 2,
      servers: [{ server: 'files', state: 'open', valid_until: '2026-11-23T12:05:00Z', waivers: [] }],
      unknown: [],
      custom: 'none',
    });
    expect(names(reach)).toContain('tool read_file');
    expect(names(reach)).not.toContain('tool write_file');
    expect(codes(reach.closed)).toEqual([[['billing'], ['audience_mismatch']]]);
  });

  it('is asked about at another time', async () => {
    const reach = await ask(await openDesk(), {}, NOW + 600);
    expect(reach).toMatchObject({ at: '2026-11-23T12:10:00Z', servers: [] });
    expect(codes(reach.closed)).toContainEqual([['files'], ['token_expired']]);
  });

  it('is told to who may see one server as if there were no other', async () => {
    const desk = await openDesk();
    const reach = await desk.service.reach({ token: await desk.token() }, undefined, EDGE);
    expect(reach).toMatchObject({ asked: 1, closed: [] });
    expect(JSON.stringify(reach)).not.toContain('billing');
  });

  it('is recorded once, as reach', async () => {
    const desk = await openDesk();
    const { decision_id } = await ask(desk);
    expect(desk.events).toMatchObject([{ path: 'audgate/reach', decision: { decision: 'allow', decision_id } }]);
  });
});

describe('claims', () => {
  it('open the same as a token of them, and are told to be unverified', async () => {
    const desk = await openDesk();
    const { decision_id: _, verified, ...reach } = await desk.service.reach({ claims: RIGHT }, undefined, EVERYONE);
    const { decision_id: __, verified: signed, ...ofToken } = await ask(desk, { claims: { jti: RIGHT.jti ?? null } });
    expect([verified, signed]).toEqual([false, true]);
    const last = reach.leaked?.beyond.at(-1);
    expect(last).toContain('Nobody verified');
    const beyond = reach.leaked?.beyond.slice(0, -1);
    expect({ ...reach, leaked: { ...reach.leaked, beyond } }).toEqual(ofToken);
  });

  it('of which some are ill-formed open nothing', async () => {
    const desk = await openDesk();
    const reach = await desk.service.reach({ claims: { ...RIGHT, exp: 'soon' } }, undefined, EVERYONE);
    expect(reach).toMatchObject({ token: null, servers: [], leaked: null });
    expect(codes(reach.closed)).toEqual([[['billing', 'files'], ['claims_invalid']]]);
  });
});

describe('a waiver', () => {
  it('is told with its owner and its end', async () => {
    const reach = await ask(await openDesk(), { claims: { aud: 'api://default', client_id: 'desktop' } });
    expect(names(reach)).toEqual(['tool read_file']);
    expect(reach.servers).toMatchObject([
      {
        server: 'files',
        state: 'open',
        valid_until: '2026-11-23T12:01:27Z',
        waivers: [{ what: 'audience', owner: 'team-files', until: '2026-11-23T12:01:27.9Z' }],
      },
    ]);
  });
});

describe('what needs more than the token', () => {
  const authentication = { acr_values: ['mfa'], max_age_seconds: 300 };
  const files = { tools: { read_file: { scopes: ['files:read'] }, pay: { authentication } } };

  it('is not open: a bound token needs the proof of its holder', async () => {
    const reach = await ask(await openDesk({ files }), { claims: { cnf: { jkt: 'x'.repeat(43) } } });
    expect(reach).toMatchObject({ token: { bound: ['dpop'] }, servers: [{ server: 'files', state: 'conditional' }] });
    const operations = reach.servers[0]?.operations ?? [];
    expect(operations.find(({ name }) => name === 'read_file')).toMatchObject({ needs: ['dpop'] });
    expect(operations.find(({ name }) => name === 'pay')).toMatchObject({ needs: ['dpop', 'step_up'], authentication });
  });

  it('is not open: one of a certificate needs the certificate', async () => {
    const reach = await ask(await openDesk({ files }), { claims: { cnf: { 'x5t#S256': 'x'.repeat(43) } } });
    expect(reach.servers[0]?.operations[0]).toMatchObject({ needs: ['certificate'] });
  });

  it('is not open: an operation asks for another authentication of the user', async () => {
    const reach = await ask(await openDesk({ files }));
    expect(reach.servers).toMatchObject([{ state: 'open' }]);
    expect(reach.servers[0]?.operations.find(({ name }) => name === 'pay')).toMatchObject({ needs: ['step_up'] });
    const strong = await ask(await openDesk({ files }), { claims: { acr: 'mfa', auth_time: NOW } });
    expect(strong.servers[0]?.operations.find(({ name }) => name === 'pay')).toMatchObject({ needs: [] });
  });

  it.each([
    ['a server that requires a binding, and a token without', { sender_constraint: 'dpop' }, {}],
    ['a binding that nobody can verify', {}, { cnf: { kid: 'k' } }],
    ['a binding of two kinds of which nobody can verify one', {}, { cnf: { jkt: 'x'.repeat(43), kid: 'k' } }],
    ['a binding of another kind than required', { sender_constraint: 'mtls' }, { cnf: { jkt: 'x'.repeat(43) } }],
  ])('opens with no proof: %s', async (_, record, claims) => {
    const reach = await ask(await openDesk({ files: { ...files, ...record } }), { claims });
    expect(reach.servers).toEqual([]);
    expect(reach.token?.bound).toEqual('cnf' in claims ? [Object.hasOwn(claims.cnf, 'kid') ? 'other' : 'dpop'] : []);
  });

  it('is never open: no user can be authenticated in two ways that exclude each other', async () => {
    const tools = { read_file: { scopes: ['files:read'] }, pay: { authentication: { acr_values: ['a'] } } };
    const methods = { 'tools/call': { authentication: { acr_values: ['b'] } } };
    const reach = await ask(await openDesk({ files: { tools, methods } }));
    const needs = reach.servers[0]?.operations.map((one) => [one.name, one.needs]);
    expect(needs).toContainEqual(['read_file', ['step_up']]);
    expect(needs?.map(([name]) => name)).not.toContain('pay');
  });
});

describe('where nobody knows', () => {
  it('a server is unknown, and not closed', async () => {
    const reach = await ask(await openDesk({ keyless: true }));
    expect(reach).toMatchObject({ verified: false, servers: [] });
    expect(codes(reach.unknown)).toEqual([[['files'], ['keys_unavailable']]]);
    expect(codes(reach.closed)).toEqual([[['billing'], ['audience_mismatch']]]);
  });
});

it('is not a token: the text opens nothing', async () => {
  const desk = await openDesk();
  const reach = await desk.service.reach({ token: 'a.b.c' }, undefined, EVERYONE);
  expect(codes(reach.closed)).toEqual([[['billing', 'files'], ['token_malformed']]]);
});
