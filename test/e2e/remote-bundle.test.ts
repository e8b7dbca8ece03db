/** The real program with a real server of bundles: none of its faults replaces what is in force (issue part 6). */
import { generateKeyPairSync } from 'node:crypto';
import { readFile as readBytes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestOf, unpack } from '../../src/policy/bundle.ts';
import { readSigningKey, type SigningKey } from '../../src/policy/bundle-signature.ts';
import { writeBundle, writeSigned } from '../../src/policy/bundle-write.ts';
import { type Answer, bundleServer, failing, serving } from '../sources/server.ts';
import { forge } from './bundles.ts';
import { FILES, type Issuer, readFile, registryOf, startIssuer } from './issue.ts';
import { type Started, scratch, start, until } from './start.ts';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const PUBLIC = publicKey.export({ format: 'pem', type: 'spki' }).toString();
function keyOf(pem: string): SigningKey {
  const read = readSigningKey(pem, 'private', { algorithm: 'ES256', key_id: 'key-1' });
  if (!read.ok) throw new Error(read.problem);
  return read.key;
}
const KEY = keyOf(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());

const rule = (satisfied: string) =>
  `package custom.gate\n\n${satisfied}\n\ndenials contains {"code": "never"} if false\n`;
const OPEN = rule('satisfied if input.call.method');
const SHUT = rule('satisfied if input.call.method == "never"');

/** A bundle with the registry in it. */
async function bundleOf(rego: string, issuer: Issuer, key: SigningKey | null = KEY): Promise<Uint8Array> {
  const entries = unpack(await readBytes(await forge({ 'gate.rego': rego }, ['gate'])));
  if (typeof entries === 'string') throw new Error(entries);
  const registry = new Map([
    ['all.json', new TextEncoder().encode(JSON.stringify(registryOf(issuer, { files: FILES })))],
  ]);
  const wasm = entries.get('policy.wasm') ?? new Uint8Array();
  const parts = {
    wasm,
    rules: [{ name: 'gate', file: 'gate.rego' }],
    sources: new Map([['gate.rego', rego]]),
    opa: '1.22.2',
    registry,
  };
  return (key === null ? writeBundle(parts) : await writeSigned(parts, key)).bytes;
}

interface BundleStatus {
  readonly digest: string;
  readonly from_cache: boolean;
  readonly stale: boolean;
  readonly confirmed_at: string | null;
  readonly kept: readonly string[];
  readonly last_error: null | { readonly problems: readonly string[] };
}
const statusOf = async (audgate: Started) =>
  ((await (await audgate.get('/v1/status')).json()) as { readonly bundle: BundleStatus }).bundle;
const troubled = (problem: string) => (bundle: BundleStatus) =>
  bundle.last_error?.problems.some((one) => one.includes(problem)) === true;

async function world(more: object = {}) {
  const issuer = await startIssuer();
  const folder = await scratch();
  await writeFile(join(folder, 'key.pub'), PUBLIC);
  const server = await bundleServer(serving(await bundleOf(OPEN, issuer)));
  const bundle = {
    url: `${server.url}?secret=in-the-query`,
    polling: { min_delay_seconds: 1, max_delay_seconds: 1 },
    timeout_ms: 5000,
    signing: { algorithm: 'ES256', public_key: join(folder, 'key.pub'), key_id: 'key-1' },
    cache: join(folder, 'cache'),
    ...more,
  };
  const config = { registry: undefined, bundle };
  const token = await issuer.token(FILES);
  const asks = (audgate: Started) => async () => {
    const { decision, reasons } = await audgate.decide(readFile(FILES, token));
    return [decision, ...reasons.map(({ code }) => code)].join(' ');
  };
  return { issuer, folder, server, bundle, config, asks };
}

test('a new bundle takes over by itself; no fault of the server, and no bad bundle, replaces the good one', {
  timeout: 120_000,
}, async () => {
  const { issuer, server, config, asks } = await world();
  const audgate = await start({ registry: {}, config });
  const ask = asks(audgate);
  expect(await ask()).toBe('allow');
  const good = await bundleOf(SHUT, issuer);
  server.answer(serving(good));
  await until(ask, (answer) => answer === 'deny rule_not_satisfied');
  expect(await statusOf(audgate)).toMatchObject({
    digest: digestOf(good),
    registry: true,
    signed: true,
    last_error: null,
  });

  const stranger = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
  const foreign = keyOf(stranger.export({ format: 'pem', type: 'pkcs8' }).toString());
  const faults: readonly (readonly [Answer, string])[] = [
    [failing(500), 'HTTP status 500'],
    [failing(404), 'HTTP status 404'],
    [failing(302, { location: server.url }), 'a redirect'],
    [() => {}, 'no complete answer within 5000 ms'],
    [(answer) => answer.writeHead(200, { 'content-length': '100000' }).write('x', () => answer.destroy()), 'cut off'],
    [serving(new TextEncoder().encode('hello')), 'not compressed with gzip'],
    [serving(good.subarray(0, 1000)), 'the compressed data ends early'],
    [serving(await bundleOf(OPEN, issuer, null)), 'is not signed'],
    [serving(await bundleOf(OPEN, issuer, foreign)), 'does not verify with the configured key'],
    [(answer) => answer.writeHead(304).end(), ''],
  ];
  for (const [answer, problem] of faults) {
    server.answer(answer);
    if (problem !== '') await until(() => statusOf(audgate), troubled(problem));
    expect(await ask()).toBe('deny rule_not_satisfied');
    expect((await statusOf(audgate)).digest).toBe(digestOf(good));
  }
  const metrics = await (await audgate.get('/metrics')).text();
  expect(metrics).toMatch(/audgate_reloads_total\{outcome="failed"\} [4-9]/);
  expect(metrics).toMatch(
    /audgate_bundle_checks_total\{outcome="failed"\} [5-9]|audgate_bundle_checks_total\{outcome="failed"\} \d\d/,
  );
  expect(audgate.stderr()).toContain('does not verify with the configured key');
  expect(audgate.stderr()).toContain('HTTP status 404');

  const next = await bundleOf(OPEN, issuer);
  server.answer(serving(next));
  await until(ask, (answer) => answer === 'allow');
  expect(await statusOf(audgate)).toMatchObject({ digest: digestOf(next), last_error: null });
  expect(audgate.stderr() + JSON.stringify(await statusOf(audgate))).not.toContain('in-the-query');
});

