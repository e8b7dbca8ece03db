/** Claims about the user behind a token: who acts for them, how they were authenticated, what they agreed to. */
import { describe, expect, test } from 'vitest';
import { NOW, outcome } from './mint.ts';
import { withClaims } from './reader.ts';

/** A chain of so many actors, the outermost named 0. */
const chain = (length: number): unknown =>
  Array.from({ length })
    .map((_, at) => length - 1 - at)
    .reduce<unknown>((act, at) => ({ sub: String(at), ...(act !== undefined && { act }) }), undefined);

const factsOf = async (over: Record<string, unknown>) => {
  const reading = await withClaims(over);
  if (reading.kind !== 'verified') throw new Error(outcome(reading));
  return reading.token;
};
const messageOf = async (over: Record<string, unknown>) => {
  const reading = await withClaims(over);
  if (reading.kind !== 'refused') throw new Error(outcome(reading));
  expect(reading.reason.code).toBe('claims_invalid');
  return JSON.stringify(reading.reason);
};

describe('the actors of a token', () => {
  test('are one: then there is no chain to tell', async () => {
    const token = await factsOf({ act: chain(1) });
    expect(token.actor).toBe('0');
    expect(token).not.toHaveProperty('actors');
  });

  test('are as many as JSON may nest', async () => {
    const { actor, actors } = await factsOf({ act: chain(15) });
    expect(actor).toBe('0');
    expect(actors).toEqual(Array.from({ length: 15 }, (_, at) => String(at)));
    expect(outcome(await withClaims({ act: chain(16) }))).toBe('token_malformed');
  });

  test.each<[string, unknown, string]>([
    ['no name', { sub: 'a', act: {} }, 'act.act.sub'],
    ['another name', { sub: 'a', act: { client_id: 'b' } }, 'act.act.sub'],
    ['a name that is a number', { sub: 'a', act: { sub: 7 } }, 'act.act.sub'],
    ['a long name', { sub: 'a', act: { sub: 'x'.repeat(256) } }, 'act.act.sub'],
    ['a line in it', { sub: 'a', act: { sub: 'b\nc' } }, 'act.act.sub'],
    ['a token in its place', { sub: 'a', act: 'eyJsecret' }, 'act.act'],
    ['null in its place', { sub: 'a', act: null }, 'act.act'],
    ['a list in its place', { sub: 'a', act: { sub: 'b', act: [] } }, 'act.act.act'],
  ])('with %s further in cannot be told, and are refused', async (_, act, name) => {
    const told = await messageOf({ act });
    expect(told).toContain(`The claim \\"${name}\\"`);
    expect(told).not.toContain('secret');
  });
});

describe('the authentication of the user', () => {
  test.each<[string, Record<string, unknown>]>([
    ['acr of 255 characters', { acr: 'x'.repeat(255) }],
    ['acr 0, as OpenID Connect has it for none', { acr: '0' }],
    ['auth_time 0', { auth_time: 0 }],
    ['auth_time after iat', { auth_time: NOW + 100 }],
  ])('%s is a fact', async (_, over) => expect(await factsOf(over)).toMatchObject({ claims: over }));

  test.each<[string, Record<string, unknown>]>([
    ['acr null', { acr: null }],
    ['acr ""', { acr: '' }],
    ['acr 1', { acr: 1 }],
    ['acr list', { acr: ['mfa'] }],
    ['acr of 256 characters', { acr: 'x'.repeat(256) }],
    ['acr with a line', { acr: 'mfa\n' }],
    ['auth_time null', { auth_time: null }],
    ['auth_time text', { auth_time: String(NOW) }],
    ['auth_time fraction', { auth_time: NOW + 0.5 }],
    ['auth_time below 0', { auth_time: -1 }],
    ['auth_time in milliseconds of long ago', { auth_time: 253402300800 }],
  ])('%s is refused', async (_, over) => expect(outcome(await withClaims(over))).toBe('claims_invalid'));
});

describe('authorization details', () => {
  test('are told whole', async () => {
    const details = [
      { type: 'payment', locations: ['https://files.example.com/mcp'], actions: ['read'] },
      { type: 'x' },
    ];
    expect((await factsOf({ authorization_details: details })).authorization_details).toEqual(details);
    expect((await factsOf({ authorization_details: [] })).authorization_details).toEqual([]);
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['a text', '[{"type":"secret"}]'],
    ['an object', { type: 'secret' }],
    ['a number', 1],
    ['with a text among them', [{ type: 'x' }, 'secret']],
    ['with null among them', [null]],
    ['with a list among them', [[{ type: 'secret' }]]],
    ['without type', [{ types: 'secret' }]],
    ['with an empty type', [{ type: '' }]],
    ['with a list of types', [{ type: ['secret'] }]],
    ['with a type of 256 characters', [{ type: 'x'.repeat(256) }]],
    ['65 of them', Array.from({ length: 65 }, () => ({ type: 'x' }))],
  ])('%s: refused, and never repeated', async (_, details) => {
    const told = await messageOf({ authorization_details: details });
    expect(told).toContain('authorization_details');
    expect(told).not.toContain('secret');
  });
});
