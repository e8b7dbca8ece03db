/** A guard in the server's own process asks the issuer about opaque tokens, with credentials of its own. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openGuard, protect } from '../../src/server.ts';
import { FILES } from '../e2e/issue.ts';
import { scratch } from '../e2e/start.ts';
import { ISS, json, serveIntrospection } from '../facts/token/introspection-server.ts';
import { post, witness } from './world.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };

async function opened(introspection?: object) {
  const server = await serveIntrospection();
  const registry = join(await scratch(), 'registry.json');
  const record = { issuer: ISS, introspection: { endpoint: server.endpoint }, algorithms: ['ES256'] };
  const tools = { read_file: { scopes: ['files:read'] } };
  const files = { resource: FILES, issuers: ['opaque'], max_lifetime_seconds: 900, tools };
  await writeFile(registry, JSON.stringify({ issuers: { opaque: record }, servers: { files } }));
  const guard = await openGuard({ registry, server: FILES, log, ...introspection });
  onTestFinished(() => guard.close());
  return { server, guarded: protect(guard, witness().handler) };
}

const answerNow = (over: object = {}) => {
  const now = Math.floor(Date.now() / 1000);
  const right = { active: true, iss: ISS, aud: FILES, client_id: 'client-1', scope: 'files:read' };
  return json({ ...right, iat: now, exp: now + 300, ...over });
};

it('lets in what the issuer says is active, and nothing else', async () => {
  const secret_file = join(await scratch(), 'secret');
  await writeFile(secret_file, 's3cret\n');
  const files = { client_id: 'files', method: 'client_secret_basic', secret_file };
  const { server, guarded } = await opened({
    introspection: { cache_seconds: 0, timeout_ms: 30_000, credentials: { files } },
  });
  server.answer(answerNow());
  expect((await guarded(post('opaque-1'))).status).toBe(200);
  expect(server.questions[0]?.headers.authorization).toBe(`Basic ${btoa('files:s3cret')}`);
  server.answer(answerNow({ active: 'true' }));
  expect((await guarded(post('opaque-1'))).status).toBe(401);
  server.answer(json({}, 500));
  expect((await guarded(post('opaque-1'))).status).toBe(503);
});

it('asks nobody without credentials, and is not opened with wrong ones', async () => {
  const { server, guarded } = await opened();
  expect((await guarded(post('opaque-1'))).status).toBe(503);
  expect(server.questions).toHaveLength(0);
  await expect(opened({ introspection: { cache_seconds: 60 } })).rejects.toThrow(
    '/introspection/cache_seconds must be from 0 to 10',
  );
});
