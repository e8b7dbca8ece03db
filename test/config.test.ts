import { createHash } from 'node:crypto';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import {
  type Config,
  checkListen,
  configJsonSchema,
  defaultConfig,
  isLoopback,
  mergeFlags,
  parseListen,
  readConfig,
} from '../src/config.ts';
import { MISUSE_KINDS } from '../src/decision/misuse.ts';

const DIGEST = createHash('sha256').update('key').digest('hex');
const FILE = '/etc/audgate/audgate.yaml';

/** The example of contract 8. */
const EXAMPLE = `
listen: 127.0.0.1:8181
registry: ./registry
bundle: ./bundle.tar.gz
allow_modified_core: false
callers:
  edge: { key_sha256: ["${DIGEST}"], servers: [files], may: [decide, explain, read, metrics] }
limits: { body_bytes: 262144, headers_timeout_ms: 5000, request_timeout_ms: 10000 }
keys: { max_age_seconds: 300, cooldown_seconds: 30, timeout_ms: 2000, outage_ceiling_seconds: 3600 }
record: { arguments: false }
`;

function config(text: string): Config {
  const reading = readConfig(text, FILE);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.config;
}
function problems(text: string) {
  const reading = readConfig(text, FILE);
  return reading.ok ? [] : reading.problems;
}
const pointers = (text: string) => problems(text).map(({ pointer }) => pointer);

const TLS = 'tls: { certificate: tls/cert.pem, key: tls/key.pem }';
const MTLS = 'tls: { certificate: tls/cert.pem, key: tls/key.pem, client_ca: /etc/ca.pem }';

describe('a configuration', () => {
  it('is read as the contract shows it, paths relative to the file', () => {
    expect(config(EXAMPLE)).toEqual({
      listen: { kind: 'tcp', host: '127.0.0.1', port: 8181 },
      registry: '/etc/audgate/registry',
      bundle: { path: '/etc/audgate/bundle.tar.gz' },
      watch: false,
      allow_modified_core: false,
      callers: { edge: { key_sha256: [DIGEST], servers: ['files'], may: ['decide', 'explain', 'read', 'metrics'] } },
      limits: { body_bytes: 262_144, headers_timeout_ms: 5000, request_timeout_ms: 10_000 },
      keys: { max_age_seconds: 300, cooldown_seconds: 30, timeout_ms: 2000, outage_ceiling_seconds: 3600 },
      introspection: { credentials: {}, cache_seconds: 10, timeout_ms: 2000 },
      proofs: {
        max_age_seconds: 60,
        replay: { store: 'memory', max_entries: 100_000, timeout_ms: 250 },
        replicas: 1,
      },
      misuse: {
        kinds: [...MISUSE_KINDS],
        max_entries: 20_000,
        window_seconds: 600,
        fallback_seconds: 10,
        sweep_servers: 3,
      },
      record: { arguments: false, destination: 'stdout', on_failure: 'drop' },
    });
  });

  it('may be JSON, and absolute paths stay', () => {
    const text = JSON.stringify({ registry: '/srv/registry', listen: 'unix:run/audgate.sock' });
    expect(config(text)).toMatchObject({
      registry: '/srv/registry',
      listen: { kind: 'unix', path: '/etc/audgate/run/audgate.sock' },
    });
  });

  it('may name callers by certificates, files of TLS, a place for gRPC and where the public finds it', () => {
    const callers = {
      mesh: { certificate_names: ['spiffe://example/ns/edge', 'edge-1.example'], servers: '*', may: ['decide'] },
      both: { key_sha256: [DIGEST], certificate_sha256: [DIGEST], servers: ['files'], may: ['decide'] },
    };
    const more = 'grpc: { listen: "127.0.0.1:9191" }\npublic_url: https://pdp.example.com/audgate';
    expect(config(`callers: ${JSON.stringify(callers)}\n${MTLS}\n${more}`)).toMatchObject({
      callers,
      tls: { certificate: '/etc/audgate/tls/cert.pem', key: '/etc/audgate/tls/key.pem', client_ca: '/etc/ca.pem' },
      grpc: { listen: { kind: 'tcp', host: '127.0.0.1', port: 9191 } },
      public_url: 'https://pdp.example.com/audgate',
    });
    expect(config(TLS)).not.toHaveProperty('tls.client_ca');
    expect(config('grpc: { listen: "unix:run/grpc" }').grpc?.listen).toEqual({
      kind: 'unix',
      path: '/etc/audgate/run/grpc',
    });
  });

  it.each(['', '# nothing\n', '{}', 'limits: {}'])('of %j is all defaults, the same as none', (text) => {
    expect(config(text)).toEqual(defaultConfig());
  });

  it('has the defaults of the contract', () => {
    const { callers: _, registry: __, bundle: ___, ...rest } = config(EXAMPLE);
    expect(defaultConfig()).toEqual({ ...rest, callers: {} });
  });
});

