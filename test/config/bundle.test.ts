/** `bundle:` as it is written, and every contradiction in it. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { mergeFlags, readConfig } from '../../src/config.ts';

const read = (bundle: unknown) => readConfig(JSON.stringify({ bundle }), '/etc/audgate/config.yaml');
const URL = 'https://bundles.example.com/rules.tar.gz';

test('a path, a file with a key, a URL with its defaults; paths are relative to the file', () => {
  const bundleOf = (written: unknown) => {
    const reading = read(written);
    if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
    return reading.config.bundle;
  };
  expect(bundleOf('./rules')).toEqual({ path: '/etc/audgate/rules' });
  const signing = { algorithm: 'ES256', public_key: 'key.pub' };
  const located = { algorithm: 'ES256', public_key: '/etc/audgate/key.pub' };
  expect(bundleOf({ file: 'rules.tar.gz', signing })).toEqual({ path: '/etc/audgate/rules.tar.gz', signing: located });
  expect(bundleOf({ url: URL, cache: 'kept', bearer_file: 'token' })).toEqual({
    remote: {
      url: URL,
      polling: { min_delay_seconds: 60, max_delay_seconds: 120 },
      timeout_ms: 30_000,
      keep: 5,
      stop_when_stale: false,
      cache: '/etc/audgate/kept',
      bearer_file: '/etc/audgate/token',
    },
  });
});

test('a bundle of a flag must be signed as the configured one', () => {
  const configured = read({ url: URL, signing: { algorithm: 'ES256', public_key: '/key.pub' } });
  if (!configured.ok) throw new Error('refused');
  const merged = mergeFlags(configured.config, { bundle: 'mine.tar.gz' });
  expect(merged).toMatchObject({
    ok: true,
    config: { bundle: { path: 'mine.tar.gz', signing: { public_key: '/key.pub' } } },
  });
});

describe('refused', () => {
  test.each<[string, unknown, string, string]>([
    ['neither', {}, '/bundle', 'exactly one of file and url'],
    ['both', { file: 'a', url: URL }, '/bundle', 'exactly one of file and url'],
    ['a number', 7, '/bundle', 'must be a path, or an object'],
    ['plain http', { url: 'http://bundles.example.com/a' }, '/bundle/url', 'must be an https URL'],
    ['a user', { url: 'https://a:b@bundles.example.com/a' }, '/bundle/url', 'must be an https URL'],
    ['another scheme', { url: 'file:///etc/passwd' }, '/bundle/url', 'must be an https URL'],
    ['a near loopback', { url: 'http://127.0.0.1.example.com/a' }, '/bundle/url', 'must be an https URL'],
    ['a cache for a file', { file: 'a', cache: 'b' }, '/bundle/cache', 'belongs to url'],
    ['staleness of a file', { file: 'a', max_staleness_seconds: 9 }, '/bundle/max_staleness_seconds', 'belongs to url'],
    ['a secret', { file: 'a', signing: { algorithm: 'HS256', public_key: 'b' } }, '/bundle/signing/algorithm', 'ES256'],
    ['no algorithm', { file: 'a', signing: { public_key: 'b' } }, '/bundle/signing/algorithm', 'ES256'],
    ['a short digest', { url: URL, revision: 'sha256:12' }, '/bundle/revision', '64 hex digits'],
    ['half a certificate', { url: URL, tls: { key: 'a' } }, '/bundle/tls', 'both certificate and key'],
    [
      'two identities',
      { url: URL, bearer_file: 'a', tls: { key: 'a', certificate: 'b' } },
      '/bundle/bearer_file',
      'client certificate',
    ],
    ['keep without cache', { url: URL, keep: 3 }, '/bundle/keep', 'belongs to cache'],
    [
      'a stop without a limit',
      { url: URL, stop_when_stale: true },
      '/bundle/stop_when_stale',
      'needs max_staleness_seconds',
    ],
    [
      'delays the wrong way round',
      { url: URL, polling: { min_delay_seconds: 9, max_delay_seconds: 8 } },
      '/bundle/polling/max_delay_seconds',
      'must not be below',
    ],
    ['a misspelt member', { url: URL, cash: 'a' }, '/bundle/cash', 'did you mean \\"cache\\"?'],
  ])('%s', (_, written, pointer, message) => {
    const reading = read(written);
    if (reading.ok) throw new Error('accepted');
    expect(reading.problems.map((problem) => problem.pointer)).toContain(pointer);
    expect(JSON.stringify(reading.problems)).toContain(message);
  });
});

test('what docs/bundles.md shows is read', () => {
  const page = readFileSync(new globalThis.URL('../../docs/bundles.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  const whole = blocks.filter((text) => /(url|bundle): [.h]/.test(text));
  expect(whole.length).toBe(2);
  for (const text of whole) expect(readConfig(text, '/etc/audgate/config.yaml')).toMatchObject({ ok: true });
});
