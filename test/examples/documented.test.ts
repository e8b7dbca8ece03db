import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { IDENTITY_HEADERS } from '../../src/decide/identity.ts';
import { type Issuer, registryOf, startIssuer } from '../e2e/issue.ts';
import { type Started, start } from '../e2e/start.ts';
import { type ClientRequest, type Documented, type Question, readDocumented, type ServerKey } from './documented.ts';
import { CALL, SERVER } from './gateway-world.ts';

const RESOURCES = { files: 'https://mcp.example.com/files/mcp', billing: 'https://mcp.example.com/billing/mcp' };
/** As the examples have it, so that the key in the file is the one that is tried. */
const KEY = 'replace-with-the-key-of-this-gateway';
const FOLDERS = ['traefik', 'apisix', 'kong', 'agentgateway', 'istio'];

describe.each(await readDocumented())('$name, as documented', (gateway) => {
  test('a right token opens its own server, and the server learns who calls from audgate alone', async () => {
    const { issuer, ask } = await open(gateway);
    for (const key of ['files', 'billing'] as const) {
      const answer = await ask(key, client(key, await issuer.token(RESOURCES[key])));
      expect(answer.status).toBe(200);
      expect(answer.headers['x-audgate-server']).toBe(key);
    }
    expect(IDENTITY_HEADERS.filter((name) => !gateway.toServer(name))).toEqual([]);
  });

  test('refusals reach the client with what it needs to do better', async () => {
    const { issuer, ask } = await open(gateway);
    const foreign = await ask('files', client('files', await issuer.token(RESOURCES.billing)));
    expect(foreign.status).toBe(401);
    expect(foreign.headers['www-authenticate']).toContain('error="invalid_token"');
    expect((await ask('files', client('files', null))).status).toBe(401);
    const scope = client('files', await issuer.token(RESOURCES.files), CALL.replace('read_file', 'write_file'));
    expect((await ask('files', scope)).headers['www-authenticate']).toContain('scope="files:write"');
    for (const name of ['www-authenticate', 'content-type']) expect(gateway.toClient(name)).toBe(true);
  });

  test('a body that is encoded is refused: its plain bytes may be one message, what a server decodes another', async () => {
    const { issuer, ask } = await open(gateway);
    const right = client('files', await issuer.token(RESOURCES.files));
    const headers = [...right.headers, ['Content-Encoding', 'br'] as const];
    expect((await ask('files', { ...right, headers })).status).toBe(400);
  });

  test('the whole call is handed on: body, method and the headers that repeat them', async () => {
    const { issuer, ask } = await open(gateway);
    const right = client('files', await issuer.token(RESOURCES.files));
    const headers = [...right.headers, ['Mcp-Method', 'tools/call'] as const, ['Mcp-Name', 'write_file'] as const];
    expect((await ask('files', { ...right, headers })).status).toBe(400);
    expect((await ask('files', { ...right, body: 'no JSON' })).status).toBe(400);
    expect((await ask('files', { ...right, body: '' })).status).toBe(400);
    expect((await ask('files', { ...right, method: 'DELETE', body: '' })).status).toBe(403);
    expect((await ask('files', { ...right, target: '/files/../billing/mcp' })).status).toBe(400);
    const token = right.headers[0]?.[1].replace('Bearer ', '');
    expect((await ask('files', { ...right, target: `/files/mcp?access_token=${token}` })).status).toBe(400);
  });
});

test.each(FOLDERS)('every path of audgate’s that examples/%s names is there', async (folder) => {
  const audgate = await start({ registry: registryOf(await startIssuer(), RESOURCES, SERVER), config: CONFIG });
  const at = new URL(`../../examples/${folder}/`, import.meta.url);
  const texts = await Promise.all((await readdir(at)).map((name) => readFile(new URL(name, at), 'utf8')));
  const paths = new Set(texts.flatMap((text) => text.match(/\/v1\/[\w/-]+\w/g) ?? []));
  const metadata = [...paths].filter((path) => path.startsWith('/v1/servers/'));
  expect(metadata).toHaveLength(2);
  for (const path of metadata) {
    const answer = (await (await audgate.get(path)).json()) as { resource: string };
    expect(Object.values(RESOURCES)).toContain(answer.resource);
  }
  for (const path of paths) {
    // Kong's program adds the key of the server.
    const whole = /^\/v1\/gateways\/[\w-]+$/.test(path) ? `${path}/files` : path;
    const { status } = await audgate.post(whole, {}, { 'x-audgate-key': KEY });
    expect.soft({ path, status }).not.toMatchObject({ status: 404 });
  }
});

const CONFIG = {
  callers: {
    gateway: {
      key_sha256: [createHash('sha256').update(KEY).digest('hex')],
      servers: ['files', 'billing'],
      may: ['decide'],
    },
  },
};

interface Open {
  readonly issuer: Issuer;
  ask(key: ServerKey, client: ClientRequest): ReturnType<typeof sendTo>;
}

async function open(gateway: Documented): Promise<Open> {
  const issuer = await startIssuer();
  const audgate = await start({ registry: registryOf(issuer, RESOURCES, SERVER), config: CONFIG });
  return { issuer, ask: (key, client) => sendTo(audgate, gateway, gateway.ask(key, client)) };
}

function client(key: ServerKey, token: string | null, body: string = CALL): ClientRequest {
  const credential = token === null ? [] : [['Authorization', `Bearer ${token}`] as const];
  return {
    method: 'POST',
    target: `/${key}/mcp`,
    headers: [...credential, ['Content-Type', 'application/json']],
    body,
  };
}

/** Its path exactly as the gateway would write it. */
function sendTo(audgate: Started, gateway: Documented, { url, method, headers, body }: Question) {
  expect(url.startsWith(`${gateway.audgate}/`)).toBe(true);
  const key = gateway.certificate ? ['X-Audgate-Key', KEY] : [];
  const length = body === '' ? [] : ['Content-Length', String(Buffer.byteLength(body))];
  return new Promise<{ status: number; headers: Record<string, string | undefined> }>((resolve, reject) => {
    request(
      {
        host: '127.0.0.1',
        port: audgate.port,
        method,
        path: url.slice(gateway.audgate.length),
        headers: ['Host', '127.0.0.1', ...headers.flat(), ...key, ...length],
      },
      (answer) => {
        answer.resume();
        const values = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as const);
        resolve({ status: answer.statusCode ?? 0, headers: Object.fromEntries(values) });
      },
    )
      .once('error', reject)
      .end(body);
  });
}
