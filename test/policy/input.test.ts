import { describe, expect, it } from 'vitest';
import type { CallFacts, TokenFacts } from '../../src/decision/facts.ts';
import { type PolicyInput, policyInput } from '../../src/decision/input.ts';
import { buildInput, type InputParts } from '../../src/policy/input.ts';
import { NOW } from './questions.ts';
import { registryOf, VARIED } from './registries.ts';

const registry = registryOf(VARIED);
const RESOURCE = 'https://files.example.com/mcp';
const TOKEN: TokenFacts = {
  type: 'at+jwt',
  algorithm: 'ES256',
  key_id: 'k1',
  issuer: 'https://login.example.com',
  audiences: [RESOURCE],
  scopes: ['files:read'],
  claims: { tenant: 'acme' },
};
const CALL: CallFacts = { method: 'tools/call', tool: 'read_file', arguments: { path: '/secret' } };

function build(
  change: Partial<Pick<InputParts, 'call' | 'now' | 'context'>> & { token?: Partial<TokenFacts>; iss?: string } = {},
): PolicyInput {
  const server = registry.servers.get('files');
  const issuer = registry.issuers.get(change.iss ?? 'corp');
  if (server === undefined || issuer === undefined) throw new Error('the registry lacks files or the issuer');
  return buildInput({
    call: change.call ?? CALL,
    token: { ...TOKEN, ...change.token },
    server,
    issuer,
    registry,
    now: change.now ?? NOW,
    context: change.context ?? { caller: 'edge' },
  });
}

describe('the input of a call with many targets', () => {
  const method = 'subscriptions/listen';
  it('holds all of them, and which are not open', () => {
    const call = { method, lists: ['tools/list'], uris: ['file:///nowhere'], tasks: ['t1'] };
    const input = build({ call });
    expect(policyInput.parse(input)).toEqual(input);
    expect(input.call).toEqual(call);
    expect(input.registered.operation).toBeUndefined();
    expect(input.registered.unlisted).toEqual({ uris: ['file:///nowhere'], tasks: ['t1'] });
  });
  it('says nothing of what is not open where all of it is, or where the call is another', () => {
    const open = build({ call: { method, lists: ['tools/list'], uris: [], tasks: [] } });
    expect(open.registered).toMatchObject({ operation: { name: `${method} tools/list` } });
    expect('unlisted' in open.registered).toBe(false);
    expect('unlisted' in build({ call: { method: 'tools/call', tool: 'unlisted' } }).registered).toBe(false);
  });
});

describe('the input', () => {
  it('follows its schema, with as little as there may be and with all there may be', () => {
    const full = build({
      token: {
        subject: 'user-1',
        client_id: 'client-1',
        token_id: 'j1',
        issued_at: NOW,
        expires_at: NOW + 300,
        not_before: NOW,
        confirmation: { jkt: 'x' },
        actor: 'agent-1',
      },
      context: { caller: 'edge', client_ip: '203.0.113.7', request_id: 'r1', extra: { a: 1 } },
    });
    expect(policyInput.parse(full)).toEqual(full);
    expect(policyInput.parse(build())).toEqual(build());
    expect(full.token).toMatchObject({
      subject: 'user-1',
      not_before: NOW,
      confirmation: { jkt: 'x' },
      actor: 'agent-1',
    });
    expect(full.context).toEqual({ caller: 'edge', client_ip: '203.0.113.7', request_id: 'r1', extra: { a: 1 } });
  });

  it('has no member where there is no fact', () => {
    const { token, call, context, proof } = build();
    expect(Object.keys(token)).toEqual(['type', 'audiences', 'scopes', 'algorithm', 'key_id']);
    expect(Object.keys(call)).toEqual(['method', 'tool']);
    expect(Object.keys(context)).toEqual(['caller']);
    expect(proof).toBeUndefined();
  });

  it('holds neither arguments nor claims: only custom rules see them', () => {
    const text = JSON.stringify(build());
    expect(text).not.toContain('secret');
    expect(text).not.toContain('acme');
  });

  it('holds the operation that the registry knows, and none that it does not', () => {
    expect(build().registered.operation).toMatchObject({ name: 'tools/call read_file', scopes: ['files:read'] });
    expect(build({ call: { method: 'tools/call', tool: 'delete' } }).registered).not.toHaveProperty('operation');
  });

  it('tells the hour in UTC, Monday first', () => {
    expect(build({ now: Date.UTC(2026, 10, 23, 0, 0, 0) / 1000 }).time).toEqual({
      weekday: 1,
      hour: 0,
      minute: 0,
      date: '2026-11-23',
    });
    expect(build({ now: Date.UTC(2026, 10, 22, 23, 59, 59) / 1000 }).time).toEqual({
      weekday: 7,
      hour: 23,
      minute: 59,
      date: '2026-11-22',
    });
  });

  it('accepts an audience of one issuer in that issuer’s tokens only', () => {
    expect(build().registered.server.audiences).toEqual([RESOURCE, 'api://files']);
    expect(build({ iss: 'partner' }).registered.server.audiences).toEqual([RESOURCE]);
  });

  it('names the values of aud that belong elsewhere: to another server or to an issuer', () => {
    const audiences = [RESOURCE, 'https://billing.example.com/mcp', 'https://partner.example.com', 'api://unknown'];
    expect(build({ token: { audiences } }).registered.elsewhere).toEqual([
      'https://billing.example.com/mcp',
      'https://partner.example.com',
    ]);
  });

  it('holds the waivers for this issuer and client, and no others', () => {
    const of = (client_id: string, iss = 'corp') =>
      build({ token: { client_id }, iss }).registered.waivers.map(({ what }) => what);
    expect(of('client-1')).toEqual(['lifetime']);
    expect(of('audgate-probe')).toEqual(['audience']);
    expect(of('client-1', 'partner')).toEqual([]);
    expect(build().registered.waivers).toEqual([]);
  });
});
