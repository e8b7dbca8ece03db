/** Lists of revoked tokens as a whole: what fills them, many at once. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readRevocation } from '../../src/config/revocation.ts';
import { openRevocations } from '../../src/sources/revocations.ts';

it('a burst of events fills no list beyond what may be held', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'audgate-revoked-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'revoked.jsonl');
  await writeFile(file, '');
  const opened = await openRevocations({
    config: readRevocation({ file, max_entries: 10 }),
    now: Date.now,
    ticks: process.hrtime.bigint,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    metrics: { revocationRead: () => {} },
  });
  if (!opened.ok) throw new Error(opened.problems.join());
  const { revocations: list } = opened;
  onTestFinished(() => list.close());
  const burst = Array.from({ length: 30 }, (_, at) => list.add([{ by: 'sub', issuer: 'corp', value: `user-${at}` }]));
  const told = await Promise.all(burst);
  expect(told.filter((problem) => problem === null)).toHaveLength(10);
  expect(new Set(told)).toEqual(new Set([null, 'the list in file is full (revocation.max_entries)']));
  expect(list.status()).toMatchObject({ entries: 10, available: true });
});
