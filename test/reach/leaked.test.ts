/** A leaked token: what to withdraw, by commands that a shell takes as they stand, until when, and where to look. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readEntry } from '../../src/facts/revocation/entry.ts';
import { createList } from '../../src/facts/revocation/list.ts';
import { mayBeShown, option, quote } from '../../src/reach/quote.ts';
import { type Desk, EVERYONE, openDesk } from '../decide/desk.ts';
import { NOW } from '../property/world.ts';

const ask = async (desk: Desk, claims: object = {}, at?: number) =>
  desk.service.reach({ token: await desk.token({ claims: { ...claims } }) }, at, EVERYONE);

it('is withdrawn by its jti first, then with all that its holder got until now', async () => {
  const { leaked } = await ask(await openDesk());
  expect(leaked?.revoke.map(({ command }) => command)).toEqual([
    'audgate revoke --file revoked.jsonl --by jti --issuer corp --value 1 --until 2026-11-23T12:05:05Z',
    'audgate revoke --file revoked.jsonl --by issued_before --issuer corp --value 2026-11-23T12:00:06Z --sub user-1 --client-id client-1 --until 2026-11-23T14:00:11Z',
  ]);
  // As long after its end as clocks may differ.
  expect(leaked?.dangerous_until).toBe('2026-11-23T12:05:05Z');
  expect(leaked?.look_at.servers).toEqual(['files']);
});

it('opens nothing any more once it has ended, and is looked for all the same', async () => {
  const { leaked } = await ask(await openDesk(), {}, NOW + 600);
  expect(leaked).toMatchObject({ dangerous_until: null, look_at: { servers: ['files'] } });
});

it('of which an earlier time is asked is withdrawn with what was issued since', async () => {
  const { leaked } = await ask(await openDesk(), { iat: NOW - 100 }, NOW - 60);
  expect(leaked?.revoke[1]).toMatchObject({ by: 'issued_before', value: '2026-11-23T12:00:06Z' });
});

it('has no jti: it is withdrawn by its holder, and by the issuer where it names none', async () => {
  const { registry } = (await openDesk()).service.current();
  const desk = await openDesk({ issuers: { corp: { token_types: ['jwt'] } } });
  const of = async (claims: object) =>
    (
      await desk.service.reach(
        { claims: { iss: registry.issuers.get('corp')?.issuer ?? '', aud: 'x', ...claims } },
        undefined,
        EVERYONE,
      )
    ).leaked;
  const whole = { client_id: 'c', scope: 'a', iat: NOW, exp: NOW + 60 };
  expect((await of(whole))?.revoke).toMatchObject([{ by: 'issued_before', client_id: 'c' }]);
  expect((await of({ ...whole, sub: 's' }))?.revoke).toMatchObject([{ by: 'issued_before', sub: 's', client_id: 'c' }]);
  expect((await of(whole))?.beyond.join()).toContain('no jti');
});

it('is withdrawn by each of the entries as a service reads them, for as long as any server would take it', async () => {
  const desk = await openDesk();
  const { leaked } = await ask(desk);
  const facts = { token_id: '1', subject: 'user-1', client_id: 'client-1', issued_at: NOW, expires_at: NOW + 300 };
  for (const { command: _, why: __, ...written } of leaked?.revoke ?? []) {
    const read = readEntry(written);
    if (!read.ok) throw new Error(JSON.stringify(read.problems));
    const list = createList();
    list.add(read.entry);
    const token = { ...facts, type: 'at+jwt', issuer: '', audiences: [], scopes: [], claims: {} };
    expect(list.find(token, 'corp', NOW + 304)).toBe(written.by);
  }
});

const claim = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((value) => !/\p{Cc}/u.test(value));
const odd = fc.constantFrom(
  "it's",
  '$(id)',
  '`id`',
  '-x',
  '--by',
  'a b',
  'a\u202eb',
  'ü',
  '"',
  '\\',
  "\\'\u202e",
  '!!',
  '#',
  '~',
);

it('every claim stays one word of the command, and the very same', () => {
  const values = fc.sample(fc.oneof(claim, odd), { numRuns: 150, seed: 7 }).filter(mayBeShown);
  const words = values.map((value) => `printf '%s\\0' ${quote(value)}; printf '%s\\0' ${option('value', value)}`);
  const said = execFileSync('bash', ['-c', words.join('\n')], { env: { LC_ALL: 'C.UTF-8' } }).toString();
  const expected = values.flatMap((value) => [
    value,
    ...(value.startsWith('-') ? [`--value=${value}`] : ['--value', value]),
  ]);
  expect(said.split('\0').slice(0, -1)).toEqual(expected);
  for (const word of words) expect(word).not.toMatch(/[\u202a-\u202e]/);
});

it('a jti that is a token itself is not shown', async () => {
  const secret = `${'eyJ'}${'a'.repeat(20)}.b.c`;
  const reach = await ask(await openDesk(), { jti: secret, sub: secret });
  expect(JSON.stringify(reach)).not.toContain(secret);
  expect(reach.leaked?.revoke).toMatchObject([{ by: 'issued_before', client_id: 'client-1' }]);
});
