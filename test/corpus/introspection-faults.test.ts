/** Both corpora at a server that asks about opaque tokens, while whoever is asked fails or lies: whatever was refused stays refused. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { each } from '../e2e/start.ts';
import { FILES, NOW } from './authorities.ts';
import { hostileProofs } from './proofs.ts';
import { hostileTokens } from './tokens.ts';
import { provingWorld, said } from './world.ts';

const RIGHT = {
  active: true,
  iss: 'https://opaque.example.com',
  aud: FILES,
  client_id: 'client-1',
  sub: 'user-1',
  scope: 'files:read',
  iat: NOW,
  exp: NOW + 300,
};

/** What an endpoint answers, and what then is decided about an opaque token. */
const ANSWERS: readonly (readonly [string, (response: ServerResponse) => void, string])[] = [
  ['fails', status(500), 'indeterminate introspection_unavailable'],
  ['fails with a right answer', status(500, RIGHT), 'indeterminate introspection_unavailable'],
  ['knows nobody', status(401, RIGHT), 'indeterminate introspection_unavailable'],
  ['sends elsewhere', redirect, 'indeterminate introspection_unavailable'],
  ['goes away', (response) => response.destroy(), 'indeterminate introspection_unavailable'],
  [
    'answers with half',
    (response) => head(response, 200).end('{"active":true'),
    'indeterminate introspection_unavailable',
  ],
  ['answers with nothing', (response) => head(response, 200).end(), 'indeterminate introspection_unavailable'],
  ['says that it is not active', status(200, { ...RIGHT, active: false }), 'deny token_inactive'],
  ['says "true"', status(200, { ...RIGHT, active: 'true' }), 'deny token_inactive'],
  ['says true alone', status(200, { active: true }), 'deny claims_invalid'],
  ['speaks for another', status(200, { ...RIGHT, iss: 'https://corp.example.com' }), 'deny claims_invalid'],
  ['says that it ended', status(200, { ...RIGHT, exp: NOW - 10, iat: NOW - 100 }), 'deny token_expired'],
  [
    'says that it is for another',
    status(200, { ...RIGHT, aud: 'https://billing.example.com/mcp' }),
    'deny audience_mismatch',
  ],
];

it('no hostile token or proof is let in by what an issuer of other tokens does, and none that it does not know', async () => {
  let answer: (response: ServerResponse) => void = status(200, RIGHT);
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    request.resume();
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  const world = await provingWorld({ introspection: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
  const opaque = async () => said(await world.decide({ token: 'opaque-token' }));
  expect(await opaque()).toBe('allow');
  const tokens = await hostileTokens(world.by);
  const proofs = await hostileProofs(world.by);

  for (const [name, next, expected] of ANSWERS) {
    answer = next;
    expect([name, await opaque()]).toEqual([name, expected]);
    const wrong: object[] = [];
    await each(tokens, 8, async ({ name: token, text, reasons }) => {
      const decision = said(await world.decide({ token: text }));
      // Whatever is no JWT is asked about here, and what comes of that is known.
      const noJwt = reasons[0] === 'token_malformed' || reasons[0] === 'token_encrypted';
      if (decision !== ['deny', ...reasons].join(' ') && !(noJwt && decision === expected))
        wrong.push({ token, decision });
    });
    expect([name, wrong]).toEqual([name, []]);
  }
  answer = status(500);
  const wrong: object[] = [];
  await each(proofs, 8, async ({ name, family: _, reasons, ...ask }) => {
    const decision = said(await world.decide(ask));
    if (decision !== ['deny', ...reasons].join(' ')) wrong.push({ name, decision });
  });
  expect(wrong).toEqual([]);
  expect(asked).toBeGreaterThan(ANSWERS.length);
});

function head(response: ServerResponse, code: number): ServerResponse {
  return response.writeHead(code, { 'content-type': 'application/json' });
}

function status(code: number, body: object = {}) {
  return (response: ServerResponse) => void head(response, code).end(JSON.stringify(body));
}

function redirect(response: ServerResponse): void {
  response.writeHead(307, { location: '/other' }).end();
}
