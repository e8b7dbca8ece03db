/** Envoy's gRPC at the real program: beside HTTP, with the same callers, limits, reloads and end. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CheckResponse, envoyAt } from '../http/gateways/grpc/envoy.ts';
import { BILLING, FILES, registryOf, startIssuer } from './issue.ts';
import { run, type Started, scratch, start, until } from './start.ts';

const CALL = Buffer.from(
  JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read_file', arguments: {} } }),
);
const caller = (key: string, servers: unknown = '*') => ({
  key_sha256: [createHash('sha256').update(key).digest('hex')],
  servers,
  may: ['decide', 'read'],
});

function grpcOf(audgate: Started): string {
  const { grpc } = JSON.parse(audgate.stdout().split('\n', 1)[0] ?? '') as { grpc?: string };
  if (grpc === undefined) throw new Error('the first line names no place of gRPC');
  return grpc;
}

const outcome = ({ status, denied_response }: CheckResponse) =>
  (status.code ?? 0) === 0 ? 'allow' : `deny ${denied_response?.status.code}`;

async function serving(config: object = {}) {
  const issuer = await startIssuer();
  const registry = registryOf(issuer, { files: FILES, billing: BILLING });
  const audgate = await start({ registry, config: { grpc: { listen: '127.0.0.1:0' }, ...config } });
  const address = grpcOf(audgate);
  const envoy = envoyAt(address);
  const check = async (server: string, token: string, key?: string, timeout?: number) =>
    envoy.check({
      route: { audgate_server: server },
      http: {
        method: 'POST',
        path: '/mcp',
        headers: { authorization: `Bearer ${token}` },
        raw_body: CALL,
        size: CALL.length,
      },
      ...(key !== undefined && { metadata: [['x-audgate-key', key]] }),
      ...(timeout !== undefined && { timeout }),
    });
  return { issuer, audgate, address, envoy, check };
}

test('the first line says where it listens, and one record a decision follows', async () => {
  const { issuer, audgate, address, check, envoy } = await serving();
  expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(await envoy.health()).toEqual({ status: 'SERVING' });
  const token = await issuer.token(FILES);
  expect(outcome(await check('files', token))).toBe('allow');
  expect(outcome(await check('billing', token))).toBe('deny 401');
  const { code, stdout, stderr } = await audgate.stop();
  expect(code).toBe(0);
  const [first = '', ...records] = stdout.trim().split('\n');
  expect(Object.keys(JSON.parse(first))).toEqual(['event', 'url', 'grpc', 'revision']);
  expect(records.map((line) => JSON.parse(line).path)).toEqual(Array(2).fill('audgate/gateways/envoy-grpc'));
  for (const part of token.split('.').slice(2)) expect(stdout + stderr).not.toContain(part);
});

test('callers are those of HTTP, and rotate with them', async () => {
  const callers = { edge: caller('old', ['files']), operator: caller('operator') };
  const { issuer, audgate, check } = await serving({ callers });
  const token = await issuer.token(FILES);
  expect(outcome(await check('files', token, 'old'))).toBe('allow');
  expect(outcome(await check('billing', await issuer.token(BILLING), 'old'))).toBe('deny 403');
  expect(outcome(await check('files', token))).toBe('deny 403');

  const whole = { listen: '127.0.0.1:0', registry: 'registry.json', grpc: { listen: '127.0.0.1:0' } };
  const renewed = { ...callers, edge: caller('new', ['files']) };
  await writeFile(join(audgate.folder, 'config.json'), JSON.stringify({ ...whole, callers: renewed }));
  audgate.signal('SIGHUP');
  await until(
    async () => outcome(await check('files', token, 'new')),
    (found) => found === 'allow',
  );
  expect(outcome(await check('files', token, 'old'))).toBe('deny 403');
});

test('a key that the library cannot read is in no log', async () => {
  const { audgate, address } = await serving({ callers: { edge: caller('hunter2-\u00e9') } });
  const session = connect(`http://${address}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/envoy.service.auth.v3.Authorization/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
    'x-audgate-key': 'hunter2-\u00e9',
  });
  const trailers = await new Promise<Record<string, unknown>>((resolve, reject) => {
    stream.on('trailers', resolve).on('error', reject);
    stream.resume().end();
  });
  session.close();
  expect(trailers['grpc-status']).toBe('0');
  const { stdout, stderr } = await audgate.stop();
  expect(stdout + stderr).not.toContain('hunter2');
});

test('a message of which only a part comes ends in a refusal, not in an error', async () => {
  const { address } = await serving({ limits: { headers_timeout_ms: 200, request_timeout_ms: 400 } });
  const session = connect(`http://${address}`);
  const headers = { ':method': 'POST', ':path': '/envoy.service.auth.v3.Authorization/Check', te: 'trailers' };
  const stream = session.request({ ...headers, 'content-type': 'application/grpc' });
  const pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  stream.write(Buffer.from('00000000ff0a', 'hex'));
  const trailers = await new Promise<Record<string, unknown>>((resolve) => stream.on('trailers', resolve));
  session.destroy();
  expect(trailers['grpc-status']).toBe('0');
  expect(Buffer.concat(pieces).toString('latin1')).toContain('refused');
});

test('issuers that do not answer make no call wait beyond Envoy’s patience', async () => {
  const { issuer, check } = await serving();
  issuer.slow(1500);
  const answer = await check('files', await issuer.token(FILES), undefined, 1000);
  expect(outcome(answer)).toBe('deny 403');
});

describe('the end', () => {
  test('under load answers what was accepted, then ends with 0', async () => {
    const { issuer, audgate, check } = await serving();
    const token = await issuer.token(FILES);
    const found = new Map<string, number>();
    let ended = false;
    const gateway = async () => {
      while (!ended) {
        // What was on its way when the connection closed was never taken: Envoy is told so, and may ask elsewhere.
        const one = await check('files', token, undefined, 2000).then(outcome, (error: { code: number }) => error.code);
        found.set(String(one), (found.get(String(one)) ?? 0) + 1);
        if (one !== 'allow') return;
      }
    };
    const load = Promise.all(Array.from({ length: 8 }, gateway));
    await until(
      () => found.get('allow') ?? 0,
      (count) => count > 100,
    );
    const { code, stdout } = await audgate.stop();
    ended = true;
    await load;
    expect(code).toBe(0);
    const allowed = found.get('allow') ?? 0;
    expect([...found.keys()].filter((one) => one !== 'allow' && one !== '14')).toEqual([]);
    // Each check that was decided was answered.
    expect(stdout.trim().split('\n').length - 1).toBe(allowed);
  });
});

test('a place that is taken is said, and the program ends', async () => {
  const { address, issuer } = await serving();
  const folder = await scratch();
  await writeFile(join(folder, 'registry.json'), JSON.stringify(registryOf(issuer, { files: FILES })));
  const config = { registry: 'registry.json', listen: '127.0.0.1:0', grpc: { listen: address } };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  const { code, stdout, stderr } = await run(['src/main.ts', 'serve', '--config', join(folder, 'config.json')]);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain(`${address} is taken by another process`);
  expect(stderr).toContain('grpc.listen');
});
