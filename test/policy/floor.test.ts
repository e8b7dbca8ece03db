import { describe, expect, it } from 'vitest';
import type { PolicyInput } from '../../src/decision/input.ts';
import { belowFloor } from '../../src/policy/floor.ts';
import { audienceWaiver, NOW, question } from './questions.ts';

const RESOURCE = 'https://files.example.com/mcp';

describe('the floor', () => {
  it.each([
    ['the resource', [RESOURCE]],
    ['another accepted audience', [`${RESOURCE}/`]],
    ['two accepted audiences', [RESOURCE, `${RESOURCE}/`]],
    ['what the issuer adds beside it', ['account', RESOURCE]],
  ])('lets stand an allow for aud = %s', (_, audiences) => {
    expect(belowFloor(question({ token: { audiences } }))).toBeNull();
  });

  it.each([
    ['nothing', []],
    ['a neighbour', ['https://billing.example.com/mcp']],
    ['a neighbour beside it', [RESOURCE, 'https://billing.example.com/mcp']],
    ['only what the issuer adds', ['account']],
    ['the parent', ['https://files.example.com']],
    ['another case', ['https://FILES.example.com/mcp']],
    ['a default port', ['https://files.example.com:443/mcp']],
    ['another Unicode form', ['https://files.example.com/mcp\u0301']],
    ['the empty text', ['']],
  ])('does not for aud = %s', (_, audiences) => {
    expect(belowFloor(question({ token: { audiences } }))).toMatch(/aud/);
  });

  it('does not for an issuer that the server does not list', () => {
    expect(belowFloor(question({ issuer: { key: 'partner' } }))).toMatch(/issuer/);
  });

  it('does not without exp', () => {
    const { expires_at: _, ...token } = question().token;
    expect(belowFloor({ ...question(), token })).toMatch(/expire/);
  });

  it('holds exp to the second, tolerance included', () => {
    const expires_at = NOW - 4;
    expect(belowFloor(question({ token: { expires_at } }))).toBeNull();
    expect(belowFloor(question({ token: { expires_at: NOW - 5 } }))).toMatch(/expire/);
    expect(belowFloor(question({ token: { expires_at: Number.NaN } }))).toMatch(/expire/);
  });
});

describe('a hub in front, at the floor', () => {
  const hubs = [{ key: 'hub', audiences: ['https://hub.example.com/mcp', 'api://hub'] }];
  const floorFor = (audiences: string[], waivers: ReturnType<typeof audienceWaiver>[] = []) => {
    const asked = question({ token: { audiences }, waivers });
    return belowFloor({ ...asked, registered: { ...asked.registered, hubs } });
  };

  it('lets stand an allow for the server alone', () => {
    expect(floorFor([RESOURCE])).toBeNull();
  });

  it('does not for a value of the hub, alone, beside the server, or where a waiver would cover it', () => {
    expect(floorFor(['https://hub.example.com/mcp'])).toMatch(/hub "hub"/);
    expect(floorFor([RESOURCE, 'api://hub'])).toMatch(/hub "hub"/);
    expect(floorFor(['api://hub'], [audienceWaiver({ audience: 'api://hub' })])).toMatch(/hub "hub"/);
  });
});

describe('an audience waiver at the floor', () => {
  const token = { audiences: ['api://default'] };
  const floorWith = (waiver: ReturnType<typeof audienceWaiver>, change: object = {}) =>
    belowFloor(question({ token: { ...token, ...change }, waivers: [waiver] }));

  it('in force for this issuer, client, operation and value lets the allow stand', () => {
    expect(floorWith(audienceWaiver())).toBeNull();
    expect(floorWith(audienceWaiver({ until_seconds: NOW + 1 }))).toBeNull();
  });

  it.each([
    ['ended now', audienceWaiver({ until_seconds: NOW })],
    ['of another issuer', audienceWaiver({ issuer: 'partner' })],
    ['of another client', audienceWaiver({ client_id: 'client-2' })],
    ['for another operation', audienceWaiver({ operations: ['tools/call write_file'] })],
    ['for another value', audienceWaiver({ audience: 'api://other' })],
    ['of a lifetime', audienceWaiver({ what: 'lifetime' })],
  ])('%s does not', (_, waiver) => {
    expect(floorWith(waiver)).toMatch(/aud/);
  });

  it('does not for a second value beside the waived one', () => {
    expect(floorWith(audienceWaiver(), { audiences: ['api://default', 'api://other'] })).toMatch(/aud/);
  });

  it('does not for an operation that the registry does not know', () => {
    const asked = question({ token, waivers: [audienceWaiver()] });
    const { operation: _, ...registered } = asked.registered;
    expect(belowFloor({ ...asked, registered })).toMatch(/aud/);
  });
});

