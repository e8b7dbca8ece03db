/** What a start from the cache knows of its age. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { digestOf } from '../../src/policy/bundle.ts';
import { writeBundle } from '../../src/policy/bundle-write.ts';
import { remoteBundle } from '../../src/sources/remote.ts';
import { bundleServer, serving } from './server.ts';

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
