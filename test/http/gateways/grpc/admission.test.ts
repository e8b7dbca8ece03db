/** Who may ask over gRPC, about which server, and how: all else is refused in an answer, because an error may let it pass. */

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { ChannelCredentials } from '@grpc/grpc-js';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Callers } from '../../../../src/config/callers.ts';
import { type Authority, type Certificate, createAuthority } from '../../certificates.ts';
import { caller } from '../../serve.ts';
import { READ } from '../real.ts';
import { type Check, type CheckResponse, envoyAt, SERVER_NAME } from './envoy.ts';
import { type GrpcOptions, serveGrpc } from './serve.ts';

const callers: Callers = {
  edge: { ...caller('edge-key', ['files'], ['decide']), certificate_names: ['edge.example'] },
  all: caller('all-key', '*', ['decide']),
  reader: caller('reader-key', '*', ['read']),
};

async function start(options: GrpcOptions = {}) {
  const served = await serveGrpc(options);
  const envoy = envoyAt(served.listening.address);
  const headers = { authorization: `Bearer ${await served.token('files')}` };
  const http = { method: 'POST', path: '/mcp', headers, raw_body: Buffer.from(READ), size: READ.length };
  const check = (over: Partial<Check> = {}): Check => ({ http, route: { audgate_server: 'files' }, ...over });
  return { ...served, envoy, check, ask: (over?: Partial<Check>) => envoy.check(check(over)) };
}

const outcome = ({ status, denied_response }: CheckResponse) =>
  (status.code ?? 0) === 0 ? 'allow' : `deny ${denied_response?.status.code}`;
const key = (value: string) => ['x-audgate-key', value] as const;

describe('a caller', () => {
  it.each([
    ['its key', [key('edge-key')], 'allow'],
    ['no key', [], 'deny 403'],
    ['a wrong key', [key('edge-kez')], 'deny 403'],
    ['an empty key', [key('')], 'deny 403'],
    ['its key twice', [key('edge-key'), key('edge-key')], 'deny 403'],
    ['the keys of two callers', [key('edge-key'), key('all-key')], 'deny 403'],
    ['its key as a bearer token', [['authorization', 'Bearer edge-key']], 'deny 403'],
    ['a key of one who may not decide', [key('reader-key')], 'deny 403'],
  ] as const)('with %s', async (_, metadata, expected) => {
    const grpc = await start({ callers });
    const answer = await grpc.ask({ metadata });
    expect(outcome(answer)).toBe(expected);
    expect(grpc.events).toHaveLength(expected === 'allow' ? 1 : 0);
    if (expected === 'allow') expect(grpc.events).toMatchObject([{ caller: 'edge' }]);
    else expect(answer.denied_response?.body).toBe('refused\n');
  });

  it('is not known by a key that its client sent', async () => {
    const grpc = await start({ callers });
    const headers = { 'x-audgate-key': 'edge-key', 'x-audgate-server': 'files' };
    expect(outcome(await grpc.ask({ http: { ...grpc.check().http, headers } }))).toBe('deny 403');
  });

  it('may ask about its servers only, registered or not', async () => {
    const grpc = await start({ callers });
    for (const server of ['billing', 'nowhere', '', 'FILES', '__proto__']) {
      const asked = { route: { audgate_server: server } };
      expect(outcome(await grpc.ask({ ...asked, metadata: [key('edge-key')] }))).toBe('deny 403');
    }
    expect(grpc.events).toEqual([]);
    expect(await grpc.metrics()).toContain('caller_not_allowed');
  });

  it('that is unknown has nothing of its message read', async () => {
    const grpc = await start({ callers });
    const answer = await grpc.envoy.checkRaw(Buffer.alloc(80_000_000));
    expect(outcome(answer)).toBe('deny 403');
  });
});

