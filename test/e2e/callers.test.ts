/** Callers of the real program: by key, bearer token and certificate, each with its servers; all of it renewed by SIGHUP. */
import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Decision } from '../../src/decision/decision.ts';
import { type Asking, type Authority, askOverTls, type Certificate, createAuthority } from '../http/certificates.ts';
import { BILLING, FILES, type Issuer, readFile, registryOf, startIssuer } from './issue.ts';
import { run, type Started, type Status, scratch, start, until } from './start.ts';

const sha256 = (key: string) => createHash('sha256').update(key).digest('hex');
const keyed = (keys: readonly string[], servers: unknown = '*', may: readonly string[] = ['decide', 'read']) => ({
  key_sha256: keys.map(sha256),
  servers,
  may,
});
const OPERATOR = { operator: keyed(['operator-key']) };
const as = (key: string) => ({ 'x-audgate-key': key });

const registry = (issuer: Issuer) => registryOf(issuer, { files: FILES, billing: BILLING });

/** How the operator looks at the service. */
type Look = () => Promise<Status>;
const looking =
  (audgate: Started): Look =>
  async () =>
    (await (await audgate.get('/v1/status', as('operator-key'))).json()) as Status;

async function reload(audgate: Started, config: object | string, look: Look = looking(audgate)): Promise<Status> {
  const whole = { listen: '127.0.0.1:0', registry: 'registry.json', ...(typeof config === 'object' ? config : {}) };
  const text = typeof config === 'string' ? config : JSON.stringify(whole);
  await writeFile(join(audgate.folder, 'config.json'), text);
  const before = (await look()).last_reload?.at;
  audgate.signal('SIGHUP');
  return until(look, ({ last_reload }) => last_reload !== null && last_reload.at !== before);
}

