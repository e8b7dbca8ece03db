/** Callers over HTTP: who may ask, about what, and that nobody learns of servers that are not theirs (contract 3). */
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BILLING, FILES, readFile, registryOf, startIssuer } from './issue.ts';
import { run, scratch, start } from './start.ts';

const EDGE = { 'x-audgate-key': 'edge-key-3f8a' };
const OPS = { 'x-audgate-key': 'ops-key-91bc' };
const digest = (key: string) => createHash('sha256').update(key).digest('hex');
const CALLERS = {
  edge: { key_sha256: [digest('edge-key-3f8a'), digest('edge-next-key')], servers: ['files'], may: ['decide', 'read'] },
  ops: { key_sha256: [digest('ops-key-91bc')], servers: '*', may: ['decide', 'explain', 'read', 'metrics'] },
};

async function startWithCallers() {
  const issuer = await startIssuer();
  const registry = registryOf(issuer, { files: FILES, billing: BILLING });
  return { issuer, audgate: await start({ registry, config: { callers: CALLERS } }) };
}

test('without the right key, exactly once, nothing is answered but health, OpenAPI and resource metadata', async () => {
  const { audgate } = await startWithCallers();
  const guarded = ['/v1/servers', '/v1/servers/files', '/v1/status', '/metrics', '/v1/nothing'];
  for (const headers of [{}, { 'x-audgate-key': 'guess' }, { 'x-audgate-key': 'edge-key-3f8a, edge-key-3f8a' }]) {
    const answers = [
      await audgate.post('/v1/decide', readFile(FILES, null), headers),
      await audgate.post('/v1/explain', readFile(FILES, null), headers),
      ...(await Promise.all(guarded.map((path) => audgate.get(path, headers)))),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('AudgateKey');
      expect(await answer.json()).toMatchObject({ type: 'urn:audgate:problem:caller_unknown', status: 401 });
    }
  }
  expect(await statusOf(audgate.port, { 'X-Audgate-Key': ['edge-key-3f8a', 'edge-key-3f8a'] })).toBe(401);
  const open = ['/health/live', '/health/ready', '/openapi.json', '/v1/servers/files/protected-resource-metadata'];
  for (const path of open) expect((await audgate.get(path)).status).toBe(200);
});

test('a caller with listed servers sees these alone: a neighbour and a server that nobody has get one answer', async () => {
  const { issuer, audgate } = await startWithCallers();
  const token = await issuer.token(FILES);
  expect((await audgate.decide(readFile(FILES, token), EDGE)).decision).toBe('allow');
  const next = { 'x-audgate-key': 'edge-next-key' };
  expect((await audgate.decide(readFile(FILES, token), next)).decision).toBe('allow');

  const refused = [BILLING, 'billing', 'https://nobody.example.com/mcp', `${FILES}/`];
  const bodies = await Promise.all(
    refused.map(async (server) => {
      const answer = await audgate.post('/v1/decide', readFile(server, token), EDGE);
      expect(answer.status).toBe(403);
      return answer.text();
    }),
  );
  expect(new Set(bodies).size).toBe(1);
  expect(bodies[0]).not.toMatch(/billing|nobody/);

  const listed = await (await audgate.get('/v1/servers', EDGE)).json();
  expect(listed).toEqual({ servers: [expect.objectContaining({ key: 'files' })] });
  expect((await audgate.get('/v1/servers/files', EDGE)).status).toBe(200);
  const hidden = await audgate.get('/v1/servers/billing', EDGE);
  const absent = await audgate.get('/v1/servers/nothing', EDGE);
  expect([hidden.status, absent.status]).toEqual([403, 403]);
  expect(await hidden.text()).toBe(await absent.text());
});

test('a message names the neighbour only to a caller that may see it', async () => {
  const { issuer, audgate } = await startWithCallers();
  const question = readFile(FILES, await issuer.token(BILLING));
  const edge = await audgate.decide(question, EDGE);
  expect(edge.reasons[0]?.code).toBe('audience_mismatch');
  expect(edge.reasons[0]?.message).toContain('(another registered server)');
  expect(edge.reasons[0]?.message).not.toContain('"billing"');
  const ops = await audgate.decide(question, OPS);
  expect(ops.reasons[0]?.message).toContain('(registered server "billing")');
  const near = await audgate.decide(readFile('billing', null), OPS);
  expect(near.reasons[0]).toMatchObject({ code: 'server_unknown', message: expect.stringContaining(BILLING) });
});

test('a caller may do what its list says and nothing else', async () => {
  const { audgate } = await startWithCallers();
  expect((await audgate.post('/v1/explain', readFile(FILES, null), EDGE)).status).toBe(403);
  expect((await audgate.get('/metrics', EDGE)).status).toBe(403);
  expect((await audgate.get('/v1/status', EDGE)).status).toBe(200);
  expect((await audgate.post('/v1/explain', readFile(FILES, null), OPS)).status).toBe(200);
  expect((await audgate.get('/metrics', OPS)).status).toBe(200);
});

test('without callers only loopback names are served, so that a page cannot rebind its name to it', async () => {
  const issuer = await startIssuer();
  const audgate = await start({ registry: registryOf(issuer, { files: FILES }) });
  const statuses = (hosts: readonly string[]) =>
    Promise.all(hosts.map((host) => statusOf(audgate.port, { Host: host })));
  expect(await statuses(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:80', '10.0.0.1'])).toEqual(
    Array(4).fill(421),
  );
  const local = ['localhost', `localhost:${audgate.port}`, `127.0.0.1:${audgate.port}`, '[::1]:80'];
  expect(await statuses(local)).toEqual(Array(4).fill(200));
});

test('beyond loopback audgate starts only with callers; without any it ends with 2 and says what to do', async () => {
  const issuer = await startIssuer();
  const { folder } = await start({ registry: registryOf(issuer, { files: FILES }) });
  for (const listen of ['0.0.0.0:0', '[::]:0']) {
    const refused = await run([
      'src/main.ts',
      'serve',
      '--registry',
      join(folder, 'registry.json'),
      '--listen',
      listen,
    ]);
    expect(refused.code).toBe(2);
    expect(refused.stdout).toBe('');
    expect(refused.stderr).toMatch(/no callers are configured: add callers, or listen on 127\.0\.0\.1/);
  }
  const open = await start({
    registry: registryOf(issuer, { files: FILES }),
    config: { listen: '0.0.0.0:0', callers: CALLERS },
  });
  expect(await statusOf(open.port, { Host: 'audgate.internal' })).toBe(200);
});

test('a Unix socket needs no callers, and one that a killed service left behind is in nobody’s way', async () => {
  const issuer = await startIssuer();
  const socket = join(await scratch(), 'audgate.sock');
  const options = { registry: registryOf(issuer, { files: FILES }), config: { listen: `unix:${socket}` } };
  const first = await start(options);
  expect(first.url).toBe(`unix:${socket}`);
  expect(await statusOf(socket, { Host: 'localhost' })).toBe(200);
  first.signal('SIGKILL');
  await first.ended;
  await start(options);
  expect(await statusOf(socket, { Host: 'localhost' })).toBe(200);
});

/** Of GET /v1/servers with headers that fetch would not send. */
function statusOf(at: number | string, headers: Record<string, string | string[]>): Promise<number | undefined> {
  const place = typeof at === 'number' ? { host: '127.0.0.1', port: at } : { socketPath: at };
  const path = 'X-Audgate-Key' in headers ? '/v1/servers' : '/health/live';
  return new Promise((resolve, reject) => {
    const asked = request({ ...place, path, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.once('error', reject);
    asked.end();
  });
}
