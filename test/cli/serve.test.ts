import { hash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audgate, BILLING, createWorld, ended, FILES, registryOf, serving, spawnAudgate } from './audgate.ts';

let world: Awaited<ReturnType<typeof createWorld>>;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const call = { method: 'tools/call', tool: 'read_file', arguments: { path: '/etc/secret-plans' } };

const decideAt = async (url: string, body: object, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${url}/v1/decide`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ server: FILES, call, ...body }),
  });

const objectOf = async (answer: Response) => (await answer.json()) as Record<string, unknown>;

describe('standard output', () => {
  test('says first where it listens, then each decision as one line of JSON', async () => {
    const serve = await serving(['--registry', world.registry]);
    expect(serve.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(serve.revision).toMatch(/^sha256:[0-9a-f]{64}$/);
    const answers = [];
    for (const aud of [FILES, BILLING]) {
      answers.push(await (await decideAt(serve.url, { token: await world.token({ aud }) })).json());
    }
    await serve.until(() => serve.records.length === 2);
    const records = serve.records.map((line) => JSON.parse(line));
    expect(records.map(({ result }) => result)).toEqual(answers);
    expect(records[0]).toMatchObject({
      path: 'audgate/decide',
      labels: { version: expect.any(String) },
      bundles: { registry: { revision: expect.stringMatching(/^sha256:/) }, core: {} },
      requested_by: 'local',
      erased: ['/input/call/arguments'],
      input: {
        call: { arguments: { sha256: hash('sha256', JSON.stringify(call.arguments)), size: 28 } },
        registered: { server: { key: 'files' } },
      },
    });
    serve.child.kill('SIGTERM');
    expect(await serve.end).toBe(0);
  });

  test('holds no token, and neither does standard error', async () => {
    const serve = await serving(['--registry', world.registry]);
    const tokens = [await world.token(), await world.token({ sign: 'foreign_key' }), 'a.b.c-not-a-token'];
    for (const token of tokens) await decideAt(serve.url, { token });
    await serve.until(() => serve.records.length === tokens.length);
    serve.child.kill('SIGTERM');
    await serve.end;
    const all = serve.records.join('\n') + serve.diagnostics();
    for (const token of tokens) for (const part of token.split('.').slice(2)) expect(all).not.toContain(part);
    expect(all).not.toContain('secret-plans');
  });

  test('answers as the command decide does', async () => {
    const serve = await serving(['--registry', world.registry]);
    const token = await world.token({ aud: BILLING });
    const overHttp = await objectOf(await decideAt(serve.url, { token }));
    const args = ['--server', FILES, '--tool', 'read_file', '--arguments', JSON.stringify(call.arguments), '--json'];
    const { stdout } = await audgate(['decide', '--registry', world.registry, ...args], { stdin: token });
    expect({ ...JSON.parse(stdout), decision_id: '' }).toEqual({ ...overHttp, decision_id: '' });
  });

  test('whose reader goes away ends no service', async () => {
    const serve = await serving(['--registry', world.registry]);
    serve.child.stdout.destroy();
    for (let at = 0; at < 3; at++) {
      expect((await decideAt(serve.url, { token: await world.token() })).status).toBe(200);
      await new Promise((done) => setTimeout(done, 30));
    }
    await serve.until(() => serve.diagnostics().includes('decision records cannot be written'));
    serve.child.kill('SIGTERM');
    expect(await serve.end).toBe(0);
  });

  test('that nobody reads does not keep the service from ending', async () => {
    const child = spawnAudgate(['serve', '--registry', world.registry, '--listen', '127.0.0.1:0']);
    const [first] = await once(child.stdout, 'data');
    child.stdout.pause();
    const { url } = JSON.parse(String(first));
    const token = await world.token();
    // More than the pipe, and what this process reads ahead, can hold.
    for (let at = 0; at < 200; at++) await (await decideAt(url, { token })).text();
    const end = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await end).toEqual([0, null]);
  });
});

describe('SIGHUP', () => {
  test('reloads the registry, and a bad one never replaces a good one', async () => {
    const registry = await world.write('reloaded.json', JSON.stringify(registryOf(world.key)));
    const serve = await serving(['--registry', registry]);
    const status = async () => objectOf(await fetch(`${serve.url}/v1/status`));
    const long = { claims: { exp: '+1200' } };
    const decision = async () =>
      (await objectOf(await decideAt(serve.url, { token: await world.token(long) }))).decision;
    expect(await decision()).toBe('deny');

    await world.write('reloaded.json', JSON.stringify(registryOf(world.key, 1800)));
    serve.child.kill('SIGHUP');
    await serve.until(() => serve.diagnostics().includes('"reloaded"'));
    const good = await status();
    expect(good.last_reload).toMatchObject({ ok: true });
    expect(good.revision).not.toBe(serve.revision);
    expect(await decision()).toBe('allow');

    await world.write('reloaded.json', '{"issuers": {}, "servers": {"files": {}}}');
    serve.child.kill('SIGHUP');
    await serve.until(() => serve.diagnostics().includes('the reload was refused'));
    const kept = await status();
    expect(kept).toMatchObject({ revision: good.revision, last_reload: { ok: false } });
    expect(kept).toHaveProperty('last_reload.problems.0.message');
    expect(await decision()).toBe('allow');
  });
});

describe.each(['SIGTERM', 'SIGINT'] as const)('%s under load', (signal) => {
  test('answers every accepted request, records it, and ends with 0', async () => {
    const serve = await serving(['--registry', world.registry]);
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    const body = JSON.stringify({ server: FILES, call, token: await world.token() });
    const outcomes = new Map<string, number>();
    const ask = () =>
      new Promise<string>((done) => {
        const options = { method: 'POST', agent, headers: { 'content-type': 'application/json' } };
        const asked = request(`${serve.url}/v1/decide`, options, (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          answer.on('end', () => done(JSON.parse(text).decision));
          answer.on('error', (error) => done(`cut: ${error.message}`));
        });
        asked.on('error', (error) => done('code' in error ? String(error.code) : error.message));
        asked.end(body);
      });
    let told = false;
    const client = async () => {
      for (;;) {
        const outcome = await ask();
        const total = (outcomes.get(outcome) ?? 0) + 1;
        outcomes.set(outcome, total);
        if (outcome !== 'allow') return;
        if (total > 500 && !told) {
          told = true;
          serve.child.kill(signal);
        }
      }
    };
    await Promise.all(Array.from({ length: 20 }, client));
    expect(await serve.end).toBe(0);
    agent.destroy();
    // The listening socket is closed before anything else, so a connection is either refused or answered.
    expect([...outcomes.keys()].sort()).toEqual(['ECONNREFUSED', 'allow']);
    expect(serve.records).toHaveLength(outcomes.get('allow') ?? 0);
  });
});

describe('the configuration', () => {
  test('is a file whose paths are relative to it; callers then need their key, flags win', async () => {
    const config = await world.write(
      'config.yaml',
      [
        'listen: 127.0.0.1:1',
        'registry: ./registry.json',
        'callers:',
        `  edge: { key_sha256: ["${hash('sha256', 'edge-key')}"], servers: [files], may: [decide] }`,
        'record: { arguments: true }',
      ].join('\n'),
    );
    const serve = await serving(['--config', config]);
    const token = await world.token();
    expect((await decideAt(serve.url, { token })).status).toBe(401);
    expect((await decideAt(serve.url, { token }, { 'x-audgate-key': 'edge-key' })).status).toBe(200);
    await serve.until(() => serve.records.length === 1);
    expect(JSON.parse(serve.records[0] ?? '')).toMatchObject({
      requested_by: 'edge',
      input: { call: { arguments: call.arguments } },
      erased: [],
    });
  });

  test('whose callers are refused, or name servers that nobody has registered, is told of in the log', async () => {
    const config = await world.write(
      'misspelt.yaml',
      [
        'listen: 127.0.0.1:0',
        'registry: ./registry.json',
        'callers:',
        `  edge: { key_sha256: ["${hash('sha256', 'edge-key')}"], servers: [fils], may: [decide] }`,
      ].join('\n'),
    );
    const serve = await serving(['--config', config]);
    await serve.until(() =>
      serve.diagnostics().includes('"fils\\", which is no key of the registry; did you mean \\"files'),
    );
    for (const key of ['edge-kee', 'edge-kee', 'edge-kee']) await decideAt(serve.url, {}, { 'x-audgate-key': key });
    expect((await decideAt(serve.url, {}, { 'x-audgate-key': 'edge-key' })).status).toBe(403);
    await serve.until(() => serve.diagnostics().includes('caller_not_allowed'));
    // Anyone can bring it about, so it is told once in a while, and without the key.
    expect(serve.diagnostics().match(/"kind":"caller_unknown"/g)).toHaveLength(1);
    expect(serve.diagnostics()).toContain('printf %s KEY | sha256sum');
    expect(serve.diagnostics()).not.toContain('edge-kee');
  });

  test('with more problems than are listed says that there are more', async () => {
    const many = Array.from({ length: 20 }, (_, at) => `unknown_${at}: 1\n`).join('');
    const { code, stderr } = await audgate(['serve', '--config', await world.write('many.yaml', many)]);
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(17);
    expect(stderr).toContain('audgate: these are the first 16; mend them, and see the rest then');
  });

  test('with problems ends with 1, and says each by file, line and column', async () => {
    const config = await world.write(
      'bad-config.yaml',
      'registry: ./registry.json\nlimits:\n  body_bytes: 1\nlisten: x\n',
    );
    const { code, stdout, stderr } = await audgate(['serve', '--config', config]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`${config}:3:15: error: /limits/body_bytes `);
    expect(stderr).toContain(`${config}:4:9: error: /listen `);
  });

  test('that is no YAML ends with 1, and says where', async () => {
    const config = await world.write('broken-config.yaml', 'registry: ./registry.json\nlimits: {\n');
    const { code, stderr } = await audgate(['serve', '--config', config]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/broken-config\.yaml:[23]:\d+: error: /);
  });
});

test('a registry with problems ends with 1 before anything listens', async () => {
  const registry = await world.write('empty.yaml', 'issuers: {}\nservers: { files: { resource: files } }\n');
  const { code, stdout, stderr } = await audgate(['serve', '--registry', registry, '--listen', '127.0.0.1:0']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/empty\.yaml:2:\d+: error: \/servers\/files\/resource/);
});

test('a port that is taken ends with 1, and says what to do', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const place = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const { code, stdout, stderr } = await audgate(['serve', '--registry', world.registry, '--listen', place]);
  taken.close();
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(`${place} is taken by another process`);
});

test('a Unix socket is a place to listen', async () => {
  const path = join(world.folder, 'audgate.sock');
  const child = spawnAudgate(['serve', '--registry', world.registry, '--listen', `unix:${path}`]);
  const [first] = await once(child.stdout, 'data');
  expect(JSON.parse(String(first))).toMatchObject({ event: 'listening', url: `unix:${path}` });
  const asked = request({ socketPath: path, path: '/health/ready', headers: { host: 'localhost' } }).end();
  const [answer] = await once(asked, 'response');
  expect(answer.statusCode).toBe(200);
  answer.resume();
  child.kill('SIGTERM');
  expect((await ended(child)).code).toBe(0);
});
