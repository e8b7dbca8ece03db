/** With audgate stopped, hanging, or answering what it never would, a gateway lets nothing through. */
import { expect, onTestFinished, test } from 'vitest';
import { FAILURES } from '../../../conformance/gateways/failures.ts';
import { freePort } from '../../../conformance/gateways/free-port.ts';
import type { StartGateway } from '../../../conformance/gateways/gateway.ts';
import type { JsonObject } from '../../../src/json/value.ts';
import { ask, KEY, openWorld, type Question, startGateway, startServers } from '../../examples/gateway-world.ts';

/** Of a gateway that hands on no body. */
export interface Without {
  /** Laid over each server's record. */
  readonly server: JsonObject;
  /** What a right call has besides. */
  readonly headers: NonNullable<Question['headers']>;
}

export function nothingPasses(start: StartGateway, { server, headers }: Without = { server: {}, headers: [] }): void {
  test.each(FAILURES)('in audgate’s place: $name', async (failure) => {
    const failing = await failure.start();
    onTestFinished(() => failing.stop());
    await nothingPassesAt(start, failing.address);
  });

  test('audgate hangs, and goes on; audgate is killed', async () => {
    const world = await openWorld(start, { server });
    const token = await world.issuer.token(world.resources.files);
    expect((await world.ask({ token, headers })).status).toBe(200);
    expect(world.arrivals).toHaveLength(1);

    world.audgate.signal('SIGSTOP');
    expect((await world.ask({ token, headers })).status).toBeGreaterThanOrEqual(403);
    world.audgate.signal('SIGCONT');
    expect((await world.ask({ token, headers })).status).toBe(200);
    expect(world.arrivals).toHaveLength(2);

    world.audgate.signal('SIGKILL');
    await world.audgate.ended;
    expect((await world.ask({ token, headers })).status).toBeGreaterThanOrEqual(403);
    expect(world.arrivals).toHaveLength(2);
  });

  test('another key than the caller’s: audgate refuses the gateway, and the gateway its clients', async () => {
    const world = await openWorld((parts) => start({ ...parts, audgate: { ...parts.audgate, key: 'not-the-key' } }), {
      server,
    });
    const token = await world.issuer.token(world.resources.files);
    const refused = await world.ask({ token, headers });
    expect(refused.status).toBeGreaterThanOrEqual(403);
    // Nothing that a client could cure: no challenge, and no word about the key.
    expect(refused.headers).not.toHaveProperty('www-authenticate');
    expect(refused.body).not.toMatch(/x-audgate-key/i);
    expect(world.arrivals).toEqual([]);
  });
}

/** Not of nginx, whose error log holds the whole first line of a request. */
export function tokensStayOutOfLogs(start: StartGateway): void {
  test('audgate gone: the gateway’s log has no token, not even of a query', async () => {
    const world = await openWorld(start);
    const token = await world.issuer.token(world.resources.files);
    await world.audgate.stop();
    for (const path of ['/files/mcp', `/files/mcp?access_token=${token}`, `/files/mcp?a&access%5Ftoken=${token}`])
      expect((await world.ask({ token, path })).status).toBeGreaterThanOrEqual(403);
    await world.gateway.stop();
    expect(world.gateway.log()).not.toContain(token);
    expect(world.gateway.log()).not.toContain(KEY);
  });
}

/** @param address of what stands in audgate's place, for HTTP and gRPC alike */
export async function nothingPassesAt(start: StartGateway, address: string): Promise<void> {
  const { servers, arrivals } = await startServers();
  const port = await freePort();
  await startGateway(start, { port, audgate: { address, grpc: address, key: KEY }, servers });

  const questions = [{ token: 'any' }, { token: null }, { token: 'any', method: 'GET', body: '' }];
  // A status that no client can read is an answer too. Envoy hands any other than 200 on, also 204.
  const unreadable = (error: NodeJS.ErrnoException) => error.code ?? error.message;
  const outcomes = questions.map((question) => ask(port, question).then(({ status }) => status, unreadable));
  for (const outcome of await Promise.all(outcomes)) expect(outcome).not.toBe(200);
  expect(arrivals).toEqual([]);
}
