import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { type ConfigFlags, configure, reconfigure } from '../../src/cli/configure.ts';
import type { Host } from '../../src/cli/host.ts';
import { scratch } from '../e2e/start.ts';

const DIGEST = 'a'.repeat(64);
const callers = { edge: { key_sha256: [DIGEST], servers: '*', may: ['decide'] } };

const silent = () => new Writable({ write: (_chunk, _encoding, done) => done() });
const host: Host = {
  argv: [],
  env: {},
  platform: process.platform,
  stdin: Readable.from([]),
  stdout: silent(),
  stderr: silent(),
  version: '0.0.0',
  now: Date.now,
  ticks: process.hrtime.bigint,
  newId: () => '',
  fetch: globalThis.fetch,
  fetchIssuer: () => globalThis.fetch,
  onSignal: () => () => {},
};

/** What a reload finds after `after` took the place of `before`. */
async function reread(before: object, after: object, flags: Omit<ConfigFlags, 'config'> = {}) {
  const folder = await scratch();
  const file = join(folder, 'config.json');
  const put = (config: object) => writeFile(file, JSON.stringify({ registry: folder, ...config }));
  await put(before);
  const whole = { ...flags, config: file };
  const configured = await configure(whole, host);
  if (!configured.ok) throw new Error('the first configuration is not right');
  await put(after);
  return reconfigure(whole, configured);
}
const warnings = (read: Awaited<ReturnType<typeof reread>>) =>
  read.ok ? read.warnings.map(({ message }) => message.replace(/ changed.*/, '')) : read.problems;

test('a reload takes callers and says nothing of what stayed', async () => {
  const read = await reread({ listen: '127.0.0.1:1' }, { callers, listen: '127.0.0.1:1' });
  expect(read).toMatchObject({ ok: true, callers, tls: null, warnings: [] });
});

test('a reload names all that only a restart takes', async () => {
  const after = {
    listen: '127.0.0.1:2',
    bundle: 'x.tar.gz',
    allow_modified_core: true,
    limits: { body_bytes: 2048 },
    keys: { max_age_seconds: 1 },
    record: { arguments: true },
    grpc: { listen: '127.0.0.1:3' },
    public_url: 'https://pdp.example.com',
  };
  expect(warnings(await reread({}, after))).toEqual([
    'listen, bundle, allow_modified_core, limits, keys, record, grpc, public_url',
  ]);
  expect(warnings(await reread({}, { limits: {}, keys: { max_age_seconds: 300 } }))).toEqual([]);
});

test('flags win at a reload as they did at the start', async () => {
  expect(warnings(await reread({}, { listen: '0.0.0.0:1' }, { listen: '127.0.0.1:0' }))).toEqual([]);
});

test('callers that are gone leave no open door: not where the service listens now, whatever the file says', async () => {
  const beyond = { callers, listen: '0.0.0.0:8181' };
  const problem = { severity: 'error', message: expect.stringContaining('no callers are configured') };
  expect(await reread(beyond, { listen: '127.0.0.1:8181' })).toMatchObject({ ok: false, problems: [problem] });
  const grpc = { callers, grpc: { listen: '0.0.0.0:8182' } };
  expect(await reread(grpc, {})).toMatchObject({ ok: false, problems: [problem] });
  expect((await reread({ callers }, {})).ok).toBe(true);
});
