/** A gateway that asks twice about one request uses a proof once, where it is configured to vouch for its request ids. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { envoyAt } from '../http/gateways/grpc/envoy.ts';
import { FILES } from './issue.ts';
import { type Bound, boundClient, codeOf } from './proof-uses.ts';
import { type Started, start, until } from './start.ts';

const CALL = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'read_file', arguments: {} },
});
const caller = (name: string, more: object = {}) => ({
  key_sha256: [createHash('sha256').update(name).digest('hex')],
  servers: '*',
  may: ['decide', 'explain'],
  ...more,
});
const as = (name: string) => ({ 'x-audgate-key': name });

interface World {
  readonly service: Started;
  readonly client: Bound;
  readonly grpc: ReturnType<typeof envoyAt>;
}

async function serving(): Promise<World> {
  const client = await boundClient();
  const callers = {
    edge: caller('edge', { request_ids: true }),
    other: caller('other', { request_ids: true }),
    plain: caller('plain'),
  };
  const service = await start({ registry: client.registry, config: { callers, grpc: { listen: '127.0.0.1:0' } } });
  await until(
    async () => codeOf(await service.decide(await client.question(), as('plain'))),
    (code) => code === 'allow',
  );
  const { grpc } = JSON.parse(service.stdout().split('\n', 1)[0] ?? '') as { grpc: string };
  return { service, client, grpc: envoyAt(grpc) };
}

/** Whether this door allows one proof, with this id of a request. */
type Door = (world: World, proof: string, name: string, id?: string) => Promise<boolean>;

const native =
  (path: string): Door =>
  async ({ service, client }, proof, name, id) => {
    const question = {
      ...(await client.question()),
      proof: { dpop: [proof] },
      ...(id !== undefined && { context: { request_id: id } }),
    };
    const body = path === '/v1/data/audgate/decide' ? { input: question } : question;
    const response = await service.post(path, body, as(name));
    const answer = (await response.text()).trim();
    return response.status === 200 && !answer.includes('"deny"');
  };

const DOORS: Readonly<Record<string, Door>> = {
  decide: native('/v1/decide'),
  enforce: native('/v1/enforce'),
  data: native('/v1/data/audgate/decide'),
  async authzen({ service, client }, proof, name, id) {
    const question = {
      subject: { type: 'access_token', id: client.token, properties: { scheme: 'DPoP', dpop: [proof] } },
      action: { name: 'tools/call', properties: { arguments: {}, http_method: 'POST' } },
      resource: { type: 'tool', id: 'read_file', properties: { server: FILES } },
    };
    const headers = { ...as(name), ...(id !== undefined && { 'x-request-id': id }) };
    const response = await service.post('/access/v1/evaluation', question, headers);
    return ((await response.json()) as { decision: boolean }).decision;
  },
  async 'adapter of Envoy'({ service, client }, proof, name, id) {
    const response = await service.post('/v1/gateways/envoy/files/mcp', CALL, {
      ...as(name),
      authorization: `DPoP ${client.token}`,
      dpop: proof,
      ...(id !== undefined && { 'x-request-id': id }),
    });
    await response.text();
    return response.status === 200;
  },
  async 'gRPC of Envoy'({ grpc, client }, proof, name, id) {
    const { status } = await grpc.check({
      route: { audgate_server: 'files' },
      http: {
        method: 'POST',
        path: '/mcp',
        headers: {
          authorization: `DPoP ${client.token}`,
          dpop: proof,
          ...(id !== undefined && { 'x-request-id': id }),
        },
        raw_body: Buffer.from(CALL),
        size: CALL.length,
      },
      metadata: [['x-audgate-key', name]],
    });
    return (status.code ?? 0) === 0;
  },
};

it.each(Object.entries(DOORS))('at %s', async (_, door) => {
  const world = await serving();
  const [proof, unnamed, unvouched] = await Promise.all([
    world.client.proof(),
    world.client.proof(),
    world.client.proof(),
  ]);
  // At once, so that no machine takes five seconds between them.
  const tries = [door(world, proof, 'edge', 'request-1'), door(world, proof, 'edge', 'request-1')];
  expect(await Promise.all(tries)).toEqual([true, true]);
  expect(await door(world, proof, 'edge', 'request-2')).toBe(false);
  // Another caller's request of this name is another request.
  expect(await door(world, proof, 'other', 'request-1')).toBe(false);
  expect(await door(world, proof, 'plain', 'request-1')).toBe(false);
  expect(await door(world, unnamed, 'edge')).toBe(true);
  expect(await door(world, unnamed, 'edge')).toBe(false);
  // A client may have written it.
  expect(await door(world, unvouched, 'plain', 'request-3')).toBe(true);
  expect(await door(world, unvouched, 'plain', 'request-3')).toBe(false);
});

it('another call under the same id is another use of the proof', async () => {
  const { service, client } = await serving();
  const question = await client.question();
  const withArguments = (path: string) => ({
    ...question,
    context: { request_id: 'request-1' },
    call: { method: 'tools/call', tool: 'read_file', arguments: { path } },
  });
  expect(codeOf(await service.decide(withArguments('/mine'), as('edge')))).toBe('allow');
  expect(codeOf(await service.decide(withArguments('/mine'), as('edge')))).toBe('allow');
  expect(codeOf(await service.decide(withArguments('/yours'), as('edge')))).toBe('proof_replayed');

  const proof = await client.proof();
  const adapter = async (path: string) => {
    const body = CALL.replace('"arguments":{}', `"arguments":{"path":"${path}"}`);
    const response = await service.post('/v1/gateways/envoy/files/mcp', body, {
      ...as('edge'),
      ...{ authorization: `DPoP ${client.token}`, dpop: proof, 'x-request-id': 'request-2' },
    });
    await response.text();
    return response.status;
  };
  expect([await adapter('/mine'), await adapter('/mine'), await adapter('/yours')]).toEqual([200, 200, 401]);
});

it('an explanation says what would be decided, and uses nothing', async () => {
  const { service, client } = await serving();
  const question = await client.question();
  const explain = async () => {
    const answer = await (await service.post('/v1/explain', question, as('edge'))).json();
    return codeOf((answer as { would_decide: Parameters<typeof codeOf>[0] }).would_decide);
  };
  expect([await explain(), await explain()]).toEqual(['allow', 'allow']);
  expect(codeOf(await service.decide(question, as('edge')))).toBe('allow');
  expect(await explain()).toBe('proof_replayed');
});
