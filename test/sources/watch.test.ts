/** The looks alone find what no notice tells of; many writes are few changes. */
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { watchPaths } from '../../src/sources/watch.ts';
import { scratch, until } from '../e2e/start.ts';

async function watched(interval_ms: number, quiet_ms = 50) {
  const folder = await scratch();
  const path = join(folder, 'a.yaml');
  await writeFile(path, 'one');
  let changes = 0;
  const changed = async () => {
    changes += 1;
  };
  onTestFinished(watchPaths({ paths: [path, join(folder, 'later')], changed, interval_ms, quiet_ms }));
  return { folder, path, changes: () => changes };
}

/** Until it is seen: what came before the first look was over is nothing new, and nobody tells when that is. */
async function seen(change: (time: number) => Promise<unknown>, changes: () => number): Promise<void> {
  const before = changes();
  for (let time = 0; changes() === before; time++) {
    await change(time);
    for (let looks = 0; looks < 20 && changes() === before; looks++) await setTimeout(50);
  }
}

test.each([20, 60_000])('a write and a replacement are seen, with a look every %d ms', async (interval) => {
  const { path, changes } = await watched(interval);
  expect(changes()).toBe(0);
  await seen((time) => writeFile(path, `two ${time}`), changes);
  await seen(async (time) => {
    await writeFile(`${path}~`, `three ${time}`);
    await rename(`${path}~`, path);
  }, changes);
  await seen((time) => writeFile(path, `three more ${time}`), changes);
});

test('what is not there yet is seen when it comes, and what lies in it', async () => {
  const { folder, changes } = await watched(20);
  const later = join(folder, 'later');
  await seen(async () => {
    await rm(later, { recursive: true, force: true });
    await setTimeout(100);
    await mkdir(later);
  }, changes);
  await seen((time) => writeFile(join(later, 'b.yaml'), `x ${time}`), changes);
});

test('writing the same file many times at once are few changes', async () => {
  // Each change more would take a second without a write.
  const { path, changes } = await watched(60_000, 1000);
  await seen((time) => writeFile(path, `the first ${time}`), changes);
  const before = changes();
  for (let at = 0; at < 20; at++) await writeFile(path, `number ${at} of many`);
  await until(changes, (count) => count > before);
  await seen((time) => writeFile(path, `the last ${time}`), changes);
  expect(changes() - before).toBeLessThan(10);
});

test('links that lead back into the folder are not followed for ever', async () => {
  const { folder, changes } = await watched(20);
  const place = join(folder, 'later');
  await mkdir(place);
  for (const name of ['one', 'two', 'three']) await symlink('.', join(place, name));
  await seen((time) => writeFile(join(place, 'b.yaml'), `x ${time}`), changes);
  await seen((time) => writeFile(join(place, 'b.yaml'), `more ${time}`), changes);
});
