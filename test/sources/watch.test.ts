/** The looks alone find what no notice tells of; many writes are few changes. */
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { watchPaths } from '../../src/sources/watch.ts';
import { scratch, until } from '../e2e/start.ts';

async function watched(interval_ms: number) {
  const folder = await scratch();
  const path = join(folder, 'a.yaml');
  await writeFile(path, 'one');
  let changes = 0;
  const changed = async () => {
    changes += 1;
  };
  onTestFinished(watchPaths({ paths: [path, join(folder, 'later')], changed, interval_ms, quiet_ms: 50 }));
  // The first look must be over before anything changes.
  await new Promise((resolve) => setTimeout(resolve, 200));
  return { folder, path, changes: () => changes };
}

test.each([20, 60_000])('a write and a replacement are seen, with a look every %d ms', async (interval) => {
  const { path, changes } = await watched(interval);
  expect(changes()).toBe(0);
  await writeFile(path, 'two!');
  await until(changes, (count) => count > 0);
  const first = changes();
  await writeFile(`${path}~`, 'three');
  await rename(`${path}~`, path);
  await until(changes, (count) => count > first);
  const second = changes();
  await writeFile(path, 'three more');
  await until(changes, (count) => count > second);
});

test('what is not there yet is seen when it comes, and what lies in it', async () => {
  const { folder, changes } = await watched(20);
  await mkdir(join(folder, 'later'));
  await until(changes, (count) => count === 1);
  await writeFile(join(folder, 'later', 'b.yaml'), 'x');
  await until(changes, (count) => count === 2);
});

test('writing the same file many times at once are few changes', async () => {
  const { path, changes } = await watched(60_000);
  for (let at = 0; at < 20; at++) await writeFile(path, `number ${at} of many`);
  await until(changes, (count) => count > 0);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(changes()).toBeLessThan(10);
});

test('links that lead back into the folder are not followed for ever', async () => {
  const { folder, changes } = await watched(20);
  const place = join(folder, 'later');
  await mkdir(place);
  for (const name of ['one', 'two', 'three']) await symlink('.', join(place, name));
  await writeFile(join(place, 'b.yaml'), 'x');
  await until(changes, (count) => count >= 1);
  const before = changes();
  await writeFile(join(place, 'b.yaml'), 'more');
  await until(changes, (count) => count > before);
});
