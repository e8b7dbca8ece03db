/** What raises each kind of misuse, and what does not (docs/misuse.md). */
import { describe, expect, it } from 'vitest';
import { resourceOf, type Shown, watching } from './decided.ts';

const FOREIGN = ['audience_mismatch'] as const;
/** A verified token of one server that came to another. */
const stray = (text: string, at: string, from: string, over: Partial<Shown> = {}): Shown => ({
  text,
  server: at,
  codes: FOREIGN,
  claims: { audiences: [resourceOf(from)] },
  call: null,
  ...over,
});
const platform = (text: string, at: string, over: Partial<Shown> = {}): Shown => ({
  ...stray(text, at, at, { claims: { audiences: ['api://default'] }, ...over }),
});
/** A text that nobody stands behind. */
const madeUp = (text: string, at: string, over: Partial<Shown> = {}): Shown => ({
  text,
  server: at,
  codes: ['signature_invalid'],
  claims: null,
  call: null,
  ...over,
});

describe('token_elsewhere', () => {
  it('is told at the first decision about a verified token of another registered server', () => {
    const watch = watching();
    expect(watch.see(stray('t', 'files', 'billing'))).toEqual(['token_elsewhere']);
    expect(watch.events[0]).toMatchObject({
      servers: ['files'],
      callers: ['edge'],
      issuer: 'corp',
      client_id: 'app',
      subject: 'user',
      token_id: 'id of t',
      codes: ['audience_mismatch'],
      untold: 0,
      references: expect.arrayContaining(['ASI03']),
    });
  });

  it('is told of a token of no registered server only when a second server sees it', () => {
    const watch = watching();
    expect(watch.see(platform('t', 'files'))).toEqual([]);
    expect(watch.see(platform('t', 'files'))).toEqual([]);
    expect(watch.see(platform('t', 'billing'))).toEqual(['token_elsewhere']);
    expect(watch.events[0]).toMatchObject({ servers: ['files', 'billing'] });
  });

  it('is told of a text that nobody stands behind at the second server, without what it says of itself', () => {
    const watch = watching();
    watch.see(madeUp('t', 'files'));
    expect(watch.see(madeUp('t', 'billing'))).toEqual(['token_elsewhere']);
    expect(Object.keys(watch.events[0] ?? {})).not.toEqual(expect.arrayContaining(['issuer']));
    expect(JSON.stringify(watch.events)).not.toMatch(/user|app|id of/);
  });

  it('names nobody while keys cannot be had, whatever the claims say', () => {
    const watch = watching();
    const unread = { verified: false, claims: { client_id: 'victim', audiences: [resourceOf('billing')] } };
    expect(watch.see(stray('t', 'files', 'billing', unread))).toEqual([]);
    expect(watch.see(stray('t', 'mail', 'billing', unread))).toEqual(['token_elsewhere']);
    expect(JSON.stringify(watch.events)).not.toContain('victim');
  });

  it('is not told where a waiver lets the token in, or did', () => {
    const watch = watching();
    const over = { waived: ['api://default'] };
    expect(watch.see(platform('t', 'files', { ...over, codes: [] }))).toEqual([]);
    expect(watch.see(platform('t', 'billing', over))).toEqual([]);
    expect(watch.see(platform('t', 'mail', { ...over, codes: ['audience_mismatch', 'waiver_expired'] }))).toEqual([]);
  });

  it('is not told across a window', () => {
    const watch = watching();
    watch.see(platform('t', 'files'));
    watch.pass(600_001);
    expect(watch.see(platform('t', 'billing'))).toEqual([]);
  });
});

describe('server_sweep', () => {
  it('is told at the third server that refuses one client, each with a token of its own', () => {
    const watch = watching();
    for (const server of ['a', 'b']) expect(watch.see(platform(`for ${server}`, server))).toEqual([]);
    watch.see(platform('another', 'b'));
    expect(watch.see(platform('for c', 'c'))).toEqual(['server_sweep']);
    expect(watch.events[0]).toMatchObject({ servers: ['a', 'b', 'c'], client_id: 'app' });
  });

  it('does not add up the users of one program, or refusals that are no foreign token', () => {
    const watch = watching();
    for (const [index, server] of ['a', 'b', 'c', 'd'].entries()) {
      watch.see(platform(server, server, { claims: { audiences: ['api://default'], subject: `user-${index}` } }));
      const own = { text: `own ${server}`, server };
      for (const code of ['scope_insufficient', 'tool_unknown', 'token_expired', 'proof_missing'] as const)
        watch.see({ ...own, codes: [code] });
    }
    expect(watch.kinds()).toEqual([]);
  });

  it('is told of one text that nobody stands behind, and never of whom it names', () => {
    const watch = watching();
    for (const server of ['a', 'b', 'c']) watch.see(madeUp('t', server));
    expect(watch.kinds()).toEqual(['token_elsewhere', 'server_sweep']);
    // Each a text of its own: nothing ties them together.
    for (const server of ['a', 'b', 'c', 'd']) watch.see(madeUp(`t at ${server}`, server));
    expect(watch.kinds()).toEqual(['token_elsewhere', 'server_sweep']);
  });
});

