import { expect, test } from 'vitest';
import { start } from '../../conformance/gateways/haproxy.ts';
import { CALL, openWorld } from './gateway-world.ts';
import { smoke } from './smoke.ts';

smoke({ folder: 'haproxy', start });

// HAProxy gives a script what fits its buffer, and says nothing of the rest.
test('a body is judged whole or not at all', async () => {
  const { issuer, resources, ask, arrivals } = await openWorld(start);
  const token = await issuer.token(resources.files);
  // The first part of it is a whole message, of a tool that this token opens.
  const long = (bytes: number) => CALL.padEnd(bytes - CALL.length) + CALL;
  const many = Array.from({ length: 7 }, (_, at) => [`X-Note-${at}`, 'n'.repeat(2_000)] as const);
  const fits = CALL.padEnd(262_144);
  expect((await ask({ token, body: fits })).status).toBe(200);
  expect((await ask({ token, body: fits, chunked: true, headers: many })).status).toBe(200);
  expect(arrivals.map(({ body }) => body.length)).toEqual([262_144, 262_144]);

  for (const bytes of [262_145, 280_000, 300_000]) {
    for (const chunked of [false, true]) {
      const outcome = await ask({ token, body: long(bytes), chunked, headers: many }).then(
        ({ status }) => status,
        (error: NodeJS.ErrnoException) => error.code,
      );
      // It may close the connection while the client still sends.
      expect.soft([413, 'ECONNRESET', 'EPIPE']).toContain(outcome);
    }
  }
  expect(arrivals).toHaveLength(2);
});

test('headers that would take the body’s place in the buffer are refused', async () => {
  const { issuer, resources, ask, arrivals } = await openWorld(start);
  const token = await issuer.token(resources.files);
  const headers = Array.from({ length: 9 }, (_, at) => [`X-Note-${at}`, 'n'.repeat(2_000)] as const);
  expect((await ask({ token, headers })).status).toBe(431);
  expect((await ask({ token, path: `/files/mcp?${'q'.repeat(9_000)}` })).status).toBe(414);
  expect(arrivals).toEqual([]);
});
