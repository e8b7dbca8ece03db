/** Waivers: listed, owned, dated, and as narrow as they can be. */
import { describe, expect, test } from 'vitest';
import { problemsIn, registryText, serverOf, told } from '../example.ts';

const RIGHT: Readonly<Record<string, unknown>> = {
  what: 'audience',
  issuer: 'corp',
  client_id: 'client-1',
  audience: 'api://default',
  operations: ['tools/call read_file', 'tools/list'],
  owner: 'team-files@example.com',
  reason: 'corp cannot bind tokens yet',
  until: '2026-12-31T00:00:00Z',
};
const { audience: _, ...UNBOUND } = RIGHT;
const LIFETIME = { ...UNBOUND, what: 'lifetime', max_lifetime_seconds: 86_400 };
const OBSERVE = {
  ...UNBOUND,
  what: 'observe',
  until: '2026-12-23T12:00:00Z',
  codes: ['audience_mismatch', 'tool_unknown'],
};
const without = (waiver: Readonly<Record<string, unknown>>, field: string) =>
  Object.fromEntries(Object.entries(waiver).filter(([name]) => name !== field));

const withWaiver = (waiver: unknown) => ({ server: `tools: { read_file: {} }\nwaivers: [${JSON.stringify(waiver)}]` });
const problems = (waiver: unknown) => problemsIn(registryText(withWaiver(waiver)));

test.each([RIGHT, LIFETIME, OBSERVE])('a right one', (waiver) => {
  expect(problems(waiver)).toEqual([]);
});

describe('one that is refused', () => {
  test.each<[string, unknown, string, string]>([
    ['no owner', without(RIGHT, 'owner'), '/owner', 'owner is missing'],
    ['no reason', without(RIGHT, 'reason'), '/reason', 'reason is missing'],
    ['no end', without(RIGHT, 'until'), '/until', 'until is missing'],
    ['no client', without(RIGHT, 'client_id'), '/client_id', 'client_id is missing'],
    ['no issuer', without(RIGHT, 'issuer'), '/issuer', 'issuer is missing'],
    ['no audience', without(RIGHT, 'audience'), '/audience', 'audience is missing'],
    ['no operations', without(RIGHT, 'operations'), '/operations', 'operations is missing'],
    ['no limit', without(LIFETIME, 'max_lifetime_seconds'), '/max_lifetime_seconds', 'is missing'],
    ['no kind', without(RIGHT, 'what'), '/what', 'what is missing'],
    ['an empty owner', { ...RIGHT, owner: '' }, '/owner', 'who answers'],
    ['an observing one without codes', without(OBSERVE, 'codes'), '/codes', 'codes is missing'],
    ['an observing one with an audience', { ...OBSERVE, audience: 'api://default' }, '/audience', 'no field'],
    ['no codes at all', { ...OBSERVE, codes: [] }, '/codes', 'list of codes'],
    ['a code that cannot be observed', { ...OBSERVE, codes: ['token_expired'] }, '/codes/0', 'token_expired'],
    ['the signature', { ...OBSERVE, codes: ['signature_invalid'] }, '/codes/0', 'signature_invalid'],
    ['a custom rule', { ...OBSERVE, codes: ['custom:limit/large'] }, '/codes/0', 'custom:limit/large'],
    ['what no operation is', { ...OBSERVE, codes: ['prompt_unknown'] }, '/codes/0', 'ever denied as prompt_unknown'],
    ['31 days', { ...OBSERVE, until: '2026-12-24T12:00:00Z' }, '/until', 'more than 30 days'],
    ['a second more than 30 days', { ...OBSERVE, until: '2026-12-23T12:00:01Z' }, '/until', 'more than 30 days'],
    ['an observed wildcard', { ...OBSERVE, operations: ['tools/call *', 'ping'] }, '/operations/0', 'wildcard'],
    ['another kind', { ...RIGHT, what: 'lifetimes' }, '/what', 'the nearest is "lifetime"'],
    ['both kinds', { ...RIGHT, max_lifetime_seconds: 60 }, '/max_lifetime_seconds', 'no field'],
    ['codes', { ...RIGHT, codes: [] }, '/codes', 'no field'],
    ['the wildcard operation', { ...RIGHT, operations: ['*'] }, '/operations/0', 'wildcard'],
    ['a wildcard target', { ...RIGHT, operations: ['tools/call *'] }, '/operations/0', 'wildcard'],
    ['a bare method by target', { ...RIGHT, operations: ['tools/call'] }, '/operations/0', 'names no tool'],
    ['an empty target', { ...RIGHT, operations: ['tools/call '] }, '/operations/0', 'names no tool'],
    ['a bare resources/read', { ...RIGHT, operations: ['resources/read'] }, '/operations/0', 'names no uri'],
    ['a target too many', { ...RIGHT, operations: ['ping x'] }, '/operations/0', 'ping does not have'],
    ['the id of a task', { ...RIGHT, operations: ['tasks/get t1'] }, '/operations/0', 'tasks/get does not have'],
    ['a bare completion', { ...RIGHT, operations: ['completion/complete'] }, '/operations/0', 'names no prompt or uri'],
    ['any call', { ...RIGHT, operations: ['*'] }, '/operations/0', 'wildcard'],
    ['two spaces', { ...RIGHT, operations: ['subscriptions/listen a  b'] }, '/operations/0', 'names a target'],
    ['a space at the end', { ...RIGHT, operations: ['subscriptions/listen '] }, '/operations/0', 'names a target'],
    ['no method', { ...RIGHT, operations: [' x'] }, '/operations/0', 'does not begin with a method'],
    ['an empty list', { ...RIGHT, operations: [] }, '/operations', 'list of operations'],
    ['an unknown issuer', { ...RIGHT, issuer: 'crp' }, '/issuer', 'nearest is "corp"'],
    ['the iss for the key', { ...RIGHT, issuer: 'https://login.example.com' }, '/issuer', 'no issuer'],
    ['91 days', { ...RIGHT, until: '2027-02-22T00:00:00Z' }, '/until', 'more than 90 days'],
    ['a second more than 90 days', { ...RIGHT, until: '2027-02-21T12:00:01Z' }, '/until', 'more than 90 days'],
    ['a day only', { ...RIGHT, until: '2026-12-31' }, '/until', 'RFC 3339 with Z'],
    ['another zone', { ...RIGHT, until: '2026-12-31T00:00:00+01:00' }, '/until', 'RFC 3339 with Z'],
    ['no such day', { ...RIGHT, until: '2026-11-31T00:00:00Z' }, '/until', 'no time'],
    ['no such hour', { ...RIGHT, until: '2026-12-30T24:00:00Z' }, '/until', 'no time'],
    ['more than a day', { ...LIFETIME, max_lifetime_seconds: 86_401 }, '/max_lifetime_seconds', '1 to 86400'],
    ['a control character', { ...RIGHT, client_id: 'a\nb' }, '/client_id', 'exact client_id'],
    ['a number', 7, '', 'a number'],
  ])('%s', (_name, waiver, path, says) => {
    const [first, ...more] = problems(waiver);
    expect(first).toMatchObject({ severity: 'error', path: `/servers/files/waivers/0${path}`, line: 13 });
    expect(first?.message).toContain(says);
    expect(more).toEqual([]);
  });

  test('an issuer that the server does not accept', () => {
    const other =
      'issuers:\n  other: { issuer: https://o.example, jwks_uri: https://o.example/k, algorithms: [ES256] }';
    const text = registryText(withWaiver({ ...RIGHT, issuer: 'other' })).replace('issuers:', other);
    expect(problemsIn(text).map(told)).toEqual(['error /servers/files/waivers/0/issuer 14:43']);
  });
});