describe('the server', () => {
  const meta = (server: string) => ({ metadata: [['x-audgate-server', server]] as const });
  it.each([
    ['of the route', { route: { audgate_server: 'files' } }, 'allow'],
    ['of the service', { route: {}, ...meta('files') }, 'allow'],
    ['of both, the same', { ...meta('files') }, 'allow'],
    ['of both, different', { ...meta('billing') }, 'deny 403'],
    ['of both, one empty', { ...meta('') }, 'deny 403'],
    ['of nobody', { route: {} }, 'deny 403'],
    [
      'of the service, twice',
      { route: {}, metadata: [...meta('files').metadata, ...meta('files').metadata] },
      'deny 403',
    ],
    ['under another name', { route: { audgate_Server: 'files' } }, 'deny 403'],
    ['by its resource', { route: { audgate_server: 'https://files.example.com/mcp' } }, 'deny 403'],
  ] as const)('%s', async (_, over: Partial<Check>, expected) => {
    const grpc = await start();
    expect(outcome(await grpc.ask(over))).toBe(expected);
  });

  it('that nobody names is one that nobody has registered, and recorded so', async () => {
    const grpc = await start();
    await grpc.ask({ route: {} });
    expect(grpc.events).toMatchObject([{ decision: { reasons: [{ code: 'server_unknown' }] } }]);
  });
});

describe('a message', () => {
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['noise', Buffer.from('ffffffffffffffff', 'hex')],
    ['a length beyond its end', Buffer.from('0aff01', 'hex')],
    ['a group that never ends', Buffer.from('0b'.repeat(50_000), 'hex')],
    ['nested deeply', nested(20_000)],
    ['no request in it', Buffer.from('0a00', 'hex')],
  ])('that is no check: %s', async (_, bytes) => {
    const grpc = await start();
    expect(outcome(await grpc.envoy.checkRaw(bytes))).toBe('deny 403');
    expect(outcome(await grpc.ask())).toBe('allow');
  });

  it('with a header of the name __proto__ is one like any other', async () => {
    const grpc = await start();
    const headers = { ...grpc.check().http?.headers, ['__proto__']: 'x' };
    expect(outcome(await grpc.ask({ http: { ...grpc.check().http, headers } }))).toBe('allow');
  });

  it('beyond the largest body that can be configured is still decided, and a denial', async () => {
    const grpc = await start();
    const raw_body = Buffer.alloc(40_000_000, ' ');
    const answer = await grpc.ask({ http: { ...grpc.check().http, raw_body, size: raw_body.length } });
    expect(outcome(answer)).toBe('deny 400');
    expect(grpc.events).toMatchObject([{ decision: { reasons: [{ code: 'call_malformed' }] } }]);
  });

  it('beyond 64 MiB is a gRPC error: Envoy’s max_request_bytes must stay below', async () => {
    const grpc = await start();
    await expect(grpc.envoy.checkRaw(Buffer.alloc(67_108_865))).rejects.toMatchObject({ code: 8 });
  });
});

/** Messages in messages, by field 1. */
function nested(depth: number): Buffer {
  let bytes = Buffer.alloc(0);
  for (let at = 0; at < depth; at++) {
    const size: number[] = [];
    for (let left = bytes.length; ; left = Math.floor(left / 128)) {
      size.push(left < 128 ? left : (left % 128) + 128);
      if (left < 128) break;
    }
    bytes = Buffer.concat([Buffer.from([0x0a, ...size]), bytes]);
  }
  return bytes;
}

describe('health', () => {
  it('needs no key, and says when the service ends', async () => {
    const grpc = await start({ callers });
    expect(await grpc.envoy.health()).toEqual({ status: 'SERVING' });
    expect(await grpc.envoy.health('envoy.service.auth.v3.Authorization')).toEqual({ status: 'SERVING' });
    await expect(grpc.envoy.health('another')).rejects.toMatchObject({ code: 5 });
    grpc.lifecycle.stopping = true;
    expect(await grpc.envoy.health()).toEqual({ status: 'NOT_SERVING' });
  });
});

