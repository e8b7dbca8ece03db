/** OPA's bundle protocol against a real server, and every fault that one may have. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type DownloadParts, download, MAX_BUNDLE } from '../../src/sources/download.ts';
import { scratch } from '../e2e/start.ts';
import { createAuthority } from '../http/certificates.ts';
import { type Answer, bundleServer, failing, serving } from './server.ts';

const BYTES = new Uint8Array([31, 139, 1, 2, 3]);
const ask = (url: string, more: Partial<DownloadParts> = {}) =>
  download({ url, etag: null, timeout_ms: 5000, stop: new AbortController().signal, ...more });
const problemOf = async (url: string, more: Partial<DownloadParts> = {}) => {
  const answer = await ask(url, more);
  return answer.ok ? `no problem, but ${answer.status}` : answer.problem;
};

test('what is held is not sent again', async () => {
  const server = await bundleServer(serving(BYTES));
  const first = await ask(server.url);
  if (!first.ok || first.status !== 200) throw new Error('not sent');
  expect(Buffer.from(first.bytes).equals(BYTES)).toBe(true);
  expect(first.longPolling).toBe(false);
  expect(await ask(server.url, { etag: first.etag })).toEqual({ ok: true, status: 304, longPolling: false });
  expect(server.asked.map((headers) => [headers['if-none-match'], headers.prefer])).toEqual([
    [undefined, 'modes=snapshot'],
    [first.etag, 'modes=snapshot'],
  ]);
});

test('long polling is asked for as OPA asks, and known by the type of the answer', async () => {
  const server = await bundleServer(serving(BYTES, { 'content-type': 'application/vnd.openpolicyagent.bundles' }));
  expect(await ask(server.url, { wait_seconds: 7 })).toMatchObject({ ok: true, longPolling: true });
  expect(server.asked[0]?.prefer).toBe('modes=snapshot;wait=7');
});

test('the bearer token is read anew for each request, and is never told', async () => {
  const server = await bundleServer(serving(BYTES));
  const bearer_file = join(await scratch(), 'token');
  for (const token of ['first-token', 'second-token']) {
    await writeFile(bearer_file, `${token}\n`);
    await ask(server.url, { bearer_file });
  }
  expect(server.asked.map(({ authorization }) => authorization)).toEqual(['Bearer first-token', 'Bearer second-token']);
  await writeFile(bearer_file, 'secret with\nlines');
  expect(await problemOf(server.url, { bearer_file })).toBe('bearer_file holds no bearer token (RFC 6750 §2.1)');
  expect(await problemOf(server.url, { bearer_file: '/nowhere' })).toContain('ENOENT');
  expect(server.asked).toHaveLength(2);
});

test('a client certificate is shown, and only the configured authorities are believed', async () => {
  const [authority, other] = await Promise.all([createAuthority(), createAuthority()]);
  const [own, client] = await Promise.all([
    authority.issue('IP:127.0.0.1', 'serverAuth'),
    authority.issue('DNS:audgate.example'),
  ]);
  const folder = await scratch();
  const save = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const ca = await save('ca.pem', authority.certificate);
  const tls = { ca, certificate: await save('cert.pem', client.certificate), key: await save('key.pem', client.key) };
  const server = await bundleServer(serving(BYTES), {
    ...{ cert: own.certificate, key: own.key, ca: authority.certificate },
    ...{ requestCert: true, rejectUnauthorized: true },
  });
  expect(await ask(server.url, { tls })).toMatchObject({ ok: true, status: 200 });
  expect(await problemOf(server.url, { tls: { ca } })).toMatch(/^the request failed|^the answer was cut off/);
  expect(await problemOf(server.url, { tls: { ...tls, ca: await save('other.pem', other.certificate) } })).toMatch(
    /^the request failed \((SELF_SIGNED|UNABLE|CERT)/,
  );
  expect(await problemOf(server.url)).toMatch(/^the request failed \(/);
});

test.each([
  ['too long to be sent back', `"${'x'.repeat(2000)}"`],
  ['with spaces in it', '"a b"'],
  ['empty', ''],
])('an ETag %s is not held', async (_, etag) => {
  const server = await bundleServer((answer) => answer.writeHead(200, { etag }).end(BYTES));
  expect(await ask(server.url)).toMatchObject({ ok: true, status: 200, etag: null });
});

describe('a fault is a value', () => {
  const endless: Answer = (answer) => {
    answer.writeHead(200);
    const more = () => {
      while (!answer.destroyed && answer.write(Buffer.alloc(1 << 20)));
      if (!answer.destroyed) answer.once('drain', more);
    };
    more();
  };
  test.each<[string, Answer, string]>([
    ['500', failing(500), 'HTTP status 500; 200 or 304 is expected'],
    ['404', failing(404), 'HTTP status 404; 200 or 304 is expected'],
    ['401', failing(401), 'HTTP status 401; 200 or 304 is expected'],
    ['206, a part', failing(206), 'HTTP status 206'],
    [
      'a redirect',
      failing(302, { location: 'http://127.0.0.1:1/' }),
      'HTTP status 302, a redirect, which is not followed',
    ],
    ['304 for nothing', failing(304), 'HTTP status 304 to a request without If-None-Match'],
    ['an encoding', serving(BYTES, { 'content-encoding': 'gzip' }), 'Content-Encoding'],
    ['more than a bundle may have', endless, `the body exceeds ${MAX_BUNDLE / 1024 / 1024} MiB`],
    [
      'less than it announced',
      (answer) => {
        answer.writeHead(200, { 'content-length': '100' });
        answer.write('half', () => answer.destroy());
      },
      'cut off',
    ],
    ['no HTTP', (answer) => answer.socket?.end('hello\r\n\r\n'), 'the request failed (HPE_'],
    ['nothing', (answer) => answer.socket?.destroy(), 'cut off'],
    [
      'another protocol',
      (answer) => answer.socket?.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
      'cut off',
    ],
  ])('%s', async (_, answer, problem) => {
    const server = await bundleServer(answer);
    expect(await problemOf(server.url)).toContain(problem);
  });

  test.each<[string, Answer]>([
    ['no answer', () => {}],
    [
      'an answer that drips',
      (answer) => {
        answer.writeHead(200);
        const timer = setInterval(() => answer.write('x'), 20);
        answer.once('close', () => clearInterval(timer));
      },
    ],
  ])('%s ends with the time for it', async (_, answer) => {
    const server = await bundleServer(answer);
    expect(await problemOf(server.url, { timeout_ms: 300 })).toBe('no complete answer within 300 ms');
  });

  test('nobody there, and a stop in between', async () => {
    const server = await bundleServer(() => {});
    const stop = new AbortController();
    const asked = problemOf(server.url, { stop: stop.signal });
    stop.abort();
    expect(await asked).toBe('the request was stopped');
    await server.close();
    expect(await problemOf(server.url)).toBe('the request failed (ECONNREFUSED)');
  });
});