describe('fallback_retry', () => {
  const call = { method: 'tools/call', tool: 'pay' };

  it('is told of the same call with the same token at another server, a moment after a refusal', () => {
    const watch = watching();
    watch.see({ text: 't', server: 'files', codes: ['scope_insufficient'], call });
    watch.pass(9000);
    expect(watch.see(stray('t', 'billing', 'files', { call }))).toEqual(['token_elsewhere', 'fallback_retry']);
    expect(watch.events[1]).toMatchObject({
      servers: ['files', 'billing'],
      codes: ['scope_insufficient', 'audience_mismatch'],
    });
  });

  it('is told after an outage too, when nobody can say what the token is', () => {
    const watch = watching();
    const outage = { codes: ['introspection_unavailable'], outcome: 'indeterminate', claims: null, call } as const;
    watch.see({ text: 't', server: 'files', ...outage });
    expect(watch.see({ text: 't', server: 'billing', ...outage })).toEqual(['fallback_retry']);
  });

  it('is not told at the same server, of another call, later, or where nobody looked at the call', () => {
    const watch = watching();
    const refused = (text: string, over: Partial<Shown> = {}) =>
      watch.see({ text, server: 'files', codes: ['scope_insufficient'], call, ...over });
    refused('a');
    refused('a');
    refused('b');
    watch.see(stray('b', 'billing', 'files', { call: { method: 'tools/call', tool: 'read' } }));
    refused('c');
    watch.pass(10_001);
    watch.see(stray('c', 'billing', 'files', { call }));
    refused('d', { call: { method: '*' } });
    watch.see(stray('d', 'billing', 'files', { call: { method: '*' } }));
    expect(watch.kinds()).not.toContain('fallback_retry');
  });

  it('is not told of a token that waivers let in at both', () => {
    const watch = watching();
    const waived = { text: 't', claims: { audiences: ['api://default'] }, waived: ['api://default'], call };
    watch.see({ ...waived, server: 'files', codes: ['keys_unavailable'], outcome: 'indeterminate' });
    expect(watch.see({ ...waived, server: 'billing' })).toEqual([]);
  });

  it('is not told of a holder who comes to the server of its token, whoever tried it elsewhere', () => {
    const watch = watching();
    watch.see(stray('t', 'billing', 'files', { call }));
    watch.see({ text: 't', server: 'files', call });
    expect(watch.kinds()).toEqual(['token_elsewhere']);
  });
});

describe('several_gateways', () => {
  const through = (name: string, over: Partial<Shown> = {}, gateway?: string): Shown => ({
    text: 't',
    server: 'files',
    caller: { name, ...(gateway !== undefined && { gateway }) },
    ...over,
  });

  it('is told of one token through two callers', () => {
    const watch = watching();
    watch.see(through('east'));
    expect(watch.see(through('west'))).toEqual(['several_gateways']);
    expect(watch.events[0]).toMatchObject({ callers: ['east', 'west'], servers: ['files'], codes: [] });
  });

  it('is not told of replicas of one gateway, of expired tokens, of made-up ones or across a window', () => {
    const watch = watching();
    watch.see(through('east', {}, 'front'));
    watch.see(through('west', {}, 'front'));
    for (const name of ['east', 'west']) watch.see(through(name, { text: 'old', codes: ['token_expired'] }));
    for (const name of ['east', 'west']) watch.see(madeUp('x', 'files', { caller: { name } }));
    watch.see(through('east', { text: 'late' }));
    watch.pass(600_001);
    watch.see(through('west', { text: 'late' }));
    expect(watch.kinds()).toEqual([]);
  });
});

