/** A guard straight from files: what it needs at the start, and what it writes. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createGuard, openGuard, protect } from '../../src/server.ts';
import { BILLING, FILES } from '../e2e/issue.ts';
import { scratch } from '../e2e/start.ts';
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