test('a start without network has the last good one, verified again; a pin goes back and forth', {
  timeout: 120_000,
}, async () => {
  const { issuer, server, config, bundle, folder, asks } = await world();
  const [open, shut] = [await bundleOf(OPEN, issuer), await bundleOf(SHUT, issuer)];
  server.answer(serving(open));
  const before = await start({ registry: {}, config });
  server.answer(serving(shut));
  await until(asks(before), (answer) => answer === 'deny rule_not_satisfied');
  await until(
    () => statusOf(before),
    ({ kept }) => kept.join() === [shut, open].map(digestOf).join(),
  );
  await before.stop();

  server.answer(serving(new TextEncoder().encode('hello')));
  const misled = await start({ registry: {}, config });
  expect(await statusOf(misled)).toMatchObject({ from_cache: true, digest: digestOf(shut) });
  expect(misled.stderr()).toContain('not compressed with gzip');
  await misled.stop();
  await server.close();

  const audgate = await start({ registry: {}, config });
  expect(await asks(audgate)()).toBe('deny rule_not_satisfied');
  expect(await statusOf(audgate)).toMatchObject({ from_cache: true, digest: digestOf(shut) });
  expect((await statusOf(audgate)).last_error?.problems.join()).toContain('ECONNREFUSED');

  const reconfigured = (revision?: string) =>
    writeFile(
      join(audgate.folder, 'config.json'),
      JSON.stringify({ listen: '127.0.0.1:0', bundle: { ...bundle, ...(revision && { revision }) } }),
    );
  await reconfigured(digestOf(open));
  expect((await audgate.reload()).last_reload).toMatchObject({ ok: true, problems: [] });
  expect(await asks(audgate)()).toBe('allow');
  await reconfigured(`sha256:${'0'.repeat(64)}`);
  const refused = await audgate.reload();
  expect(refused.last_reload?.ok).toBe(false);
  expect(JSON.stringify(refused.last_reload)).toContain('neither in the cache nor at');
  expect(await asks(audgate)()).toBe('allow');
  await audgate.stop();

  // Whoever changed the file in the cache has no key to sign it with.
  const file = join(folder, 'cache', `${digestOf(open).slice(7)}.tar.gz`);
  await writeFile(file, await bundleOf(OPEN, issuer, null));
  await expect(
    start({ registry: {}, config: { ...config, bundle: { ...bundle, revision: digestOf(open) } } }),
  ).rejects.toThrow('neither in the cache nor at');
});

test('a stale bundle allows nothing where that is configured; what is denied stays denied', {
  timeout: 120_000,
}, async () => {
  const { server, config, asks, issuer } = await world({ max_staleness_seconds: 4, stop_when_stale: true });
  const audgate = await start({ registry: {}, config });
  expect(await asks(audgate)()).toBe('allow');
  server.answer(failing(503));
  await until(asks(audgate), (answer) => answer === 'indeterminate policy_unavailable');
  expect((await statusOf(audgate)).stale).toBe(true);
  expect(await (await audgate.get('/metrics')).text()).toContain('audgate_bundle_stale 1\n');
  const expired = await audgate.decide(readFile(FILES, await issuer.token('https://elsewhere.example.com/mcp')));
  expect(expired.decision).toBe('deny');
  server.answer(serving(await bundleOf(OPEN, issuer)));
  await until(asks(audgate), (answer) => answer === 'allow');
  expect((await statusOf(audgate)).stale).toBe(false);
});

test('a server that answers long polls tells of a new bundle at once', async () => {
  const long = { min_delay_seconds: 3600, max_delay_seconds: 3600, long_polling_timeout_seconds: 60 };
  const { server, config, asks, issuer, bundle } = await world();
  const type = { 'content-type': 'application/vnd.openpolicyagent.bundles' };
  server.answer(serving(await bundleOf(OPEN, issuer), type));
  const audgate = await start({ registry: {}, config: { ...config, bundle: { ...bundle, polling: long } } });
  expect(await asks(audgate)()).toBe('allow');
  const shut = await bundleOf(SHUT, issuer);
  server.answer((answer, request) => {
    setTimeout(() => serving(shut, type)(answer, request), 200);
  });
  await until(asks(audgate), (answer) => answer === 'deny rule_not_satisfied');
  expect(server.asked.at(-1)?.prefer).toBe('modes=snapshot;wait=60');
});

test('two registries are refused, and none as well', async () => {
  const { config, issuer, server } = await world();
  const registry = registryOf(issuer, { files: FILES });
  await expect(start({ registry, config: { bundle: config.bundle } })).rejects.toThrow('There are two registries');
  const entries = await forge({ 'gate.rego': OPEN }, ['gate']);
  const { signing: _, ...unsigned } = config.bundle;
  server.answer(serving(await readBytes(entries)));
  await expect(start({ registry: {}, config: { registry: undefined, bundle: unsigned } })).rejects.toThrow(
    'There is no registry',
  );
});