describe('which token it is', () => {
  const through = (text: string, name: string, over: Partial<Shown> = {}): Shown => ({
    text,
    server: 'files',
    caller: { name },
    call: null,
    ...over,
  });

  it('does not change with a signature that stays right', () => {
    const watch = watching();
    watch.see(through('head.claims.signature', 'east'));
    expect(watch.see(through('head.claims.another', 'west'))).toEqual(['several_gateways']);
  });

  it('is nothing that anybody can say who has no right signature', () => {
    const watch = watching();
    watch.see(through('head.claims.signature', 'east'));
    for (const server of ['billing', 'mail']) watch.see(madeUp('head.claims.wrong', server));
    expect(watch.events.map(({ kind, client_id }) => [kind, client_id])).toEqual([['token_elsewhere', undefined]]);
    expect(watch.events[0]).toMatchObject({ servers: ['billing', 'mail'] });
    // Who has the whole text has the token, though nobody can look at it now.
    const outage = { codes: ['keys_unavailable'], outcome: 'indeterminate', claims: null } as const;
    watch.see(through('head.claims.signature', 'east', outage));
    expect(watch.sizes()).toMatchObject({ verified: 1, unverified: 1 });
  });

  it('is the whole text where the issuer was asked', () => {
    const watch = watching();
    for (const [text, name] of [
      ['opaque.one', 'east'],
      ['opaque.two', 'west'],
    ] as const)
      watch.see(through(text, name, { claims: { type: 'introspection', algorithm: undefined } as never }));
    expect(watch.kinds()).toEqual([]);
  });
});

describe('passed_through', () => {
  it('is told of the hub, and nothing else of its client', () => {
    const watch = watching();
    const claims = { audiences: [resourceOf('hub')] };
    watch.see({ text: 't', server: 'hub', claims, call: null });
    const codes = ['audience_mismatch', 'token_passthrough'] as const;
    for (const server of ['a', 'b', 'c'])
      watch.see({ text: 't', server, codes, claims, call: null, caller: { name: 'hub' } });
    expect(watch.kinds()).toEqual(['passed_through']);
    expect(watch.repeated()).toBe(2);
  });
});

describe('revoked_in_use', () => {
  it('is told of a verified token that is on the list', () => {
    const watch = watching();
    expect(watch.see({ text: 't', server: 'files', codes: ['token_revoked'] })).toEqual(['revoked_in_use']);
    expect(watch.see({ text: 'u', server: 'files', codes: ['token_revoked'], verified: false })).toEqual([]);
  });
});

describe('target_rewritten', () => {
  const registry = { issuerByIss: new Map() };
  it('is told of a grant that was turned to another target, once a client and window', () => {
    const watch = watching();
    const one = (code: 'resource_changed' | 'exchange_not_allowed' | 'resource_generic', client_id = 'app') =>
      watch.observeIssuance({
        question: { issuer: 'https://login.example.com', client_id },
        caller: { name: 'as' },
        decision: { decision_id: 'd', server: null, reasons: [{ code, message: code }] },
        registry: { issuerByIss: new Map([['https://login.example.com', { key: 'corp' } as never]]) },
      });
    one('resource_generic');
    expect(watch.kinds()).toEqual([]);
    one('resource_changed');
    one('exchange_not_allowed');
    expect(watch.kinds()).toEqual(['target_rewritten']);
    expect(watch.events[0]).toMatchObject({ servers: [], callers: ['as'], issuer: 'corp', client_id: 'app' });
    one('exchange_not_allowed', 'other');
    expect(watch.events).toHaveLength(2);
    // An issuer that is not registered is nobody.
    watch.observeIssuance({
      question: { issuer: 'https://nobody.example', client_id: 'x' },
      caller: { name: 'as' },
      decision: { decision_id: 'd', server: null, reasons: [{ code: 'resource_changed', message: '' }] },
      registry,
    });
    expect(watch.events).toHaveLength(2);
  });
});

it('tells each kind once a token and window, and counts the rest', () => {
  const watch = watching();
  for (let time = 0; time < 5; time++) watch.see(stray('t', 'files', 'billing'));
  expect([watch.kinds(), watch.repeated()]).toEqual([['token_elsewhere'], 4]);
  watch.pass(600_000);
  expect(watch.see(stray('t', 'files', 'billing'))).toEqual(['token_elsewhere']);
});

it('sums up a flood, and a flood of made-up tokens silences nothing that is told of real ones', () => {
  const watch = watching();
  for (let one = 0; one < 500; one++) for (const server of ['a', 'b']) watch.see(madeUp(`t${one}`, server));
  expect(watch.events).toHaveLength(10);
  expect(watch.see(stray('real', 'files', 'billing'))).toEqual(['token_elsewhere']);
  watch.pass(60_000);
  expect(watch.events).toHaveLength(12);
  expect(watch.events.at(-1)).toMatchObject({ kind: 'token_elsewhere', untold: 490, servers: ['a', 'b'] });
  watch.flush();
  expect(watch.events).toHaveLength(12);
});

it('looks for what is configured, and for nothing where that is nothing', () => {
  const watch = watching({ kinds: ['server_sweep'] });
  watch.see(stray('t', 'files', 'billing'));
  expect(watch.kinds()).toEqual([]);
  const off = watching({ kinds: [] });
  off.see(stray('t', 'files', 'billing'));
  expect(off.sizes()).toEqual({ verified: 0, unverified: 0, clients: 0 });
});