describe('TLS', () => {
  let authority: Authority;
  let server: Certificate;
  let edge: Certificate;
  beforeAll(async () => {
    authority = await createAuthority();
    server = await authority.issue(`DNS:${SERVER_NAME}`, 'serverAuth');
    edge = await authority.issue('DNS:edge.example');
  });
  const credentials = (by: Certificate | null, ca: Certificate = authority) =>
    by === null
      ? ChannelCredentials.createSsl(Buffer.from(ca.certificate))
      : ChannelCredentials.createSsl(Buffer.from(ca.certificate), Buffer.from(by.key), Buffer.from(by.certificate));
  const secured = () => start({ callers, tls: { ...server, client_ca: authority.certificate } });

  it('makes a caller of a certificate, for its servers only', async () => {
    const grpc = await secured();
    const envoy = envoyAt(grpc.listening.address, credentials(edge));
    expect(outcome(await envoy.check(grpc.check()))).toBe('allow');
    expect(outcome(await envoy.check(grpc.check({ route: { audgate_server: 'billing' } })))).toBe('deny 403');
    expect(outcome(await envoy.check(grpc.check({ metadata: [key('all-key')] })))).toBe('deny 403');
    expect(outcome(await envoy.check(grpc.check({ metadata: [key('edge-key')] })))).toBe('allow');
  });

  it('lets callers with keys in, whatever certificate they show', async () => {
    const grpc = await secured();
    const foreign = await (await createAuthority()).issue('DNS:edge.example');
    for (const by of [null, foreign]) {
      const envoy = envoyAt(grpc.listening.address, credentials(by));
      expect(outcome(await envoy.check(grpc.check()))).toBe('deny 403');
      expect(outcome(await envoy.check(grpc.check({ metadata: [key('edge-key')] })))).toBe('allow');
    }
  });

  it('is renewed for new connections; a new client_ca ends those of before', async () => {
    const grpc = await secured();
    const before = envoyAt(grpc.listening.address, credentials(edge));
    expect(outcome(await before.check(grpc.check()))).toBe('allow');
    const next = await createAuthority();
    const renewed = await next.issue(`DNS:${SERVER_NAME}`, 'serverAuth');
    grpc.listening.setTls({ ...renewed, client_ca: authority.certificate });
    expect(outcome(await before.check(grpc.check()))).toBe('allow');
    const after = envoyAt(grpc.listening.address, credentials(edge, next));
    expect(outcome(await after.check(grpc.check()))).toBe('allow');
    grpc.listening.setTls({ ...renewed, client_ca: next.certificate });
    await expect.poll(async () => after.check(grpc.check()).then(outcome, () => 'gone')).toBe('deny 403');
    const replaced = envoyAt(grpc.listening.address, credentials(await next.issue('DNS:edge.example'), next));
    expect(outcome(await replaced.check(grpc.check()))).toBe('allow');
  });

  it('ends handshakes that began before a new client_ca, which the old one would verify', async () => {
    const grpc = await secured();
    const begun = connectTcp(Number(new URL(`https://${grpc.listening.address}`).port), '127.0.0.1');
    await once(begun, 'connect');
    const envoy = envoyAt(grpc.listening.address, credentials(edge));
    expect(outcome(await envoy.check(grpc.check()))).toBe('allow');
    const next = await createAuthority();
    grpc.listening.setTls({ ...server, client_ca: next.certificate });
    const secure = connectTls({ socket: begun, ALPNProtocols: ['h2'], rejectUnauthorized: false });
    let heard = 0;
    secure.on('data', (piece: Buffer) => {
      heard += piece.length;
    });
    secure.on('error', () => {});
    await once(secure, 'close');
    expect(heard).toBe(0);
  });

  it('is all that is spoken where it is configured', async () => {
    const grpc = await secured();
    await expect(grpc.envoy.check(grpc.check({ timeout: 1500 }))).rejects.toMatchObject({ code: expect.any(Number) });
    expect(grpc.events).toEqual([]);
  });
});

describe('the end', () => {
  it('answers what is under way and takes no more', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = 0;
    const grpc = await start({
      decide: async () => {
        asked += 1;
        await gate;
        throw new Error('any answer');
      },
    });
    const answer = grpc.ask();
    await expect.poll(() => asked).toBe(1);
    const stopped = grpc.listening.stop(5000);
    release();
    expect(outcome(await answer)).toBe('deny 403');
    await stopped;
    await expect(envoyAt(grpc.listening.address).check(grpc.check({ timeout: 1000 }))).rejects.toThrow();
  });

  it('cuts at the deadline what does not come to one', async () => {
    let asked = 0;
    const grpc = await start({
      decide: () => {
        asked += 1;
        return new Promise(() => {});
      },
    });
    const answer = grpc.ask().catch(() => 'cut');
    await expect.poll(() => asked).toBe(1);
    await Promise.all([grpc.listening.stop(100), grpc.listening.stop(100)]);
    expect(await answer).toBe('cut');
  });
});

it('listens at a Unix socket', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const grpc = await start({ at: { kind: 'unix', path: join(folder, 'grpc.sock') } });
  expect(grpc.listening.address).toMatch(/^unix:\//);
  expect(outcome(await grpc.ask())).toBe('allow');
});