describe('keys', () => {
  test('rotate under load, and no request with a key in force is refused', async () => {
    const issuer = await startIssuer();
    const audgate = await start({
      registry: registry(issuer),
      config: { callers: { ...OPERATOR, edge: keyed(['old']) } },
    });
    const question = readFile(FILES, await issuer.token(FILES));
    let key = 'old';
    let loaded = true;
    const answers: string[] = [];
    const gateway = async () => {
      while (loaded) {
        const used = key;
        const { status } = await audgate.post('/v1/decide', question, as(used));
        answers.push(`${used} ${status}`);
      }
    };
    const load = Promise.all(Array.from({ length: 8 }, gateway));
    const enough = () => {
      const from = answers.length;
      return until(
        () => answers.length,
        (count) => count > from + 50,
      );
    };
    await enough();
    const both = await reload(audgate, { callers: { ...OPERATOR, edge: keyed(['old', 'new']) } });
    expect(both.last_reload).toMatchObject({ ok: true, problems: [] });
    await enough();
    key = 'new';
    await enough();
    await reload(audgate, { callers: { ...OPERATOR, edge: keyed(['new']) } });
    await enough();
    loaded = false;
    await load;
    expect(new Set(answers)).toEqual(new Set(['old 200', 'new 200']));
    expect((await audgate.post('/v1/decide', question, as('old'))).status).toBe(401);
    expect((await audgate.post('/v1/decide', question, { authorization: 'Bearer new' })).status).toBe(200);
  });

  test('of a caller that is taken away open nothing, and new callers come in', async () => {
    const issuer = await startIssuer();
    const audgate = await start({
      registry: registry(issuer),
      config: { callers: { ...OPERATOR, edge: keyed(['edge']) } },
    });
    const status = async (key: string) => (await audgate.get('/v1/servers', as(key))).status;
    expect([await status('edge'), await status('other')]).toEqual([200, 401]);
    await reload(audgate, { callers: { ...OPERATOR, other: keyed(['other'], ['billing'], ['read']) } });
    expect([await status('edge'), await status('other')]).toEqual([401, 200]);
    const { servers } = (await (await audgate.get('/v1/servers', as('other'))).json()) as {
      servers: { key: string }[];
    };
    expect(servers.map(({ key }) => key)).toEqual(['billing']);
  });

  test('in a bad configuration change nothing: status and log say what is wrong', async () => {
    const issuer = await startIssuer();
    const config = { callers: { ...OPERATOR, edge: keyed(['edge']) } };
    const audgate = await start({ registry: registry(issuer), config });
    const bad: readonly (readonly [string, object | string, RegExp])[] = [
      ['no YAML', 'callers: [', /config\.json:1/],
      // As a file is found that is being written: everyone on this machine would be a caller.
      ['cut off before its callers', 'listen: 127.0.0.1:0\nregistry: registry.json\n', /no callers.*restart/],
      ['without callers', { callers: {} }, /no callers.*restart/],
      ['an unknown member', { ...config, lissten: 'x' }, /lissten.*listen/],
      [
        'a key in place of its digest',
        { callers: { ...OPERATOR, edge: { ...keyed([]), key_sha256: ['hunter2'] } } },
        /key_sha256/,
      ],
      ['a caller that nothing tells', { callers: { ...OPERATOR, edge: { servers: '*', may: [] } } }, /\/callers\/edge/],
      [
        'a certificate without authority',
        { callers: { ...OPERATOR, edge: { certificate_names: ['a.example'], servers: '*', may: [] } } },
        /client_ca/,
      ],
      [
        'files that are not there',
        { ...config, tls: { certificate: 'none.pem', key: 'none.key' } },
        /none\.pem.*does not exist/,
      ],
    ];
    for (const [name, content, told] of bad) {
      const { last_reload } = await reload(audgate, content);
      expect(last_reload?.ok, name).toBe(false);
      expect(JSON.stringify(last_reload?.problems), name).toMatch(told);
      expect((await audgate.get('/v1/servers', as('edge'))).status, name).toBe(200);
    }
    expect(audgate.stderr()).toContain('the reload was refused');
    expect(audgate.stderr() + JSON.stringify(await looking(audgate)())).not.toContain('hunter2');
    expect((await reload(audgate, config)).last_reload).toMatchObject({ ok: true, problems: [] });
  });

  test('stay with the registry: of a bad registry and good callers neither is taken', async () => {
    const issuer = await startIssuer();
    const audgate = await start({
      registry: registry(issuer),
      config: { callers: { ...OPERATOR, edge: keyed(['old']) } },
    });
    await audgate.writeRegistry('{');
    expect((await reload(audgate, { callers: { ...OPERATOR, edge: keyed(['new']) } })).last_reload?.ok).toBe(false);
    expect((await audgate.get('/v1/servers', as('old'))).status).toBe(200);
    expect((await audgate.get('/v1/servers', as('new'))).status).toBe(401);
  });

  test('are taken while other settings wait for a restart, which is said', async () => {
    const issuer = await startIssuer();
    const audgate = await start({ registry: registry(issuer), config: { callers: OPERATOR } });
    const { last_reload } = await reload(audgate, {
      callers: { ...OPERATOR, edge: keyed(['edge']) },
      limits: { body_bytes: 1024 },
      record: { arguments: true },
      grpc: { listen: '127.0.0.1:0' },
    });
    const message =
      'limits, record, grpc changed in the configuration, which needs a restart; until then the former is in force';
    expect(last_reload).toMatchObject({ ok: true, problems: [{ severity: 'warning', message }] });
    expect(audgate.stderr()).toContain(message);
    const long = { ...readFile(FILES, null), context: { extra: { text: 'x'.repeat(2000) } } };
    expect((await audgate.post('/v1/decide', long, as('edge'))).status).toBe(200);
  });
});

test('a bearer token is a caller’s on native endpoints and its client’s on adapters', async () => {
  const issuer = await startIssuer();
  const audgate = await start({ registry: registry(issuer), config: { callers: { edge: keyed(['edge-key']) } } });
  const bearer = { authorization: 'Bearer edge-key' };
  const native = await audgate.post('/v1/decide', readFile(FILES, await issuer.token(FILES)), bearer);
  expect(native.status).toBe(200);
  const path = '/v1/gateways/envoy/files/mcp';
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read_file', arguments: {} } };
  const unknown = await audgate.post(path, call, bearer);
  expect([unknown.status, unknown.headers.get('www-authenticate')]).toEqual([401, 'AudgateKey']);
  // The caller's own key, sent as a client's token, is a token that is none.
  const refused = await audgate.post(path, call, { ...bearer, ...as('edge-key') });
  expect([refused.status, refused.headers.get('www-authenticate')?.slice(0, 6)]).toEqual([401, 'Bearer']);
  const client = { authorization: `Bearer ${await issuer.token(FILES)}` };
  expect((await audgate.post(path, call, { ...client, ...as('edge-key') })).status).toBe(200);
});