describe('one that is warned of', () => {
  test.each<[string, unknown, string, string]>([
    ['an ended one', { ...RIGHT, until: '2026-11-23T12:00:00Z' }, '/until', 'has ended'],
    ['one that ends in 14 days', { ...RIGHT, until: '2026-12-07T12:00:00Z' }, '/until', 'ends in 14 days'],
    ['one that ends today', { ...RIGHT, until: '2026-11-23T12:00:01Z' }, '/until', 'less than a day'],
    [
      'a limit that the server allows anyway',
      { ...LIFETIME, max_lifetime_seconds: 900 },
      '/max_lifetime_seconds',
      'no more',
    ],
    [
      'an observed tool that is not open',
      { ...OBSERVE, operations: ['tools/call raed_file'], codes: ['audience_mismatch'] },
      '/operations/0',
      'does not open',
    ],
    ['a tool that is not open', { ...RIGHT, operations: ['tools/call raed_file'] }, '/operations/0', 'does not open'],
  ])('%s', (_name, waiver, path, says) => {
    const [first, ...more] = problems(waiver);
    expect(first).toMatchObject({ severity: 'warning', path: `/servers/files/waivers/0${path}` });
    expect(first?.message).toContain(says);
    expect(more).toEqual([]);
  });

  test('exactly 90 days, and a second more than 14, are no matter for a warning', () => {
    expect(problems({ ...RIGHT, until: '2027-02-21T12:00:00Z' })).toEqual([]);
    expect(problems({ ...RIGHT, until: '2026-12-07T12:00:01Z' })).toEqual([]);
  });

  test('a tool that is to be observed because nobody opens it is no matter for a warning', () => {
    expect(problems({ ...OBSERVE, operations: ['tools/call new_tool'], codes: ['tool_unknown'] })).toEqual([]);
  });
});

test('waivers are handed out for their issuer and client only, ended ones too', () => {
  const server = serverOf(withWaiver({ ...RIGHT, until: '2026-11-01T00:00:00.9Z' }));
  expect(server.waiversFor('corp', 'client-1')).toEqual([
    { ...RIGHT, until: '2026-11-01T00:00:00.9Z', until_seconds: Date.UTC(2026, 10, 1) / 1000 },
  ]);
  expect(server.waiversFor('corp', 'client-2')).toEqual([]);
  expect(server.waiversFor('other', 'client-1')).toEqual([]);
  expect(server.waiversFor('corp', undefined)).toEqual([]);
  expect(server.waiversFor('corp client-1', '')).toEqual([]);
});
