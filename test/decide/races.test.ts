/** What changes while a token is verified: the decision under way ends by what it began with, and nobody inherits it. */
import { expect, test } from 'vitest';
import { createIssuerKey } from '../../src/testing/mint.ts';
import { type Answer, send } from '../facts/keys/serve.ts';
import { openDesk } from './key-server.ts';

const set = (...keys: readonly unknown[]) => send(JSON.stringify({ keys }));

/** Answers only when it is let go. */
function gate(answer: Answer) {
  const { promise: asked, resolve: arrived } = Promise.withResolvers<void>();
  const { promise: free, resolve: letGo } = Promise.withResolvers<void>();
  const gated: Answer = (request, response) => {
    arrived();
    void free.then(() => answer(request, response));
  };
  return { answer: gated, asked, letGo };
}

test('an issuer that is switched off meanwhile: the next decision knows, although the token was verified', async () => {
  const desk = await openDesk();
  const { answer, asked, letGo } = gate(set(desk.key.jwk));
  desk.server.answer(answer);
  const token = await desk.token();
  const under = desk.decide(token);
  await asked;
  desk.write({ disabled: true });
  expect((await desk.service.reload()).ok).toBe(true);
  const { revision } = desk.service.current();
  letGo();
  // It says by which registry it was decided.
  expect((await under).revision).not.toBe(revision);
  expect(await desk.said(token)).toBe('deny issuer_disabled?');
  desk.write({});
  await desk.service.reload();
  expect(await desk.said(token)).toBe('allow');
});

test('an issuer whose keys come from elsewhere meanwhile: the former source verifies nothing any more', async () => {
  const desk = await openDesk();
  const next = await createIssuerKey('key-1', 'ES256');
  const { answer, asked, letGo } = gate(set(desk.key.jwk));
  desk.server.answer(answer);
  const token = await desk.token();
  const under = desk.said(token);
  await asked;
  desk.server.answer([next.jwk]);
  desk.write({ jwks_uri: `${desk.server.url}?moved` });
  expect((await desk.service.reload()).ok).toBe(true);
  letGo();
  // Its request ended with the source.
  expect(await under).toBe('indeterminate keys_unavailable');
  expect(await desk.said(token)).toBe('deny signature_invalid?');
  expect(await desk.said(await desk.token({}, next))).toBe('allow');
});

test('keys that are pinned to other algorithms meanwhile: a remembered token is judged anew', async () => {
  const desk = await openDesk();
  const token = await desk.token();
  expect(await desk.said(token)).toBe('allow');
  desk.write({ algorithms: ['RS256'] });
  await desk.service.reload();
  expect(await desk.said(token)).toBe('deny algorithm_not_allowed?');
});

test('a key that is withdrawn while 50 of its tokens are verified opens nothing from then on', async () => {
  const desk = await openDesk();
  const other = await createIssuerKey('key-2', 'ES256');
  const tokens = await Promise.all(Array.from({ length: 50 }, () => desk.token()));
  expect(await desk.said(await desk.token())).toBe('allow');
  const { answer, asked, letGo } = gate(set(other.jwk));
  desk.server.answer(answer);
  desk.pass(301);
  // They all wait for the set that lacks their key.
  const under = tokens.map((token) => desk.said(token));
  await asked;
  letGo();
  expect(new Set(await Promise.all(under))).toEqual(new Set(['deny key_unknown?']));
  for (const token of tokens) expect(await desk.said(token)).toBe('deny key_unknown?');
});

test('decisions between any reloads agree with the registry that they name', async () => {
  const desk = await openDesk();
  const trusting = desk.service.current().revision;
  const tokens = await Promise.all(Array.from({ length: 20 }, () => desk.token()));
  const wrong: string[] = [];
  const seen = new Set<string>();
  let decided = 0;
  let reloading = true;
  const asking = tokens.map(async (token) => {
    while (reloading) {
      const { decision, revision } = await desk.decide(token);
      if ((decision === 'allow') !== (revision === trusting)) wrong.push(`${decision} by ${revision}`);
      seen.add(decision);
      decided += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  for (let n = 0; n < 30; n += 1) {
    desk.write(n % 2 === 0 ? { disabled: true } : {});
    expect((await desk.service.reload()).ok).toBe(true);
    // Some of them are decided before the next, and some are under way then.
    for (const before = decided; decided < before + 30; ) await new Promise((resolve) => setImmediate(resolve));
  }
  reloading = false;
  await Promise.all(asking);
  expect(wrong).toEqual([]);
  expect(seen).toEqual(new Set(['allow', 'deny']));
});