describe('a waiver that observes, at the floor', () => {
  const observing = (changed: Partial<ReturnType<typeof audienceWaiver>> = {}) => {
    const { audience: _, ...waiver } = audienceWaiver({ what: 'observe', codes: ['audience_mismatch'], ...changed });
    return waiver;
  };
  const asked = { token: { audiences: ['api://default'] }, waivers: [observing()] };
  const floor = (change: Parameters<typeof question>[0] = {}, codes = ['audience_mismatch']) =>
    belowFloor(question({ ...asked, ...change }), codes);

  it('in force for this issuer, client, operation and code lets the allow stand', () => {
    expect(floor()).toBeNull();
    expect(floor({ waivers: [observing({ until_seconds: NOW + 1 })] })).toBeNull();
  });

  it('does not unless core says that it was observed', () => {
    expect(floor({}, [])).toMatch(/aud/);
    expect(
      floor({ waivers: [observing({ codes: ['audience_mismatch', 'scope_insufficient'] })] }, ['scope_insufficient']),
    ).toMatch(/aud/);
  });

  it.each([
    ['ended now', { until_seconds: NOW }],
    ['of another issuer', { issuer: 'partner' }],
    ['of another client', { client_id: 'client-2' }],
    ['for another operation', { operations: ['tools/call write_file'] }],
    ['for another code', { codes: ['scope_insufficient'] }],
    ['of another kind', { what: 'lifetime' as const }],
  ])('%s does not', (_, changed) => {
    expect(floor({ waivers: [observing(changed)] })).toMatch(/no waiver in force observes/);
  });

  it('does not for a token that is good elsewhere, whatever is observed', () => {
    const question_ = question({
      ...asked,
      token: { audiences: [RESOURCE] },
      waivers: [observing({ codes: ['scope_insufficient'] })],
    });
    expect(belowFloor(question_, ['scope_insufficient'])).toBeNull();
    const registered = { ...question_.registered, elsewhere: ['https://billing.example.com/mcp'] };
    expect(belowFloor({ ...question_, registered }, ['scope_insufficient'])).toMatch(/no waiver in force observes/);
  });

  it('does not for a code that nobody may observe, though a waiver lists it', () => {
    const codes = ['token_expired', 'audience_mismatch'];
    expect(floor({ waivers: [observing({ codes })] }, ['token_expired'])).toMatch(/token_expired/);
  });

  it('tells the two defects of an audience apart', () => {
    const both = { token: { audiences: [RESOURCE, 'api://default'] } };
    expect(floor(both)).toMatch(/aud/);
    const waivers = [observing({ codes: ['audience_not_exclusive'] })];
    expect(floor({ ...both, waivers }, ['audience_not_exclusive'])).toBeNull();
    expect(floor({ waivers }, ['audience_not_exclusive'])).toMatch(/aud/);
  });

  it('does not for an aud without values', () => {
    expect(floor({ token: { audiences: [] } })).toMatch(/aud/);
  });
});

describe('an operation that the registry does not open, at the floor', () => {
  const floor = (call: PolicyInput['call'], operation: string, code: string) => {
    const waiver = audienceWaiver({ what: 'observe', operations: [operation], codes: [code] });
    const asked = question({ waivers: [waiver] });
    const { operation: _, ...registered } = asked.registered;
    return belowFloor({ ...asked, call, registered }, [code]);
  };

  it.each<[PolicyInput['call'], string, string]>([
    [{ method: 'tools/call', tool: 'new' }, 'tools/call new', 'tool_unknown'],
    [{ method: 'prompts/get', prompt: 'a b' }, 'prompts/get a b', 'prompt_unknown'],
    [{ method: 'resources/read', uri: 'file:///a' }, 'resources/read file:///a', 'resource_unknown'],
    [{ method: 'tasks/get', task: 't-1' }, 'tasks/get', 'task_unknown'],
    [{ method: 'sampling/new' }, 'sampling/new', 'method_unknown'],
    [
      { method: 'subscriptions/listen', lists: ['tools/list'], uris: ['a:b'] },
      'subscriptions/listen tools/list a:b',
      'resource_unknown',
    ],
  ])('%j is the operation %s', (call, operation, code) => {
    expect(floor(call, operation, code)).toBeNull();
    expect(floor(call, `${operation}x`, code)).toMatch(/no waiver in force observes/);
  });

  it.each<[PolicyInput['call'], string]>([
    [{ method: 'tools/call new' }, 'tools/call new'],
    [{ method: 'tools/call', tool: 'new', prompt: 'other' }, 'tools/call new other'],
    [{ method: 'subscriptions/listen', uris: ['a:b c:d'] }, 'subscriptions/listen a:b c:d'],
  ])('%j has no name', (call, operation) => {
    expect(floor(call, operation, 'tool_unknown')).toMatch(/no waiver in force observes/);
  });
});
