/** The floor: whatever a broken core would let be issued, and what becomes of an answer that has not the agreed form. */
import { describe, expect, it } from 'vitest';
import { ID_JAG, type IssuanceQuestion, TOKEN_EXCHANGE } from '../../src/decision/issuance.ts';
import { readFacts } from '../../src/issuance/facts.ts';
import { belowIssuanceFloor } from '../../src/issuance/floor.ts';
import type { Evaluation } from '../../src/policy/engine.ts';
import { type Issuable, judgeIssuance } from '../../src/policy/issue.ts';
import type { Alarm } from '../../src/policy/judge.ts';
import {
  asking,
  asserting,
  BILLING,
  CORP,
  EVERYONE,
  exchanging,
  FILES,
  HUB,
  IDP,
  MAIL,
  NOW,
  refreshing,
  registryOf,
} from './world.ts';

const registry = registryOf();
const RIGHT: Issuable = {
  aud: FILES,
  resource: FILES,
  scopes: ['files:read'],
  expires_in: 60,
  sender_constraint: 'dpop',
};
const found = (question: IssuanceQuestion, over: Partial<Issuable> = {}) =>
  belowIssuanceFloor({ ...RIGHT, ...over }, question, registry, NOW);
const jag = { aud: CORP };

describe('the floor lets stand', () => {
  it.each<[IssuanceQuestion, Partial<Issuable>]>([
    [asking(), {}],
    [refreshing(), {}],
    [exchanging(), {}],
    [exchanging({}, { resources: [HUB, 'account'] }), {}],
    [asserting(), jag],
    [asserting({ client_id: 'gateway' }, { resources: [HUB] }), { aud: IDP, scopes: [] }],
  ])('what is right: $grant', (question, over) => {
    const expected = over.aud === IDP ? expect.any(String) : null;
    expect(found(question, over)).toEqual(expected);
  });
});

describe('the floor holds', () => {
  it.each<[string, IssuanceQuestion, Partial<Issuable>]>([
    ['another aud', asking(), { aud: BILLING }],
    ['a spelling as aud', asking(), { aud: `${FILES}/` }],
    [
      'an unregistered resource',
      asking({ resources: ['https://x.example.com'] }),
      { resource: 'https://x.example.com' },
    ],
    ['another server than asked for', asking({ resources: [BILLING] }), {}],
    ['two servers', asking({ resources: [FILES, BILLING] }), {}],
    ['one twice', asking({ resources: [FILES, FILES] }), {}],
    ['none', asking({ resources: [] }), {}],
    ['an audience of another', asking({ audiences: [BILLING] }), {}],
    ['an unknown issuer', asking({ issuer: 'https://x.example.com' }), {}],
    ['a disabled one', asking({ issuer: 'https://old.example.com' }), {}],
    ['one that the server does not list', asking({ issuer: IDP }), {}],
    ['a grant for another', refreshing({}, { resources: [BILLING] }), {}],
    ['a grant for two', refreshing({}, { resources: [FILES, BILLING] }), {}],
    ['a grant for none', refreshing({}, { resources: [] }), {}],
    ['a grant of another client', refreshing({ client_id: 'other' }), {}],
    ['a grant of nobody', refreshing({}, { client_id: undefined }), {}],
    ['no grant', refreshing({ bound: undefined }), {}],
    ['a first grant with one', asking({ bound: { resources: [FILES], client_id: 'agent' } }), {}],
    ['an exchange without an edge', exchanging({ client_id: 'agent' }), {}],
    ['an exchange from two', exchanging({}, { resources: [HUB, MAIL] }), {}],
    ['an own token of another client', refreshing({ grant: TOKEN_EXCHANGE, client_id: 'other' }), {}],
    ['what has ended', refreshing({}, { expires_at: NOW }), {}],
    ['more scope than was granted', refreshing(), { scopes: ['files:write'] }],
    ['more than was asked for', asking({ scope: 'files:read' }), { scopes: ['files:read', 'files:write'] }],
    ['more than is advertised', asking(), { scopes: ['files:write'] }],
    ['more than the edge', exchanging(), { scopes: ['files:write'] }],
    ['a scope of nobody', asking({ scope: 'openid' }), { scopes: ['openid'] }],
    ['a long life', asking(), { expires_in: 901 }],
    ['a longer one than asked for', asking({ lifetime_seconds: 10 }), {}],
    ['a longer one than the subject token', exchanging({}, { expires_at: NOW + 10 }), {}],
    ['no life', asking(), { expires_in: 0 }],
    ['another binding', asking(), { sender_constraint: 'none' }],
    ['an ID-JAG for another issuer', asserting(), { aud: IDP }],
    ['an ID-JAG for a server', asserting(), {}],
    ['an ID-JAG for an issuer that is not listed', asserting({ audiences: [IDP] }), { aud: IDP }],
    ['an ID-JAG of a long life', asserting(), { ...jag, expires_in: 301 }],
    ['an ID-JAG of another’s ID token', asserting({}, { resources: ['other'] }), jag],
    ['an ID-JAG for two', asserting({ audiences: [CORP, CORP] }), jag],
    ['an ID-JAG without resource', asserting({ resources: [] }), jag],
    ['the type alone', asking({ requested_token_type: ID_JAG, audiences: [CORP] }), jag],
  ])('%s', (_, question, over) => {
    expect(found(question, over)).toMatch(/^core /);
  });
});

