/** DPoP in front of a server's own handler: the nonce reaches the client, the proof does not reach the handler, and calls
 * inside a session need no second one. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Hono } from 'hono';
import { expect, onTestFinished, test } from 'vitest';
import { createProofs } from '../../src/facts/proof/create.ts';
import { createNonces } from '../../src/facts/proof/nonces.ts';
import { createGuard, type Guard, protect, protectExpress, protectHono } from '../../src/server.ts';
import { createProofKey, prove } from '../../src/testing/prove.ts';
import { NOW, openDesk, READ } from '../http/gateways/real.ts';
import { FILES } from '../http/serve.ts';
import { witness } from './world.ts';

const HOLDER = await createProofKey();
const NONCES = createNonces({ secrets: [Buffer.alloc(32, 1)], max_age_seconds: 300 });
const NEXT = NONCES.issue('files', NOW);

async function start() {
  const used = new Set<string>();
  const proofs = createProofs({
    max_age_seconds: 60,
    nonces: NONCES,
    store: {
      use(key, _, mark) {
        const kind = used.has(key) ? 'replayed' : 'fresh';
        if (mark) used.add(key);
        return { kind };
      },
      status: () => null,
    },
  });
  const desk = await openDesk(false, proofs);
  const guard = createGuard({ decider: desk.decider, server: FILES, now: () => NOW * 1000, log: { error: () => {} } });
  const token = await desk.token('files', { claims: { cnf: { jkt: HOLDER.jkt }, scope: 'read' } });
  const dpop = (proof_id: string, nonce = NONCES.issue('files', NOW - 200)) =>
    prove(HOLDER, { method: 'POST', resource: FILES, token, proof_id, now: NOW, nonce });
  const headers = (proofText: string) => ({
    authorization: `DPoP ${token}`,
    dpop: proofText,
    'content-type': 'application/json',
  });
  const request = (proofText: string) =>
    new Request(FILES, { method: 'POST', headers: headers(proofText), body: READ });
  const codes = () => desk.events.at(-1)?.decision.reasons.map(({ code }) => code);
  return { guard, dpop, headers, request, codes };
}

test('a proof lets one request through, and the handler sees nothing of it', async () => {
  const { guard, dpop, request, codes } = await start();
  const { seen, handler } = witness();
  const guarded = protect(guard, handler);
  const proof = await dpop('1');
  const answer = await guarded(request(proof));
  expect([answer.status, await answer.text(), answer.headers.get('dpop-nonce')]).toEqual([200, 'done', NEXT]);
  expect([...(seen[0]?.request.headers.keys() ?? [])]).toEqual(['content-type']);

  const again = await guarded(request(proof));
  expect([again.status, again.headers.get('www-authenticate')]).toEqual([401, expect.stringMatching(/^DPoP error=/)]);
  expect(codes()).toEqual(['proof_replayed']);
  expect(seen).toHaveLength(1);
});

test('without nonce it is asked for, in the answer that gives one', async () => {
  const { guard, dpop, request } = await start();
  const guarded = protect(guard, witness().handler);
  const answer = await guarded(request(await dpop('1', '')));
  expect([answer.status, answer.headers.get('dpop-nonce')]).toEqual([401, null]);
  const old = await guarded(request(await dpop('2', NONCES.issue('files', NOW - 301))));
  expect([old.status, old.headers.get('dpop-nonce')]).toEqual([401, NEXT]);
});

test('two proofs, which the runtime joins, are two', async () => {
  const { guard, dpop, headers, codes } = await start();
  const sent = new Headers(headers(await dpop('1')));
  sent.append('dpop', await dpop('2'));
  const answer = await protect(
    guard,
    witness().handler,
  )(new Request(FILES, { method: 'POST', headers: sent, body: READ }));
  expect(answer.status).toBe(401);
  expect(codes()).toEqual(['proof_invalid']);
});

test('calls inside the session are part of the proved request, and each still needs its scope', async () => {
  const { guard, dpop, request, codes } = await start();
  const answers: boolean[] = [];
  const guarded = protect(guard, async (_, { authInfo }) => {
    for (const tool of ['read_file', 'read_file', 'write_file'])
      answers.push((await guard.authorize(authInfo, { method: 'tools/call', tool })).allowed);
    return new Response('done');
  });
  expect((await guarded(request(await dpop('1')))).status).toBe(200);
  expect(answers).toEqual([true, true, false]);
  expect(codes()).toEqual(['scope_insufficient']);
});

test('a bound token of a session without HTTP has nothing to prove it with', async () => {
  const { guard, headers, codes } = await start();
  const token = headers('').authorization.slice('DPoP '.length);
  const answer = await guard.authorize(guard.credential(token), { method: 'tools/call', tool: 'read_file' });
  expect(answer.allowed).toBe(false);
  expect(codes()).toEqual(['proof_missing']);
});

const serving = async (listener: Parameters<typeof createServer>[1]): Promise<string> => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise((resolve) => void server.close(() => resolve())));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

test('Express sends the nonce with the handler’s own answer, and hands on no proof', async () => {
  const { guard, dpop, headers } = await start();
  const names: string[] = [];
  const middleware = protectExpress(guard);
  const origin = await serving((request, response) => {
    void middleware(request, response, () => {
      names.push(...request.rawHeaders.map((name) => name.toLowerCase()));
      response.end('done');
    });
  });
  const answer = await fetch(origin, { method: 'POST', headers: headers(await dpop('1')), body: READ });
  expect([answer.status, await answer.text(), answer.headers.get('dpop-nonce')]).toEqual([200, 'done', NEXT]);
  expect(names).not.toContain('dpop');
});

test('Hono likewise', async () => {
  const { guard, dpop, request } = await start();
  const app = honoOf(guard);
  const answer = await app.request(request(await dpop('1')));
  expect([answer.status, await answer.text(), answer.headers.get('dpop-nonce')]).toEqual([200, 'none', NEXT]);
});

function honoOf(guard: Guard) {
  const app = new Hono();
  app.use(protectHono(guard));
  app.all('/mcp', ({ req, text }) => text(req.header('dpop') ?? 'none'));
  return app;
}
