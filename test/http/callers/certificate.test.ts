import { once } from 'node:events';
import { connect } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CallerConfig } from '../../../src/config/callers.ts';
import { namesOf } from '../../../src/http/callers/certificate.ts';
import { type Authority, askOverTls, type Certificate, createAuthority, selfSigned } from '../certificates.ts';
import { caller, serve } from '../serve.ts';

const may: CallerConfig['may'] = ['read'];

let authority: Authority;
let server: Certificate;
let shown: Readonly<
  Record<'edge' | 'mesh' | 'both' | 'wild' | 'foreign' | 'forServers' | 'unlisted' | 'alone', Certificate>
>;

beforeAll(async () => {
  const other = await createAuthority();
  authority = await createAuthority();
  const issue = authority.issue;
  server = await issue('IP:127.0.0.1', 'serverAuth');
  shown = {
    edge: await issue('DNS:Edge.Example'),
    mesh: await issue('DNS:unlisted.example,URI:spiffe://example/ns/mesh'),
    both: await issue('DNS:edge.example,URI:spiffe://example/ns/mesh'),
    wild: await issue('DNS:*.example'),
    foreign: await other.issue('DNS:edge.example'),
    forServers: await issue('DNS:edge.example', 'serverAuth'),
    unlisted: await issue('DNS:unlisted.example'),
    alone: await selfSigned('DNS:alone.example'),
  };
});

/** A service that knows `edge` by name and key, `mesh` by URI, `printed` by thumbprint, `keyed` by key alone. */
async function start(printed: Certificate = shown.alone) {
  const callers = {
    edge: { ...caller('edge-key', '*', may), certificate_names: ['edge.example'] },
    mesh: { certificate_names: ['spiffe://example/ns/mesh'], servers: '*', may },
    printed: { certificate_sha256: [printed.sha256.toLowerCase()], servers: '*', may },
    keyed: caller('keyed-key', '*', may),
  } satisfies Record<string, CallerConfig>;
  const client_ca = authority.certificate + shown.alone.certificate;
  const served = await serve({ callers, tls: { ...server, client_ca } });
  const ask = async (certificate: Certificate | null, headers: Record<string, string> = {}, path?: string) => {
    const asking = { ca: authority.certificate, headers, ...(certificate && { certificate }), ...(path && { path }) };
    return (await askOverTls(served.port, asking)).status;
  };
  return { ...served, ask };
}

describe('a client certificate', () => {
  it('makes a caller by a DNS name, in any case', async () => {
    const { ask, url } = await start();
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(await ask(shown.edge)).toBe(200);
  });
  it('makes a caller by a URI, among other names', async () => expect(await (await start()).ask(shown.mesh)).toBe(200));
  it('makes a caller by its thumbprint, self-signed too where client_ca holds it', async () => {
    expect(await (await start()).ask(shown.alone)).toBe(200);
    expect(await (await start(shown.unlisted)).ask(shown.unlisted)).toBe(200);
  });

  it.each([
    ['none', null],
    ['one that nobody is known by', 'unlisted'],
    ['one with a wildcard that covers a name', 'wild'],
    ['one of another authority, with the right name', 'foreign'],
    ['one for servers, with the right name', 'forServers'],
    ['one with the names of two callers', 'both'],
  ] as const)('makes no caller: %s', async (_, name) => {
    const { ask } = await start();
    expect(await ask(name && shown[name])).toBe(401);
  });

  it('that does not verify makes no caller by its thumbprint either', async () => {
    expect(await (await start(shown.foreign)).ask(shown.foreign)).toBe(401);
  });

  it.each([
    ['that nobody is known by', 'unlisted', 'keyed-key', 200],
    ['that does not verify', 'foreign', 'keyed-key', 200],
    ['of the same caller', 'edge', 'edge-key', 200],
    ['of another caller', 'edge', 'keyed-key', 401],
    ['of another caller, which has no key', 'mesh', 'edge-key', 401],
    ['of a caller, and the key is nobody’s', 'edge', 'nonsense', 401],
  ] as const)('beside a key: one %s', async (_, name, key, status) => {
    const { ask } = await start();
    expect(await ask(shown[name], { 'x-audgate-key': key })).toBe(status);
    expect(await ask(shown[name], { authorization: `Bearer ${key}` })).toBe(status);
  });

  it('beside an Authorization that is no bearer token makes no caller: what it means nobody can tell', async () => {
    const { ask } = await start();
    expect(await ask(shown.edge, { authorization: 'Basic eDp5' })).toBe(401);
  });

  it('leaves Authorization alone on an adapter, where it is the client’s', async () => {
    const { ask } = await start();
    const path = '/v1/gateways/envoy/files/mcp';
    // The permission `decide` is what is missing.
    expect(await ask(shown.edge, { authorization: 'Bearer keyed-key' }, path)).toBe(403);
    expect(await ask(null, { authorization: 'Bearer keyed-key' }, path)).toBe(401);
  });

  it('is not asked for where there is no client_ca, and makes nobody a caller', async () => {
    const callers = { keyed: caller('keyed-key', '*', may) };
    const { port } = await serve({ callers, tls: server });
    const ca = authority.certificate;
    expect((await askOverTls(port, { ca, certificate: shown.edge })).status).toBe(401);
    expect((await askOverTls(port, { ca, headers: { 'x-audgate-key': 'keyed-key' } })).status).toBe(200);
  });
});

describe('a connection', () => {
  it('shows its certificate each time anew: none is resumed', async () => {
    const { port } = await start();
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const options = { port, host: '127.0.0.1', ca: authority.certificate, maxVersion };
      const first = connect(options);
      const sessions: Buffer[] = [];
      first.on('session', (session: Buffer) => sessions.push(session));
      await once(first, 'secureConnect');
      first.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      first.resume();
      await once(first, 'close');
      const session = sessions.at(-1) ?? first.getSession();
      const second = connect({ ...options, ...(session && { session }) });
      await once(second, 'secureConnect');
      expect(second.isSessionReused()).toBe(false);
      second.destroy();
    }
  });

  it('speaks TLS 1.2 or later', async () => {
    const { port } = await start();
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const socket = connect({ port, host: '127.0.0.1', ca: authority.certificate, ...old });
    await expect(once(socket, 'secureConnect')).rejects.toThrow();
  });

  it('that speaks no TLS is answered nothing', async () => {
    const { port } = await start();
    await expect(fetch(`http://127.0.0.1:${port}/health/live`)).rejects.toThrow();
  });
});

describe('names of a certificate', () => {
  it.each([
    ['', []],
    ['DNS:a.example', ['a.example']],
    ['DNS:a.example, URI:spiffe://example/b', ['a.example', 'spiffe://example/b']],
    ['IP Address:127.0.0.1, email:a@b.example, DNS:c.example', ['c.example']],
    ['DirName:"CN = x, DNS:evil.example", DNS:a.example', ['a.example']],
    ['DNS:"a.example, DNS:evil.example"', []],
    ['URI:"spiffe://a\\", DNS:evil.example"', []],
    ['DNS:a.example,DNS:evil.example', []],
    ['DNS:a"b, DNS:evil.example', []],
    ['othername:<unsupported>, DNS:a.example', ['a.example']],
    ['othername:<unsupported, DNS:a.example', ['a.example']],
    ['DNS:a.example, DNS:b"c', []],
    ['nonsense', []],
  ])('%j', (text, names) => {
    expect(namesOf(text)).toEqual(names);
  });
});
