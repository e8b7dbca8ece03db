/** What a bundle behind HTTP is taken from, and how old it is. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { digestOf } from '../../src/policy/bundle.ts';
import { writeBundle } from '../../src/policy/bundle-write.ts';
import { remoteBundle } from '../../src/sources/remote.ts';
import { bundleServer, failing, serving } from './server.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');

function bundle(): Uint8Array {
  const rules = [{ name: 'hours', file: 'hours.rego', enforcement: 'deny' as const }];
  const sources = new Map([['hours.rego', 'package custom.hours\n']]);
  return writeBundle({ wasm: new Uint8Array([0, 0x61, 0x73, 0x6d]), rules, sources, opa: '1' }).bytes;
}

test.each<['pinned' | 'newest']>([['pinned'], ['newest']])(
  'a start without network is as old as its cache says, and no older (%s)',
  async (wanted) => {
    const cache = await mkdtemp(join(tmpdir(), 'audgate-cache-'));
    onTestFinished(() => rm(cache, { recursive: true, force: true }));
    const bytes = bundle();
    const server = await bundleServer(serving(bytes));
    const source = (now: number) =>
      remoteBundle({
        remote: {
          url: server.url,
          polling: { min_delay_seconds: 60, max_delay_seconds: 120 },
          timeout_ms: 5000,
          keep: 5,
          cache,
          max_staleness_seconds: 600,
          stop_when_stale: true,
          ...(wanted === 'pinned' && { revision: digestOf(bytes) }),
        },
        signing: undefined,
        now: () => now,
      });
    const first = source(NOW);
    await (await first.offer()).accepted();
    expect(first.isStale()).toBe(false);
    await server.close();

    const soon = source(NOW + 300_000);
    const offered = await soon.offer();
    expect(offered.read).toMatchObject({ ok: true });
    await offered.accepted();
    expect(soon.isStale()).toBe(false);
    expect(soon.status()).toMatchObject({ from_cache: true, confirmed_at: '2026-11-23T12:00:00.000Z' });

    const late = source(NOW + 601_000);
    await (await late.offer()).accepted();
    expect(late.isStale()).toBe(true);
  },
);

async function world() {
  const cache = await mkdtemp(join(tmpdir(), 'audgate-cache-'));
  onTestFinished(() => rm(cache, { recursive: true, force: true }));
  const server = await bundleServer(serving(bundle()));
  const clock = { now: NOW };
  const source = (more: object = {}) =>
    remoteBundle({
      remote: {
        url: server.url,
        polling: { min_delay_seconds: 60, max_delay_seconds: 120 },
        ...{ timeout_ms: 5000, keep: 5, cache, stop_when_stale: true, max_staleness_seconds: 600 },
        ...more,
      },
      signing: undefined,
      now: () => clock.now,
    });
  const started = async (more: object = {}) => {
    const one = source(more);
    const offer = await one.offer();
    if (offer.read.ok) await offer.accepted();
    return { source: one, problems: offer.read.ok ? [] : offer.read.problems };
  };
  const check = (one: ReturnType<typeof source>) => one.check(new AbortController().signal);
  return { cache, server, clock, source, started, check };
}

test('what was kept of another URL is not started from', async () => {
  const { server, started } = await world();
  await started();
  server.answer(failing(500));
  expect((await started()).problems).toEqual([]);
  const [other] = (await started({ url: server.url.replace('rules', 'other') })).problems;
  expect(other).toContain('the cache holds no good bundle');
});

test('a cache that others may write to is not started from, unless bundles are signed', async () => {
  const { server, started, cache } = await world();
  await started();
  server.answer(failing(500));
  await chmod(cache, 0o777);
  expect((await started()).problems.join()).toContain('may be written to by others');
  await chmod(cache, 0o755);
  expect((await started()).problems).toEqual([]);
});

test('what lies in the cache and is no file is not waited for', async () => {
  const { server, started, cache } = await world();
  await started();
  server.answer(failing(500));
  const file = join(cache, `${digestOf(bundle()).slice(7)}.tar.gz`);
  await rm(file);
  await mkdir(file);
  expect((await started()).problems.join()).toContain('the cache holds no good bundle');
});

test('a bundle that was refused is asked for whole again, for it may be the way that damaged it', async () => {
  const { server, started, check } = await world();
  const { source } = await started();
  const etag = JSON.stringify(digestOf(bundle()));
  server.answer((answer) => answer.writeHead(200, { etag: '"new"' }).end('damaged'));
  expect(await check(source)).toEqual({ ok: true, changed: true });
  expect(server.asked.at(-1)?.['if-none-match']).toBe(etag);
  const offer = await source.offer();
  expect(offer.read.ok).toBe(false);
  offer.refused(['damaged']);
  await check(source);
  expect(server.asked.at(-1)?.['if-none-match']).toBeUndefined();
});

test('a clock that goes back neither makes a bundle young for long, nor puts the next try off', async () => {
  const { server, started, check, clock } = await world();
  clock.now = NOW + 86_400_000;
  const { source } = await started();
  clock.now = NOW;
  expect(source.isStale()).toBe(false);
  clock.now = NOW + 601_000;
  expect(source.isStale()).toBe(true);

  clock.now = NOW + 86_400_000;
  server.answer((answer) => answer.end('damaged'));
  expect(await check(source)).toEqual({ ok: true, changed: true });
  (await source.offer()).refused(['damaged']);
  expect(await check(source)).toEqual({ ok: true, changed: false });
  clock.now = NOW;
  expect(await check(source)).toEqual({ ok: true, changed: true });
});

test('a server of long polls without ETag is asked at the pace of any other', async () => {
  const { server, started, check } = await world();
  const { source } = await started();
  const type = 'application/vnd.openpolicyagent.bundles';
  server.answer((answer) => answer.writeHead(200, { 'content-type': type }).end(bundle()));
  await check(source);
  expect(source.answersLongPolls()).toBe(false);
  server.answer(serving(new Uint8Array([1]), { 'content-type': type }));
  await check(source);
  expect(source.answersLongPolls()).toBe(true);
});