describe('an answer', () => {
  const { input } = readFacts(asking(), EVERYONE, registry, NOW);
  const judged = (answer: Evaluation, floor: string | null = null) => {
    const alarms: string[] = [];
    const alarm = (kind: Alarm['kind']) => alarms.push(kind);
    const engine = { entrypoints: [], evaluate: () => answer };
    const { kind, ...rest } = judgeIssuance(engine, alarm, input, () => floor);
    return { kind, codes: 'denials' in rest ? rest.denials.map(({ code }) => code) : [], alarms };
  };
  const value = (over: object) => ({
    kind: 'value' as const,
    value: { allow: true, denials: [], issue: RIGHT, ...over },
  });
  const denial = { code: 'resource_missing' };
  const broken = { kind: 'deny', codes: ['policy_error'], alarms: ['core'] };

  it('of the agreed form is taken', () => {
    expect(judged(value({}))).toEqual({ kind: 'allow', codes: [], alarms: [] });
    const deny = value({ allow: false, denials: [denial], issue: null });
    expect(judged(deny)).toEqual({ kind: 'deny', codes: ['resource_missing'], alarms: [] });
  });

  it('that the floor holds is a deny, with an alarm of its own', () => {
    expect(judged(value({}), 'core issued')).toEqual({ kind: 'deny', codes: ['policy_error'], alarms: ['floor'] });
  });

  it.each<[string, object]>([
    ['a truthy allow', { allow: 'yes' }],
    ['a member more', { advice: {} }],
    ['no list of denials', { denials: {} }],
    ['a code of nobody', { denials: [{ code: 'x' }] }],
    ['an allow of nothing', { issue: null, denials: [] }],
    ['an issue with a member more', { issue: { ...RIGHT, extra: 1 } }],
    ['scopes as a text', { issue: { ...RIGHT, scopes: 'files:read' } }],
    ['half a second', { issue: { ...RIGHT, expires_in: 0.5 } }],
    ['an unknown binding', { issue: { ...RIGHT, sender_constraint: 'some' } }],
    ['a deny without reason', { allow: false, issue: null }],
  ])('with %s is a deny, with an alarm', (_, over) => {
    const { kind, codes, alarms } = judged(value(over));
    expect([kind, codes.includes('policy_error'), alarms]).toEqual(['deny', true, ['core']]);
  });

  it('that allows and denies at once keeps its denials', () => {
    const codes = ['resource_missing', 'policy_error'];
    expect(judged(value({ denials: [denial] }))).toEqual({ ...broken, codes });
    expect(judged(value({ allow: false, denials: [denial] }))).toEqual({ ...broken, codes });
  });

  it('that never came is a deny; with no instance to be had nobody knows', () => {
    expect(judged({ kind: 'failed', detail: 'the result is undefined' })).toEqual(broken);
    expect(judged({ kind: 'unavailable', detail: 'no memory' })).toEqual({
      kind: 'unavailable',
      codes: [],
      alarms: ['unavailable'],
    });
  });
});
