import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { start } from '../../conformance/gateways/nginx-njs.ts';
import { openWorld } from './gateway-world.ts';
import { smoke } from './smoke.ts';

smoke({ folder: 'nginx-njs', start });

// nginx obeys X-Accel-Redirect of a server by default, and the way to a server lies behind audgate's yes.
test.each(['@billing', '/audgate/billing'])('a server cannot send its client’s request on to %s', async (place) => {
  const http = createServer((_, answer) => answer.setHeader('X-Accel-Redirect', place).end('files did it'));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void http.close());
  const upstream = `127.0.0.1:${(http.address() as AddressInfo).port}`;
  const { issuer, resources, ask, arrivals } = await openWorld(({ servers, ...parts }) =>
    start({ ...parts, servers: servers.map((server) => (server.key === 'files' ? { ...server, upstream } : server)) }),
  );

  const answer = await ask({ token: await issuer.token(resources.files) });

  expect(answer).toMatchObject({ status: 200, body: 'files did it' });
  expect(arrivals).toEqual([]);
});
