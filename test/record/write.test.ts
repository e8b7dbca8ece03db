import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createRecorder } from '../../src/record/write.ts';
import { event } from './event.ts';

const options = { labels: {}, arguments: false };

/** A destination that keeps what it got, and says when it took a chunk only if `take` lets it. */
function sink(take: (done: () => void) => void = (done) => done()) {
  const chunks: string[] = [];
  const destination = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      take(done);
    },
  });
  return { destination, chunks, lines: () => chunks.join('').split('\n').slice(0, -1) };
}

function collectDrops() {
  const told: { message: string; dropped: number }[] = [];
  return { told, onDropped: (message: string, dropped: number) => told.push({ message, dropped }) };
}

describe('records', () => {
  test('are one line of JSON each, in the order of the decisions, in few writes', async () => {
    const { destination, chunks, lines } = sink();
    const recorder = createRecorder({ destination, onDropped: () => {}, ...options });
    for (let at = 0; at < 100; at++) recorder.record({ ...event, caller: `c${at}` });
    await recorder.flush();
    expect(lines().map((line) => JSON.parse(line).requested_by)).toEqual(
      Array.from({ length: 100 }, (_, at) => `c${at}`),
    );
    expect(chunks.filter((chunk) => chunk !== '').length).toBeLessThan(10);
  });

  test('arrive without a flush too', async () => {
    const destination = new PassThrough();
    const recorder = createRecorder({ destination, onDropped: () => {}, ...options });
    const arrived = new Promise((resolve) => destination.once('data', (chunk) => resolve(String(chunk))));
    recorder.record(event);
    expect(JSON.parse(String(await arrived))).toHaveProperty('path', 'audgate/decide');
  });

  test('flush waits until the destination took everything', async () => {
    const waiting: (() => void)[] = [];
    const { destination, lines } = sink((done) => waiting.push(done));
    const recorder = createRecorder({ destination, onDropped: () => {}, ...options });
    recorder.record(event);
    let flushed = false;
    const flush = recorder.flush().then(() => {
      flushed = true;
    });
    await new Promise(setImmediate);
    expect(flushed).toBe(false);
    for (let done = waiting.shift(); done; done = waiting.shift()) {
      done();
      await new Promise(setImmediate);
    }
    await flush;
    expect(lines()).toHaveLength(1);
  });
});

describe('a destination that fails', () => {
  test('ends nothing: records are counted as dropped, and told of once', async () => {
    const destination = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    });
    const { told, onDropped } = collectDrops();
    const recorder = createRecorder({ destination, onDropped, ...options });
    recorder.record(event);
    await recorder.flush();
    await new Promise(setImmediate);
    for (let at = 0; at < 5; at++) {
      recorder.record(event);
      await recorder.flush();
    }
    expect(recorder.dropped()).toBe(6);
    expect(told).toHaveLength(1);
    expect(told[0]?.message).toContain('EPIPE');
  });

  test('or that hangs costs bounded memory, and is told when it reads again', async () => {
    const waiting: (() => void)[] = [];
    const { destination } = sink((done) => waiting.push(done));
    const { told, onDropped } = collectDrops();
    const recorder = createRecorder({ destination, onDropped, max_waiting_bytes: 200_000, ...options });
    for (let at = 0; at < 2_000; at++) recorder.record(event);
    expect(destination.writableLength).toBeLessThan(400_000);
    expect(recorder.dropped()).toBeGreaterThan(0);
    expect(told).toHaveLength(1);
    expect(told[0]?.message).toContain('too slow');

    const stop = setInterval(() => waiting.shift()?.(), 0);
    await recorder.flush();
    recorder.record(event);
    await recorder.flush();
    clearInterval(stop);
    expect(told[1]?.message).toContain('written again');
  });

  test('or that is destroyed lets flush end', async () => {
    const destination = new PassThrough();
    const recorder = createRecorder({ destination, onDropped: () => {}, ...options });
    destination.destroy();
    recorder.record(event);
    await recorder.flush();
    expect(recorder.dropped()).toBe(1);
  });
});

test('a record that cannot be made is counted, not thrown', async () => {
  const { told, onDropped } = collectDrops();
  const recorder = createRecorder({ destination: new PassThrough(), onDropped, ...options });
  recorder.record({ ...event, started: Number.NaN });
  await recorder.flush();
  expect(recorder.dropped()).toBe(1);
  expect(told).toHaveLength(1);
});
