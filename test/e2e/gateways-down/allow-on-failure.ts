/**
 * Envoy as it must not be: `failure_mode_allow: true`, and without the rule that wants audgate's word upstream. Whatever
 * audgate cannot answer passes then; whatever it decided must not.
 */
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { type EnvoyOptions, startEnvoy } from '../../../conformance/gateways/envoy.ts';
import type { StartGateway } from '../../../conformance/gateways/gateway.ts';
import { CALL, openWorld, type Question } from '../../examples/gateway-world.ts';
import { RAW } from './raw-requests.ts';

const EXT_AUTHZ = 'envoy.filters.http.ext_authz';
const RBAC = 'envoy.filters.http.rbac';

/** Opens the example: an Envoy that prefers an answer to a right answer. */
const opened: NonNullable<EnvoyOptions['edit']> = (text) => {
  const configuration = JSON.stringify(parse(text, { maxAliasCount: -1 }), (name, value: unknown) => {
    if (name === 'failure_mode_allow') return true;
    // What the client wrote reaches audgate as it is.
    if (name === 'normalize_path' || name === 'merge_slashes') return false;
    if (name === 'path_with_escaped_slashes_action') return 'KEEP_UNCHANGED';
    if (name === 'http_filters') return (value as { name: string }[]).filter((filter) => filter.name !== RBAC);
    if (name === 'typed_per_filter_config') return { [EXT_AUTHZ]: (value as Record<string, unknown>)[EXT_AUTHZ] };
    return value;
  });
  // Any path below a server's, so that every trick with one comes as far as audgate.
  return configuration.replaceAll(/"path":"\/(files|billing)\/mcp"/g, '"prefix":"/$1"');
};

