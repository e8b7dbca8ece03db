/** An evaluation as the answer of the contract: principal, end of validity, challenge (contract 2). */
import { describe, expect, it } from 'vitest';
import { answer } from '../../src/decide/answer.ts';
import type { Caller } from '../../src/decide/ask.ts';
import type { Evaluation } from '../../src/decide/evaluate.ts';
import type { WaiverUse } from '../../src/decision/decision.ts';
import type { TokenFacts } from '../../src/decision/facts.ts';
import { FILES, NOW } from '../property/world.ts';
import { openDesk } from './desk.ts';

const LOCAL: Caller = { name: 'local', servers: '*' };
const TOKEN: TokenFacts = {
  type: 'at+jwt',
  algorithm: 'ES256',
  key_id: 'corp',
  issuer: 'https://login.example.com',
  audiences: [FILES],
  scopes: ['files:read'],
  issued_at: NOW,
  expires_at: NOW + 300,
  claims: {},
};

async function allowed(token: Partial<TokenFacts>, waivers: readonly WaiverUse[] = []) {
  const { service } = await openDesk();
  const server = service.current().registry.servers.get('files') ?? null;
  const evaluation: Evaluation = {
    outcome: 'allow',
    server,
    reasons: [],
    call: { method: 'ping' },
    token: { ...TOKEN, ...token },
    input: null,
    custom: null,
    required_scopes: [],
    waivers,
    would_deny: [],
    reported: [],
  };
  const made = answer(evaluation, 'id-1', 'sha256:1', LOCAL);
  if (made.decision !== 'allow') throw new Error(made.decision);
  return made;
}

const waiver = (until: string, what: WaiverUse['what'] = 'audience', owner = 'team-files') => ({ what, owner, until });

describe('an allow', () => {
  it('has all the members that every answer has, and no challenge', async () => {
    expect(await allowed({})).toEqual({
      decision: 'allow',
      decision_id: 'id-1',
      server: 'files',
      reasons: [],
      revision: 'sha256:1',
      principal: {
        issuer: 'https://login.example.com',
        subject: null,
        client_id: null,
        scopes: ['files:read'],
        actor: null,
      },
      valid_until: '2026-11-23T12:05:00Z',
      advice: {},
    });
  });

  it('says whom the token speaks for, exactly as the token does', async () => {
    const { principal } = await allowed({ subject: 'Zoë\u202e', client_id: 'client-1', actor: 'agent-7', scopes: [] });
    expect(principal).toMatchObject({ subject: 'Zoë\u202e', client_id: 'client-1', actor: 'agent-7', scopes: [] });
  });

  it('lists waivers in one order, whatever order policy gave', async () => {
    const [a, b, c] = [
      waiver('2026-12-01T00:00:00Z'),
      waiver('2026-12-01T00:00:00Z', 'lifetime', 'a'),
      waiver('2026-12-01T00:00:00Z', 'lifetime', 'b'),
    ];
    expect((await allowed({}, [c, b, a])).advice).toEqual({ waivers: [a, b, c] });
    expect((await allowed({}, [b, a, c])).advice).toEqual({ waivers: [a, b, c] });
  });
});

describe('valid_until', () => {
  it.each<[string, readonly string[], string]>([
    ['the end of the token', [], '2026-11-23T12:05:00Z'],
    ['the end of the token where that is first', ['2026-11-24T00:00:00Z'], '2026-11-23T12:05:00Z'],
    ['the end of the first waiver', ['2026-11-23T12:04:00Z', '2026-11-23T12:03:00Z'], '2026-11-23T12:03:00Z'],
    // The rule holds while now < until_seconds, a whole second.
    ['the last whole second of a waiver', ['2026-11-23T12:01:27.9Z'], '2026-11-23T12:01:27Z'],
    ['the last whole second, however fine', ['2026-11-23T12:01:27.999999999Z'], '2026-11-23T12:01:27Z'],
  ])('is %s', async (_, ends, until) => {
    expect(
      (
        await allowed(
          {},
          ends.map((end) => waiver(end)),
        )
      ).valid_until,
    ).toBe(until);
  });

  it('is never later than the rule holds', async () => {
    const { service, token, explain } = await openDesk();
    const desktop = await token({ claims: { client_id: 'desktop', aud: 'api://default' } });
    const { would_decide } = await explain({ token: desktop });
    if (would_decide.decision !== 'allow') throw new Error(JSON.stringify(would_decide));
    expect(would_decide.valid_until).toBe('2026-11-23T12:01:27Z');
    // `advice` shows the end as its owner wrote it.
    expect(would_decide.advice).toEqual({ waivers: [waiver('2026-11-23T12:01:27.9Z')] });
    const end = Date.parse(would_decide.valid_until) / 1000;
    expect((await explain({ token: desktop }, end - 1)).would_decide.decision).toBe('allow');
    expect((await explain({ token: desktop }, end)).would_decide.decision).toBe('deny');
    expect(service.current().registry.servers.get('files')?.waivers[0]?.until_seconds).toBe(end);
  });
});

describe('a deny', () => {
  it('carries the challenge of its first reason, and no principal', async () => {
    const { decide, token } = await openDesk();
    const decision = await decide({ token: await token({ claims: { aud: 'x', exp: '+3600' } }) });
    expect(decision).not.toHaveProperty('principal');
    expect(decision).toMatchObject({
      decision: 'deny',
      server: 'files',
      reasons: [{ code: 'audience_mismatch' }, { code: 'lifetime_exceeded' }],
      challenge: {
        status: 401,
        headers: {
          'www-authenticate': [
            'Bearer error="invalid_token", error_description="The access token is not valid for this server", resource_metadata="https://files.example.com/.well-known/oauth-protected-resource/mcp", scope="files:read"',
          ],
        },
      },
    });
  });

  it('of a server that nobody knows has server null, and no header', async () => {
    const { decide } = await openDesk();
    expect(await decide({ server: 'x' })).toMatchObject({ server: null, challenge: { status: 403, headers: {} } });
  });

  it('for want of scopes asks for the operation’s, in their order', async () => {
    const { decide, token } = await openDesk();
    const decision = await decide({
      token: await token(),
      source: { kind: 'call', method: 'tools/call', tool: 'write_file' },
    });
    expect(JSON.stringify(decision)).toContain('scope=\\"files:write files:own\\"');
  });
});

describe('an indeterminate', () => {
  it('has reasons and neither challenge nor principal', async () => {
    const { decide, token } = await openDesk({ keyless: true });
    const decision = await decide({ token: await token() });
    expect(Object.keys(decision).sort()).toEqual(['decision', 'decision_id', 'reasons', 'revision', 'server']);
    expect(decision.decision).toBe('indeterminate');
  });
});

it('an allow without token is a bug, not an answer', () => {
  const nothing = { server: null, reasons: [], call: null, token: null, input: null, custom: null };
  expect(() =>
    answer(
      { ...nothing, outcome: 'allow', required_scopes: [], waivers: [], would_deny: [], reported: [] },
      'id-1',
      'sha256:1',
      LOCAL,
    ),
  ).toThrow('bug');
});