describe('certificates', () => {
  let authority: Authority;
  let server: Certificate;
  let edge: Certificate;
  beforeAll(async () => {
    authority = await createAuthority();
    server = await authority.issue('IP:127.0.0.1', 'serverAuth');
    edge = await authority.issue('URI:spiffe://example/edge');
  });

  const CALLERS = {
    ...OPERATOR,
    edge: { certificate_names: ['spiffe://example/edge'], servers: ['files'], may: ['decide', 'read'] },
  };
  const TLS = { certificate: 'tls/server.pem', key: 'tls/server.key', client_ca: 'tls/ca.pem' };

  async function startSecured() {
    const issuer = await startIssuer();
    const folder = await scratch();
    const put = (name: string, text: string) => writeFile(join(folder, name), text);
    await put('server.pem', server.certificate);
    await put('server.key', server.key);
    await put('ca.pem', authority.certificate);
    const tls = Object.fromEntries(Object.entries(TLS).map(([name, path]) => [name, join(folder, path.slice(4))]));
    const config = { callers: CALLERS, tls };
    const audgate = await start({ registry: registry(issuer), config });
    const ask = (asking: Partial<Asking>) => askOverTls(audgate.port, { ca: authority.certificate, ...asking });
    return { issuer, audgate, ask, put, config, folder };
  }

  test('make a caller that sees its own servers and no others', async () => {
    const { issuer, audgate, ask } = await startSecured();
    expect(audgate.url).toMatch(/^https:/);
    const { body } = await ask({ path: '/v1/servers', certificate: edge });
    expect(JSON.parse(body).servers.map(({ key }: { key: string }) => key)).toEqual(['files']);
    const decide = async (resource: string) => {
      const question = readFile(resource, await issuer.token(resource));
      return ask({ path: '/v1/decide', certificate: edge, body: question });
    };
    const own = await decide(FILES);
    expect((JSON.parse(own.body) as Decision).decision).toBe('allow');
    expect((await decide(BILLING)).status).toBe(403);
    expect((await decide('https://nobody.example.com/mcp')).status).toBe(403);
    expect((await ask({ path: '/v1/servers' })).status).toBe(401);
    expect((await audgate.stop()).code).toBe(0);
  });

  test('are renewed by SIGHUP, and a broken file renews nothing', async () => {
    const { audgate, ask, put, config, folder } = await startSecured();
    let ca = authority.certificate;
    const look: Look = async () => JSON.parse((await ask({ ca, headers: as('operator-key') })).body) as Status;
    const next = await createAuthority();
    const renewed = await next.issue('IP:127.0.0.1', 'serverAuth');

    // The certificate is there, and its key not yet: they do not belong together.
    await put('server.pem', renewed.certificate);
    const half = await reload(audgate, config, look);
    expect(half.last_reload).toMatchObject({ ok: false, problems: [{ message: expect.stringContaining('tls.key') }] });
    expect((await ask({ certificate: edge })).status).toBe(200);

    await put('server.key', renewed.key);
    audgate.signal('SIGHUP');
    ca = next.certificate;
    const whole = await until(
      () => look().catch(() => null),
      (status) => status?.last_reload?.ok === true,
    );
    expect(whole?.last_reload?.problems).toEqual([]);
    expect((await ask({ ca, certificate: edge })).status).toBe(200);

    await put('ca.pem', next.certificate);
    await reload(audgate, config, look);
    expect((await ask({ ca, certificate: edge })).status).toBe(401);
    const replaced = await next.issue('URI:spiffe://example/edge');
    expect((await ask({ ca, certificate: replaced })).status).toBe(200);

    await rm(join(folder, 'ca.pem'));
    expect((await reload(audgate, config, look)).last_reload?.ok).toBe(false);
    expect((await ask({ ca, certificate: replaced })).status).toBe(200);
    expect(audgate.stdout() + audgate.stderr()).not.toContain('PRIVATE KEY');
  });
});

describe('refused at the start is', () => {
  async function serve(config: object): Promise<{ code: number | null; stderr: string }> {
    const issuer = await startIssuer();
    const folder = await scratch();
    await writeFile(join(folder, 'registry.json'), JSON.stringify(registry(issuer)));
    await writeFile(
      join(folder, 'config.json'),
      JSON.stringify({ registry: 'registry.json', listen: '127.0.0.1:0', ...config }),
    );
    return run(['src/main.ts', 'serve', '--config', join(folder, 'config.json')]);
  }

  test('gRPC beyond loopback without callers', async () => {
    const { code, stderr } = await serve({ grpc: { listen: '0.0.0.0:0' } });
    expect(code).toBe(2);
    expect(stderr).toContain('no callers are configured');
  });

  test('a file of TLS that is not there, or is none', async () => {
    const absent = await serve({ tls: { certificate: 'a.pem', key: 'a.key' } });
    expect(absent.code).toBe(2);
    expect(absent.stderr).toContain('tls.certificate');
    expect(absent.stderr).toContain('tls.key');
    const none = await serve({ tls: { certificate: 'config.json', key: 'config.json' } });
    expect(none.code).toBe(1);
    expect(none.stderr).toMatch(/tls\.certificate.*holds no certificate/);
  });
});
