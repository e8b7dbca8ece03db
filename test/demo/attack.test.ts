/** The attacks of `npm run demo:attack`: with the real program, and with an audgate that would not hold. */
import { readFile } from 'node:fs/promises';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { attacks } from '../../src/demo/attack/attacks.ts';
import { describePlayed, summarise } from '../../src/demo/attack/print.ts';
import { type Played, runAttacks } from '../../src/demo/attack/run.ts';
import { openListeners } from '../../src/demo/listen.ts';
import { audgate } from '../cli/audgate.ts';

const plain = (_style: string, text: string) => text;

test('each succeeds without audgate; with it each is stopped, explained and raised, and what is right still works', async () => {
  const { code, stdout, stderr } = await audgate(['demo', '--attack', '--json']);
  const { attacks: played, ok }: { attacks: Played[]; ok: boolean } = JSON.parse(stdout);
  const told = played.map(({ key, without, with: on }) => [
    key,
    without.got !== null && without.succeeded,
    on.stopped && on.reason,
    on.event?.kind,
    on.right_use.works,
  ]);
  expect(told, stderr).toEqual([
    ['stolen_token', true, 'audience_mismatch', 'token_elsewhere', true],
    ['rewritten_resource', true, 'exchange_not_allowed', 'target_rewritten', true],
    ['confused_deputy', true, 'token_passthrough', 'passed_through', true],
    ['fallback_retry', true, 'audience_mismatch', 'fallback_retry', true],
    ['leaked_token', true, 'token_revoked', 'revoked_in_use', true],
  ]);
  for (const { with: on } of played) {
    expect(on.references).toContain('ASI03');
    expect(on.event?.id).toMatch(/^[0-9a-f-]{36}$/);
  }
  expect([code, ok]).toEqual([0, true]);
  expect(stdout + stderr).not.toContain('eyJ');

  const text = [...played.flatMap((one, at) => describePlayed(one, at + 1, plain)), ...summarise(played, plain)].join(
    '\n',
  );
  expect(text).toContain('5 of 5 attacks succeed without audgate, and are stopped, explained and raised with it.');
  expect(text).not.toContain('NOT');
}, 60_000);

test('an audgate that allows whatever is asked is found out', async () => {
  const listeners = openListeners();
  const app = new Hono()
    .post('/v1/decide', (c) => c.json({ decision: 'allow', reasons: [] }))
    .post('/v1/issuance/decide', async (c) => {
      const { resources, scope } = (await c.req.json()) as { resources: string[]; scope: string };
      return c.json({ decision: 'allow', reasons: [], issue: { aud: resources[0], scope, expires_in: 300 } });
    })
    .post('/v1/reach', (c) => c.json({ servers: [], leaked: null }));
  const url = await listeners.start(app);
  const nothing = async () => {};
  const played = await runAttacks({
    fetch,
    now: Date.now,
    newId: () => crypto.randomUUID(),
    onPlayed: () => {},
    startAudgate: async () => ({ url, revoke: nothing, stop: listeners.stop }),
  });
  expect(played.map(({ ok, with: on }) => [ok, on.stopped])).toEqual(attacks(Date.now).map(() => [false, false]));
  const text = summarise(played, plain).join('\n');
  expect(text).toContain('5 of 5 attacks went otherwise than they should.');
  expect(text).toContain('NOT STOPPED');
});

test('docs/attacks.md tells of each what stops it and how it is seen', async () => {
  const page = await readFile(new URL('../../docs/attacks.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && line.includes('`'));
  const told = attacks(Date.now).map(({ reason, misuse }) => [`\`${reason}\``, `\`${misuse}\``]);
  expect(rows).toHaveLength(told.length);
  for (const [at, words] of told.entries()) for (const word of words) expect(rows[at]).toContain(word);
});
