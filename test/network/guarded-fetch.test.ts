/** Where requests to issuers may go: judged on the addresses that are connected to, with real sockets and TLS (design 4). */
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, LookupFunction } from 'node:net';
import { join } from 'node:path';
import tls, { type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createGuardedFetch } from '../../src/network/guarded-fetch.ts';
import { createIssuerFetch } from '../../src/network/issuer-fetch.ts';
import { refusalOf } from '../../src/network/refused-address.ts';
import { createAuthority } from '../http/certificates.ts';

const NAME = 'keys.example.com';

let plain: Server;
let secure: TlsServer;
/** What reached a server, as it named itself. */
let seen: string[];
let connections = 0;
beforeAll(async () => {
  const authority = await createAuthority();
  const { certificate: cert, key } = await authority.issue(`DNS:${NAME}`, 'serverAuth');
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), authority.certificate]);
  plain = createServer(({ headers, url }, answer) => {
    seen.push(`${headers.host} ${url}`);
    if (url === '/moved') answer.writeHead(302, { location: '/' });
    answer.end('here');
  });
  secure = createTlsServer({ cert, key }, ({ headers, socket }, answer) => {
    const { servername } = socket as TLSSocket & { readonly servername: string | false };
    seen.push(`${headers.host} sni ${servername}`);
    answer.end('here');
  });
  for (const server of [plain, secure]) {
    server.on('connection', () => {
      connections += 1;
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  }
});
afterAll(() => {
  for (const server of [plain, secure]) {
    server.close();
    server.closeAllConnections();
  }
});
beforeEach(() => {
  seen = [];
  connections = 0;
});

const portOf = (server: Server | TlsServer) => (server.address() as AddressInfo).port;
/** Names resolve to these, whatever the machine's resolver says. */
const resolving =
  (...addresses: readonly string[]): LookupFunction =>
  (_name, options, done) => {
    const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    const [first] = all;
    if (options.all === true || first === undefined) done(null, all);
    else done(null, first.address, first.family);
  };
const asking = (lookup: LookupFunction, allow_private = false) => createGuardedFetch({ lookup, allow_private });
const refusal = async (request: Promise<Response>) => {
  const error: unknown = await request.then(
    () => new Error('it was answered'),
    (reason: unknown) => reason,
  );
  return refusalOf(error) ?? error;
};

const PRIVATE: readonly [kind: string, address: string][] = [
  ['loopback', '127.0.0.1'],
  ['loopback, not the usual one', '127.8.9.10'],
  ['loopback of IPv6', '::1'],
  ['this network', '0.0.0.0'],
  ['the unspecified of IPv6', '::'],
  ['RFC 1918, 10/8', '10.0.0.1'],
  ['RFC 1918, 172.16/12', '172.31.255.255'],
  ['RFC 1918, 192.168/16', '192.168.1.1'],
  ['CGNAT', '100.64.0.1'],
  ['link-local, where clouds keep credentials', '169.254.169.254'],
  ['benchmarking', '198.18.0.1'],
  ['IETF assignments', '192.0.0.192'],
  ['multicast', '224.0.0.1'],
  ['broadcast', '255.255.255.255'],
  ['IPv4-mapped loopback', '::ffff:127.0.0.1'],
  ['IPv4-mapped private', '::ffff:10.0.0.1'],
  ['IPv4-mapped link-local in hexadecimal', '::ffff:a9fe:a9fe'],
  ['IPv4-compatible', '::10.0.0.1'],
  ['IPv4-translated', '::ffff:0:10.0.0.1'],
  ['ULA', 'fd00::1'],
  ['link-local of IPv6', 'fe80::1'],
  ['link-local of IPv6 with its zone', 'fe80::1%lo'],
  ['site-local', 'fec0::1'],
  ['multicast of IPv6', 'ff02::1'],
  ['NAT64', '64:ff9b::a00:1'],
  ['NAT64 of a local prefix', '64:ff9b:1::a00:1'],
  ['6to4', '2002:a00:1::1'],
  ['Teredo', '2001::1'],
];

describe('a name that resolves to what is not public', () => {
  test.each(PRIVATE)('%s is not connected to', async (_, address) => {
    const url = `https://${NAME}:${portOf(secure)}/jwks`;
    const why = await refusal(asking(resolving(address))(url));
    expect(why).toMatch(/^its name resolves to an address that is not public: .*allow_private_network: true/);
    expect(String(why)).not.toContain(address);
    expect(connections).toBe(0);
  });

  test('is refused even beside public addresses, in whatever order', async () => {
    for (const addresses of [
      ['203.0.113.9', '127.0.0.1'],
      ['127.0.0.1', '203.0.113.9'],
      ['2a00::1', '::1'],
    ])
      expect(await refusal(asking(resolving(...addresses))(`https://${NAME}:${portOf(secure)}/`))).toMatch(
        /not public/,
      );
    expect(connections).toBe(0);
  });

  test('is refused when connecting, however often it was public before', async () => {
    const answers = ['127.0.0.1', '127.0.0.1'];
    let looked = 0;
    const rebinding: LookupFunction = (name, options, done) => {
      looked += 1;
      resolving(answers.shift() ?? '127.0.0.1')(name, options, done);
    };
    const guarded = asking(rebinding);
    const url = `https://${NAME}:${portOf(secure)}/`;
    expect(await refusal(guarded(url))).toMatch(/not public/);
    expect(await refusal(guarded(url))).toMatch(/not public/);
    expect(looked).toBe(2);
    expect(connections).toBe(0);
  });

  test('is refused where the resolver gives one address, whatever it was asked for', async () => {
    const single: LookupFunction = (_name, _options, done) => done(null, '10.0.0.1', 4);
    expect(await refusal(asking(single)(`https://${NAME}/`))).toMatch(/not public/);
  });

  test.each<[string, readonly string[], RegExp]>([
    ['nothing', [], /no address/],
    ['what is no address', ['localhost'], /is no address/],
    ['an address in decimal', ['2130706433'], /is no address/],
  ])('so does one that resolves to %s', async (_, addresses, why) => {
    expect(await refusal(asking(resolving(...addresses))(`https://${NAME}:${portOf(secure)}/`))).toMatch(why);
    expect(connections).toBe(0);
  });

  test('a name that does not resolve fails as ever', async () => {
    const gone: LookupFunction = (_name, _options, done) =>
      done(Object.assign(new Error('gone'), { code: 'ENOTFOUND' }), '');
    expect(await refusal(asking(gone)(`https://${NAME}/`))).toMatchObject({ cause: { code: 'ENOTFOUND' } });
  });
});