describe('refused are', () => {
  it.each([
    ['an unknown key', 'lissten: x', ['/lissten']],
    ['an unknown key below', 'limits: { body_byte: 2048 }', ['/limits/body_byte']],
    ['a place that is none', 'listen: localhost', ['/listen']],
    ['a number as text', 'limits: { body_bytes: "2048" }', ['/limits/body_bytes']],
    ['a fraction', 'limits: { body_bytes: 2048.5 }', ['/limits/body_bytes']],
    ['a limit out of range', 'keys: { max_age_seconds: 0 }', ['/keys/max_age_seconds']],
    [
      'a request that may take less time than its headers',
      'limits: { request_timeout_ms: 200 }',
      ['/limits/request_timeout_ms'],
    ],
    ['keys that end before they are old', 'keys: { outage_ceiling_seconds: 299 }', ['/keys/outage_ceiling_seconds']],
    ['an empty path', 'registry: ""', ['/registry']],
    ['a caller without anything', 'callers: { a: {} }', ['/callers/a/servers', '/callers/a/may']],
    ['a caller that nothing tells', 'callers: { a: { servers: [], may: [] } }', ['/callers/a']],
    [
      'a thumbprint that is none',
      'callers: { a: { certificate_sha256: [AB:CD], servers: [], may: [] } }',
      ['/callers/a/certificate_sha256/0'],
    ],
    [
      'a certificate that nobody would verify',
      `callers: { a: { key_sha256: [${DIGEST}], certificate_sha256: [${DIGEST}], certificate_names: [a.example], servers: [], may: [] } }\n${TLS}`,
      ['/callers/a/certificate_sha256', '/callers/a/certificate_names'],
    ],
    [
      'a certificate of two callers',
      `callers: { a: { certificate_sha256: [${DIGEST}], servers: [], may: [] }, b: { certificate_sha256: [${DIGEST.toUpperCase()}], servers: [], may: [] } }\n${MTLS}`,
      ['/callers/b/certificate_sha256/0'],
    ],
    [
      'a name of two callers, however it is written',
      `callers: { a: { certificate_names: [edge.example], servers: [], may: [] }, b: { certificate_names: [x.example, Edge.Example], servers: [], may: [] } }\n${MTLS}`,
      ['/callers/b/certificate_names/1'],
    ],
    [
      'certificates of clients in a form that nobody knows',
      `callers: { a: { key_sha256: [${DIGEST}], servers: [], may: [], client_certificates: pem } }`,
      ['/callers/a/client_certificates'],
    ],
    ['a certificate without its key', 'tls: { certificate: cert.pem }', ['/tls/key']],
    ['gRPC without a place', 'grpc: {}', ['/grpc/listen']],
    ['gRPC at a place that is none', 'grpc: { listen: 9191 }', ['/grpc/listen']],
    ['gRPC at a port alone', 'grpc: { listen: ":9191" }', ['/grpc/listen']],
    ['a caller without keys', 'callers: { a: { key_sha256: [], servers: [], may: [] } }', ['/callers/a/key_sha256']],
    [
      'a key in place of its digest',
      'callers: { a: { key_sha256: [secret], servers: [], may: [] } }',
      ['/callers/a/key_sha256/0'],
    ],
    [
      'a wildcard in a list',
      `callers: { a: { key_sha256: [${DIGEST}], servers: ["*"], may: [] } }`,
      ['/callers/a/servers/0'],
    ],
    [
      'an unknown permission',
      `callers: { a: { key_sha256: [${DIGEST}], servers: "*", may: [write] } }`,
      ['/callers/a/may/0'],
    ],
    [
      'a key of two callers',
      `callers: { a: { key_sha256: [${DIGEST}], servers: "*", may: [] }, b: { key_sha256: [${DIGEST.toUpperCase()}], servers: "*", may: [] } }`,
      ['/callers/b/key_sha256/0'],
    ],
    ['a caller that YAML readers would lose', 'callers: { __proto__: {} }', ['/callers']],
    ['a caller whose name is none', 'callers: { "a b": {} }', ['/callers']],
    ['a list', '[]', ['']],
    ['a text', 'audgate', ['']],
    ['duplicate keys', 'record: {}\nrecord: {}', ['']],
    ['two documents', '---\n{}\n---\n{}', ['']],
    ['unknown tags', 'record: !env X', ['']],
    ['broken YAML', 'callers: [', ['']],
  ])('%s', (_, text, expected) => {
    expect(pointers(text)).toEqual(expected);
  });

  it('with all problems at once, the nearest name, and no value', () => {
    const found = problems(
      'lissten: 1\nregistry: 7\ncallers: { a: { key_sha256: [hunter2], servers: hunter2, may: hunter2 } }',
    );
    expect(found.map(({ pointer }) => pointer)).toEqual([
      '/registry',
      '/callers/a/key_sha256/0',
      '/callers/a/servers',
      '/callers/a/may',
      '/lissten',
    ]);
    expect(found.at(-1)?.message).toContain('"listen"');
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  it('with a key nowhere in the message, even where YAML itself is broken', () => {
    expect(JSON.stringify(problems('callers: { a: { key_sha256: [hunter2], hunter: [ } }'))).not.toContain('hunter2');
  });
});

it.each([
  ['*.example.com', false],
  ['-edge.example', false],
  ['edge..example', false],
  ['edge.example.', false],
  ['a, URI:spiffe://b', false],
  ['a"b', false],
  ['', false],
  ['edge', true],
  ['edge.example', true],
  ['urn:example:edge', true],
])('a name of a certificate: %j %s', (name, allowed) => {
  const text = `callers: { a: { certificate_names: [${JSON.stringify(name)}], servers: [], may: [] } }\n${MTLS}`;
  expect(pointers(text)).toEqual(allowed ? [] : ['/callers/a/certificate_names/0']);
});

it.each([
  ['https://pdp.example.com', true],
  ['https://pdp.example.com:8443/a/b', true],
  ['http://127.0.0.1:8181', true],
  ['http://[::1]:8181', true],
  ['http://localhost/x', true],
  ['http://pdp.example.com', false],
  ['https://pdp.example.com/', false],
  ['https://pdp.example.com/a/', false],
  ['https://pdp.example.com?a', false],
  ['https://pdp.example.com/#', false],
  ['https://user@pdp.example.com', false],
  ['https://PDP.example.com', false],
  ['https://pdp.example.com:443', false],
  ['https://pdp.example.com/a/../b', false],
  ['https:///pdp.example.com', false],
  ['ftp://localhost', false],
  ['/pdp', false],
  ['', false],
])('a public URL: %j %s', (url, allowed) => {
  expect(pointers(`public_url: ${JSON.stringify(url)}`)).toEqual(allowed ? [] : ['/public_url']);
});

describe('flags', () => {
  it('win over the configuration', () => {
    const merged = mergeFlags(config(EXAMPLE), { registry: './mine', bundle: 'b.tgz', listen: '[::1]:0' });
    expect(merged).toMatchObject({
      ok: true,
      config: { registry: './mine', bundle: { path: 'b.tgz' }, listen: { kind: 'tcp', host: '::1', port: 0 } },
    });
    expect(mergeFlags(config(EXAMPLE), {})).toEqual({ ok: true, config: config(EXAMPLE) });
  });

  it('or the configuration must name a registry', () => {
    const merged = mergeFlags(defaultConfig(), { listen: 'nowhere' });
    expect(merged).toMatchObject({ ok: false, problems: [{ pointer: '/listen' }, { pointer: '/registry' }] });
  });
});

describe('a place to listen', () => {
  it.each([
    ['127.0.0.1:8181', { kind: 'tcp', host: '127.0.0.1', port: 8181 }],
    ['localhost:0', { kind: 'tcp', host: 'localhost', port: 0 }],
    ['[::1]:65535', { kind: 'tcp', host: '::1', port: 65_535 }],
    ['unix:/run/audgate.sock', { kind: 'unix', path: '/run/audgate.sock' }],
    ['127.0.0.1', null],
    [':8181', null],
    ['::1:8181', null],
    ['localhost:65536', null],
    ['localhost:-1', null],
    ['http://localhost:1', null],
    ['unix:', null],
    ['', null],
  ])('%j', (text, expected) => {
    expect(parseListen(text)).toEqual(expected);
  });

  it.each([
    ['127.0.0.1:1', true],
    ['127.8.9.10:1', true],
    ['localhost:1', true],
    ['[::1]:1', true],
    ['unix:/x', true],
    ['0.0.0.0:1', false],
    ['[::]:1', false],
    ['192.168.0.1:1', false],
    ['127.0.0.1.example:1', false],
    ['audgate.internal:1', false],
  ])('%s without callers: %s', (text, allowed) => {
    const listen = parseListen(text);
    if (listen === null) throw new Error('a place that cannot be read');
    expect(checkListen({ listen, callers: {} }) === null).toBe(allowed);
    const callers = { edge: { key_sha256: [DIGEST], servers: '*' as const, may: [] } };
    expect(checkListen({ listen, callers })).toBeNull();
    // gRPC no less: whoever reaches it may ask.
    const home = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
    const found = checkListen({ listen: home, grpc: { listen }, callers: {} });
    expect(found?.pointer).toBe(allowed ? undefined : '/grpc/listen');
    expect(checkListen({ listen: home, grpc: { listen }, callers })).toBeNull();
  });

  it('is loopback only by its exact name or address', () => {
    const hosts = ['127.1', '127.0.0.256', '127.0.0.01', '128.0.0.1', '::', '[::1]', 'localhost.', ''];
    expect(hosts.filter(isLoopback)).toEqual([]);
  });
});

it('the JSON Schema takes what is read, and refuses unknown keys', () => {
  const validate = new Ajv2020({ strict: false }).compile(configJsonSchema());
  const callers = { edge: { key_sha256: [DIGEST], servers: '*', may: ['decide'] } };
  expect(validate({})).toBe(true);
  expect(validate({ registry: 'r', callers, limits: { body_bytes: 2048 } })).toBe(true);
  expect(validate({ lissten: 'x' })).toBe(false);
  expect(validate({ limits: { body_bytes: 1 } })).toBe(false);
});
