import { describe, expect, onTestFinished, test } from 'vitest';
import { FAILURES } from '../../../conformance/gateways/failures.ts';
import { freePort } from '../../../conformance/gateways/free-port.ts';
import { start } from '../../../conformance/gateways/haproxy.ts';
import { ask, KEY, startGateway, startServers } from '../../examples/gateway-world.ts';
import { nothingPasses, tokensStayOutOfLogs } from './nothing-passes.ts';

describe('HAProxy, audgate gone', () => {
  nothingPasses(start);
  tokensStayOutOfLogs(start);

  // Its HTTP client alone asks four times, and would show a proof of possession again each time.
  test.each(FAILURES)('audgate is asked once, whatever comes of it: $name', async (failure) => {
    const failing = await failure.start();
    onTestFinished(() => failing.stop());
    const { servers } = await startServers();
    const port = await freePort();
    await startGateway(start, { port, audgate: { address: failing.address, key: KEY }, servers });

    expect((await ask(port, { token: 'any' })).status).toBe(503);

    expect(failing.connections()).toBe(failure.name.startsWith('stopped') ? 0 : 1);
  });
});