export function decisionsHold(example: 'envoy-http' | 'envoy-grpc'): void {
  const start: StartGateway = (parts) => startEnvoy(example, parts, { edit: opened });

  test('the door is really open: what audgate cannot answer passes', async () => {
    const world = await openWorld(start);
    await world.audgate.stop();
    expect((await world.ask()).status).toBe(200);
    expect(world.arrivals).toHaveLength(1);
  });

  test('no denial passes, whatever it is for', async () => {
    const world = await openWorld(start);
    const token = await world.issuer.token(world.resources.files);
    const foreign = await world.issuer.token(world.resources.billing);
    const expired = await world.issuer.token(world.resources.files, { claims: { iat: 1, exp: 2 } });
    const call = (params: object, method = 'tools/call') => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const denied: readonly Question[] = [
      {},
      { token: foreign },
      { token: expired },
      { token: `${token.slice(0, -4)}AAAA` },
      { token: 'x'.repeat(30_000) },
      { token: 'ü' },
      { token, headers: [['Authorization', `Bearer ${token}`]] },
      { token, path: `/files/mcp?access_token=${token}` },
      { token, body: CALL.replace('read_file', 'write_file') },
      { token, body: CALL.replace('read_file', 'no_such_tool') },
      { token, headers: [['Mcp-Name', 'write_file']] },
      { token, headers: [['Mcp-Name', '\xff']] },
      { token, headers: [['Mcp-Param-A', 'b'.repeat(20_000)]] },
      { token, headers: [['Content-Encoding', 'gzip']], body: '\x1f\x8b' },
      { token, body: '' },
      { token, body: 'no JSON' },
      { token, body: Buffer.from([0xff, 0xfe, 0x00]) },
      { token, body: '['.repeat(100_000) },
      { token, body: `[${CALL}]` },
      { token, body: call({ name: '\ud800' }) },
      { token, body: CALL.replace('"/a"', '1e400') },
      { token, body: call({ uri: 'file:///x' }, 'resources/read') },
      { token, body: call({}, 'no/such') },
      { token, body: 'x'.repeat(262_145) },
      { token, body: 'x'.repeat(600_000), chunked: true },
      { token, method: 'DELETE', body: '' },
      { token, method: 'HEAD', body: '' },
      { token, method: 'OPTIONS', body: '' },
      { token, method: 'TRACE', body: '' },
      { token, method: 'QUERY' },
      { token, path: '/files/../billing/mcp' },
      { token, path: '/files/%2e%2e/billing/mcp' },
      { token, path: '/files/..%2fbilling/mcp' },
      { token, path: '/files//mcp' },
      { token, path: '/files/mcp\\..' },
      { token: foreign, path: '/files/../billing/mcp' },
      { token, path: `/files/mcp?${'a'.repeat(40_000)}` },
      { token, path: '/files/mcp?a#b' },
    ];
    const passed: unknown[] = [];
    for (const question of denied) {
      const before = world.arrivals.length;
      // Some are refused by closing the connection.
      await world.ask(question).catch(() => null);
      if (world.arrivals.length > before) passed.push(question);
    }
    expect(passed).toEqual([]);
  });

  test.each(RAW)('nothing that audgate’s parser stumbles over passes: %s', async (_, lines) => {
    const world = await openWorld(start);
    const token = await world.issuer.token(world.resources.files);
    const text = lines.join('\r\n').replace('TOKEN', token);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(new URL(world.gateway.url).port), '127.0.0.1');
      socket.on('error', () => {});
      socket.once('data', () => socket.destroy());
      socket.once('close', () => resolve());
      socket.write(Buffer.from(text, 'latin1'));
    });
    expect(world.arrivals).toEqual([]);
  });

  test('keys that cannot be had: a certain denial is a denial, the rest is refused too', async () => {
    const world = await openWorld(start);
    const token = await world.issuer.token(world.resources.files);
    const foreign = await world.issuer.token(world.resources.billing);
    await world.issuer.down();
    expect((await world.ask({ token: foreign })).status).toBe(401);
    const indeterminate = await world.ask({ token });
    expect(indeterminate).toMatchObject({ status: 403, headers: { 'retry-after': '5' } });
    expect(world.arrivals).toEqual([]);
  });

  test('keys that hang: audgate gives up before Envoy does', async () => {
    const world = await openWorld(start);
    world.issuer.slow(60_000);
    const answer = await world.ask({ token: await world.issuer.token(world.resources.files) });
    expect(answer).toMatchObject({ status: 403, headers: { 'retry-after': '5' } });
    expect(world.arrivals).toEqual([]);
  });

  test('a body that is larger than audgate takes, though Envoy takes it', async () => {
    const larger = (text: string) => opened(text).replace(/"max_request_bytes":\d+/, '"max_request_bytes":4000000');
    const world = await openWorld((parts) => startEnvoy(example, parts, { edit: larger }));
    const token = await world.issuer.token(world.resources.files);
    const body = CALL.replace('/a', 'a'.repeat(500_000));
    expect((await world.ask({ token, body })).status).toBeGreaterThanOrEqual(400);
    expect((await world.ask({ token, body, chunked: true })).status).toBeGreaterThanOrEqual(400);
    expect(world.arrivals).toEqual([]);
  });

  test('a body of which Envoy hands on a part', async () => {
    const partial = (text: string) =>
      opened(text)
        .replace(/"max_request_bytes":\d+/, '"max_request_bytes":200')
        .replace('"allow_partial_message":false', '"allow_partial_message":true');
    const world = await openWorld((parts) => startEnvoy(example, parts, { edit: partial }));
    const token = await world.issuer.token(world.resources.files);
    // The part that audgate sees is a whole message; the rest would be another.
    const body = `${CALL}${' '.repeat(200 - CALL.length)}${CALL}`;
    expect((await world.ask({ token, body })).status).toBe(400);
    expect((await world.ask({ token, body, chunked: true })).status).toBe(400);
    expect(world.arrivals).toEqual([]);
    expect((await world.ask({ token })).status).toBe(200);
  });

  test('a route that names no server, a server that is not registered, a caller that may not ask', async () => {
    const unnamed = (text: string) =>
      opened(text)
        .replaceAll('/v1/gateways/envoy/files', '/v1/gateways/envoy/nobody')
        .replaceAll('"audgate_server":"files"', '"audgate_server":"nobody"');
    const without = (text: string) =>
      opened(text).replaceAll('/v1/gateways/envoy/files', '').replaceAll('"audgate_server":"files"', '');
    for (const edit of [unnamed, without]) {
      const world = await openWorld((parts) => startEnvoy(example, parts, { edit }));
      const token = await world.issuer.token(world.resources.files);
      expect((await world.ask({ token })).status).toBeGreaterThanOrEqual(400);
      expect(world.arrivals).toEqual([]);
    }
    const stranger = await openWorld((parts) =>
      startEnvoy(example, { ...parts, audgate: { ...parts.audgate, key: 'not-the-key' } }, { edit: opened }),
    );
    expect(
      (await stranger.ask({ token: await stranger.issuer.token(stranger.resources.files) })).status,
    ).toBeGreaterThanOrEqual(400);
    expect(stranger.arrivals).toEqual([]);
  });
}
