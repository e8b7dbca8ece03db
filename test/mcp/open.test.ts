/** A guard straight from files: what it needs at the start, and what it writes. */
import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeBundle, writeSigned } from '../../src/policy/bundle-write.ts';
import { createGuard, openGuard, protect } from '../../src/server.ts';
import { BILLING, FILES } from '../e2e/issue.ts';
import { scratch } from '../e2e/start.ts';
import { bundleServer, serving } from '../sources/server.ts';
import { collect, post, startService, startWorld, witness } from './world.ts';

it('is refused at the start for files with problems, all of them named with their place', async () => {
  const registry = join(await scratch(), 'registry.yaml');
  await writeFile(registry, 'servers:\n  files:\n    resource: files\n    issuers: [nobody]\n');
  const opened = openGuard({ registry, server: { key: 'files' } });
  await expect(opened).rejects.toThrow(/registry\.yaml:3: .*\n.*registry\.yaml/s);
});

it('is refused at the start for a server that the registry lacks, near misses too', async () => {
  const { registry } = await startWorld();
  for (const server of [`${FILES}/`, 'files', { key: 'File' }, { key: FILES }]) {
    await expect(openGuard({ registry, server })).rejects.toThrow(/^expected a registered server, found none whose /);
  }
  await expect(openGuard({ registry, server: { key: 'fils' } })).rejects.toThrow('did you mean "files"?');
  await expect(openGuard({ registry, server: `${FILES}/` })).rejects.toThrow(`did you mean "${FILES}"?`);
  await expect(openGuard({ registry, server: 'elsewhere' })).rejects.toThrow('see audgate registry show');
});

it('writes one record a decision, without the token', async () => {
  const { records, text, entries } = collect();
  const { issuer, guard } = await startWorld({}, { records });
  const tokens = [await issuer.token(FILES), await issuer.token(BILLING)];
  for (const token of tokens) await protect(guard, witness().handler)(post(token));
  await guard.close();
  expect(entries()).toMatchObject([
    { path: 'audgate/server', requested_by: 'in-process:files', result: { decision: 'allow' } },
    { path: 'audgate/server', result: { decision: 'deny', reasons: [{ code: 'audience_mismatch' }] } },
  ]);
  for (const token of tokens) expect(text()).not.toContain(token.split('.')[2]);
});

it('keeps what is in force when the files become wrong, and takes them when they are right again', async () => {
  const { issuer, guard, registry, write } = await startWorld();
  const guarded = protect(guard, witness().handler);
  const token = await issuer.token(FILES);
  await writeFile(registry, '{}}');
  expect((await guard.reload()).ok).toBe(false);
  expect((await guarded(post(token))).status).toBe(200);
  await write({ files: `${FILES}/v2`, billing: BILLING });
  expect((await guard.reload()).ok).toBe(true);
  // The guard was opened by the old resource, which nobody has registered now.
  expect((await guarded(post(token))).status).toBe(403);
});

it('can be built on a service that a program has already', async () => {
  const { issuer, registry } = await startWorld();
  const decider = await startService(registry);
  const guard = createGuard({ decider, server: { key: 'billing' }, now: Date.now, log: { error: () => {} } });
  const { seen, handler } = witness();
  expect((await protect(guard, handler)(post(await issuer.token(BILLING)))).status).toBe(200);
  expect((await protect(guard, handler)(post(await issuer.token(FILES)))).status).toBe(401);
  expect(seen).toHaveLength(1);
});

it('verifies a bundle, from a file or a URL, that holds the registry too', async () => {
  const { issuer, registry: file } = await startWorld();
  const registry = new Map([['all.json', new Uint8Array(await readFile(file))]]);
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const folder = await scratch();
  const [public_key, path] = [join(folder, 'key.pub'), join(folder, 'bundle.tar.gz')];
  await writeFile(public_key, publicKey.export({ format: 'pem', type: 'spki' }));
  const { bytes } = await writeSigned({ registry }, { key: privateKey, algorithm: 'ES256' });
  await writeFile(path, bytes);
  const signing = { algorithm: 'ES256', public_key } as const;
  const server = { key: 'files' };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const { url } = await bundleServer(serving(bytes));
  for (const bundle of [
    { file: path, signing },
    { url, signing },
  ]) {
    const guard = await openGuard({ bundle, server });
    expect((await protect(guard, witness().handler)(post(await issuer.token(FILES)))).status).toBe(200);
    await guard.close();
  }
  await expect(openGuard({ bundle: path, server, log })).rejects.toThrow('no key to verify it with is configured');
  await writeFile(path, writeBundle({ registry }).bytes);
  await expect(openGuard({ bundle: { file: path, signing }, server, log })).rejects.toThrow('is not signed');
  await expect(openGuard({ bundle: path, registry: file, server, log })).rejects.toThrow('There are two registries');
});

it('says all that is wrong with how the bundle is named', async () => {
  const http = { url: 'http://bundles.example.com/a' };
  await expect(openGuard({ bundle: http, server: { key: 'files' } })).rejects.toThrow('must be an https URL');
  const both = { file: 'a', url: 'https://bundles.example.com/a', keep: 3 };
  await expect(openGuard({ bundle: both, server: { key: 'files' } })).rejects.toThrow(
    /^the bundle cannot be used:\nbundle must have exactly one of file and url\nbundle\/keep belongs to cache/,
  );
});
