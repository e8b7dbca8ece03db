/** Threads are kept for the next errand, one at most, and whatever ends one is told and forgotten. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { type Threads, threadsFor } from '../../src/registry/thread.ts';

/** Says who it is over the errand's port, so that a test sees whether it is the same thread. */
const THREAD = `
import { parentPort, threadId } from 'node:worker_threads';
parentPort.on('message', ({ what, port }) => {
  port.postMessage(threadId);
  if (what === 'end') return process.exit(3);
  if (what === 'fail') throw new Error('an error with a secret');
  if (what === 'never') for (;;);
  parentPort.postMessage('done');
  if (what === 'end later') process.exit(4);
});
parentPort.postMessage('ready');
`;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audgate-thread-'));
  await writeFile(join(folder, 'worker.mjs'), THREAD);
  await writeFile(join(folder, 'broken.mjs'), 'throw new Error("at once")');
});
afterEach(() => rm(folder, { recursive: true }));

const LONG = 3_600_000;
function threads(keep_ms: number, name = 'worker'): Threads {
  const made = threadsFor(pathToFileURL(join(folder, 'main.mjs')).href, name, keep_ms);
  onTestFinished(() => made.close());
  return made;
}

/** What became of the errand, and the thread that ran it. */
async function run(on: Threads, what = 'work', options: { limit?: number; keep?: boolean } = {}) {
  const { port1, port2: port } = new MessageChannel();
  const id = new Promise<number>((resolve) => port1.once('message', resolve));
  const ran = await on.run({ what, port }, { transfer: [port], ...options });
  const thread = await id;
  port1.close();
  return { ran, thread };
}

const DONE = { kind: 'done' };

test('one errand after the other runs on one thread', async () => {
  const on = threads(LONG);
  const first = await run(on);
  expect(first.ran).toEqual(DONE);
  for (let at = 0; at < 20; at++) expect(await run(on)).toEqual(first);
});

test('errands at the same time run on threads of their own', async () => {
  const on = threads(LONG);
  const ran = await Promise.all([run(on), run(on), run(on)]);
  expect(new Set(ran.map(({ thread }) => thread)).size).toBe(3);
  expect(ran.map(({ thread }) => thread)).toContain((await run(on)).thread);
});

test('none is kept where none is to be', async () => {
  const one = threads(0);
  expect((await run(one)).thread).not.toBe((await run(one)).thread);
  const other = threads(LONG);
  const { thread } = await run(other, 'work', { keep: false });
  expect((await run(other)).thread).not.toBe(thread);
});

test('none is kept after the end', async () => {
  const on = threads(LONG);
  const { thread } = await run(on);
  on.close();
  const next = await run(on);
  expect(next.ran).toEqual(DONE);
  expect(next.thread).not.toBe(thread);
  expect((await run(on)).thread).not.toBe(next.thread);
});

test.each([
  ['end', 'it ended with 3'],
  ['fail', 'it met a bug of audgate'],
])('one that dies (%s) is told, and the next errand gets another', async (what, why) => {
  const on = threads(LONG);
  const { thread } = await run(on);
  expect(await run(on, what)).toEqual({ ran: { kind: 'died', why }, thread });
  const next = await run(on);
  expect(next.ran).toEqual(DONE);
  expect(next.thread).not.toBe(thread);
});

test('one that does not end is ended at the limit, and the next errand gets another', async () => {
  const on = threads(LONG);
  const { thread } = await run(on);
  expect(await run(on, 'never', { limit: 100 })).toEqual({ ran: { kind: 'late' }, thread });
  const next = await run(on);
  expect(next.ran).toEqual(DONE);
  expect(next.thread).not.toBe(thread);
});

test('one that dies while it waits is forgotten', async () => {
  const on = threads(LONG);
  const { ran, thread } = await run(on, 'end later');
  expect(ran).toEqual(DONE);
  // Whether that was noticed before the next errand or by it depends on the machine; by the one after, it was.
  const { port1, port2: port } = new MessageChannel();
  await on.run({ what: 'work', port }, { transfer: [port] });
  port1.close();
  const next = await run(on);
  expect(next.ran).toEqual(DONE);
  expect(next.thread).not.toBe(thread);
});

test('one that does not even start is told', async () => {
  const on = threads(LONG, 'broken');
  expect(await on.run({})).toEqual({ kind: 'died', why: 'it met a bug of audgate' });
});
