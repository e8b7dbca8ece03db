/** A guard in the server's own process refuses what is revoked, and knows of it within moments. */
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { protect } from '../../src/server.ts';
import { FILES } from '../e2e/issue.ts';
import { scratch, until } from '../e2e/start.ts';
import { post, startWorld, witness } from './world.ts';

it('refuses a token that it let in before', async () => {
  const file = join(await scratch(), 'revoked.jsonl');
  await writeFile(file, '');
  const { issuer, guard } = await startWorld({}, { revocation: { file, max_staleness_seconds: 3600 } });
  const guarded = protect(guard, witness().handler);
  const token = await issuer.token(FILES);
  expect((await guarded(post(token))).status).toBe(200);
  await appendFile(file, '{"by":"sub","issuer":"corp","value":"user-1"}\n');
  const refused = await until(
    () => guarded(post(token)),
    ({ status }) => status !== 200,
  );
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
    401,
    expect.stringContaining('invalid_token'),
  ]);
});

it('is not opened with a list that is wrong, all of it told', async () => {
  const file = join(await scratch(), 'revoked.jsonl');
  await writeFile(file, '{}\nx\n');
  await expect(startWorld({}, { revocation: { file } })).rejects.toThrow(/line 1: .*line 2: /s);
  await expect(startWorld({}, { revocation: {} })).rejects.toThrow(
    '/revocation names no list: expected file, valkey or both',
  );
  await expect(startWorld({}, { revocation: { file, max_staleness_seconds: 0 } })).rejects.toThrow(
    '/revocation/max_staleness_seconds must be from 2 to 3600',
  );
});