describe('an address in the URL itself', () => {
  const never: LookupFunction = () => {
    throw new Error('an address is not looked up');
  };
  test.each(PRIVATE.filter(([, address]) => !/^127|^::1$|^::ffff:127|%/.test(address)))(
    '%s is not connected to',
    async (_, address) => {
      const host = address.includes(':') ? `[${address}]` : address;
      expect(await refusal(asking(never)(`https://${host}/jwks`))).toMatch(/not public/);
    },
  );

  test.each(['0x7f.1', '2130706433', '[::1]', '127.1'])(
    'loopback, as %s, may be: whoever wrote it meant it',
    async (host) => {
      const guarded = asking(never);
      const known = await guarded(`http://${host}:${portOf(plain)}/`).catch((error: unknown) => error);
      // Nobody listens at ::1; what matters is that it was tried.
      if (host === '[::1]') expect(refusalOf(known)).toBeUndefined();
      else expect((known as Response).status).toBe(200);
    },
  );

  test('http is for loopback only', async () => {
    for (const url of ['http://203.0.113.9/', 'http://keys.example.com/', 'ftp://127.0.0.1/', 'file:///etc/hostname'])
      for (const allow_private of [true, false])
        expect(await refusal(asking(never, allow_private)(url))).toMatch(/not https/);
  });
});

describe('localhost', () => {
  test('is loopback', async () => {
    const answer = await asking(resolving('127.0.0.1'))(`http://localhost:${portOf(plain)}/`);
    expect(await answer.text()).toBe('here');
    expect(seen).toEqual([`localhost:${portOf(plain)} /`]);
  });

  test.each([true, false])('that resolves elsewhere is refused, private networks allowed or not: %s', async (allow) => {
    for (const address of ['10.0.0.1', '203.0.113.9', '0.0.0.0'])
      expect(await refusal(asking(resolving(address), allow)('http://localhost/'))).toMatch(/resolves to another/);
  });
});

describe('an issuer that may be in a private network', () => {
  test('is asked there, by its own name: SNI, Host and certificate', async () => {
    const fetches = createIssuerFetch({ lookup: resolving('127.0.0.1') });
    const url = `https://${NAME}:${portOf(secure)}/`;
    expect(await refusal(fetches({ allow_private_network: false })(url))).toMatch(/not public/);
    const answer = await fetches({ allow_private_network: true })(new URL(url));
    expect(await answer.text()).toBe('here');
    expect(seen).toEqual([`${NAME}:${portOf(secure)} sni ${NAME}`]);
    // The connection that is open now is not for those that may not have it.
    expect(await refusal(fetches({ allow_private_network: false })(url))).toMatch(/not public/);
  });

  test('must have the certificate of its name', async () => {
    const url = `https://other.example.com:${portOf(secure)}/`;
    expect(await refusal(asking(resolving('127.0.0.1'), true)(url))).toMatchObject({
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
    expect(seen).toEqual([]);
  });
});

test('redirects are not followed, whatever is asked for', async () => {
  const guarded = asking(resolving());
  const url = `http://127.0.0.1:${portOf(plain)}/moved`;
  for (const init of [{}, { redirect: 'follow' as const }, { redirect: 'error' as const }])
    await expect(guarded(url, init)).rejects.toMatchObject({ cause: { message: 'unexpected redirect' } });
  expect((await guarded(url, { redirect: 'manual' })).status).toBe(302);
  expect(seen.filter((one) => !one.endsWith('/moved'))).toEqual([]);
});

test('a proxy that the environment names is not asked', async () => {
  const asked: string[] = [];
  const proxy = createServer((request, answer) => {
    asked.push(request.url ?? '');
    answer.end('proxied');
  });
  proxy.on('connect', ({ url = '' }, socket) => {
    asked.push(url);
    socket.destroy();
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  const address = `http://127.0.0.1:${portOf(proxy)}`;
  const project = join(import.meta.dirname, '../..');
  const script = `
    import { createGuardedFetch } from ${JSON.stringify(join(project, 'src/network/guarded-fetch.ts'))};
    import { lookup } from 'node:dns';
    const fetched = createGuardedFetch({ lookup, allow_private: false });
    const url = 'http://127.0.0.1:${portOf(plain)}/';
    console.log(await (await fetched(url)).text(), await (await fetch(url)).text());`;
  const env = {
    NODE_USE_ENV_PROXY: '1',
    HTTP_PROXY: address,
    HTTPS_PROXY: address,
    http_proxy: address,
    all_proxy: address,
  };
  const node = join(project, 'node_modules/.bin/node');
  const { stdout } = await promisify(execFile)(node, ['--input-type=module', '-e', script], {
    env: { PATH: process.env.PATH, ...env },
  });
  proxy.close();
  // The global fetch does as it is told: the environment was right.
  expect(stdout).toBe('here proxied\n');
  expect(asked).toHaveLength(1);
});
