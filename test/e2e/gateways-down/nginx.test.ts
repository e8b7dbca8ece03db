import { describe, expect, test } from 'vitest';
import { start } from '../../../conformance/gateways/nginx.ts';
import { BY_HEADERS } from '../../examples/by-headers.ts';
import { openWorld } from '../../examples/gateway-world.ts';
import { nothingPasses } from './nothing-passes.ts';

describe('nginx with auth_request, audgate gone', () => {
  nothingPasses(start, BY_HEADERS);

  test('that audgate refuses the gateway is nothing that a client could cure: 503, no challenge', async () => {
    const world = await openWorld((parts) => start({ ...parts, audgate: { ...parts.audgate, key: 'not-the-key' } }));
    const { status, headers } = await world.ask({ headers: BY_HEADERS.headers });
    expect(status).toBe(503);
    expect(headers).not.toHaveProperty('www-authenticate');
  });
});
