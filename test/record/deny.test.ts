/** `on_failure: deny`: allows wait for their records, in a room of their own. */
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createRecorder } from '../../src/record/write.ts';
import { event } from './event.ts';

const options = { labels: {}, arguments: false, onDropped: () => {}, on_failure: 'deny' } as const;
type Recorder = ReturnType<typeof createRecorder>;

/** Takes each write only when told. */
function slow() {
  const waiting: (() => void)[] = [];
  const taken: string[] = [];
  const sink = {
    write: (text: string) =>
      new Promise<void>((resolve) => {
        waiting.push(() => {
          taken.push(text);
          resolve();
        });
      }),
    close: () => Promise.resolve(),
  };
  const next = async () => {
    waiting.shift()?.();
    await new Promise(setImmediate);
  };
  return { sink, next, taken };
}

function accept(recorder: Recorder, caller: string): Promise<boolean> {
  if (recorder.accept === undefined) throw new Error('no answer waits here');
  return recorder.accept({ ...event, caller });
}

describe('a flood of denials', () => {
  it('neither fills the room of allows nor keeps their records waiting behind it', async () => {
    const { sink, next, taken } = slow();
    const recorder = createRecorder({ ...options, destination: sink, max_waiting_bytes: 200_000, max_wait_ms: 60_000 });
    for (let at = 0; at < 5_000; at++) recorder.record({ ...event, caller: 'flood' });
    expect(recorder.dropped()).toBeGreaterThan(1_000);

    const allowed = accept(recorder, 'honest');
    // What is being written already, then the allow at once, though 200 kB of denials wait before it.
    await next();
    await next();
    expect(await allowed).toBe(true);
    expect(taken[1]?.split('\n')[0]).toContain('honest');
  });
});

describe('a destination that takes nothing', () => {
  it('makes the first allow wait its time, and refuses the next at once', async () => {
    const never = new Writable({ write: () => {} });
    const recorder = createRecorder({ ...options, destination: never, max_wait_ms: 20 });
    expect(await accept(recorder, 'first')).toBe(false);
    const patient = createRecorder({ ...options, destination: never, max_wait_ms: 20 });
    expect(await accept(patient, 'a')).toBe(false);
    let refused = false;
    accept(patient, 'b').then((ok) => {
      refused = !ok;
    });
    await new Promise(setImmediate);
    expect(refused).toBe(true);
  });

  it('has at most so many allows wait', async () => {
    const { sink } = slow();
    const recorder = createRecorder({ ...options, destination: sink, max_waiting_bytes: 10_000, max_wait_ms: 60_000 });
    const answers: boolean[] = [];
    for (let at = 0; at < 100; at++) accept(recorder, 'a').then((ok) => answers.push(ok));
    await new Promise(setImmediate);
    expect(answers.length).toBeGreaterThan(80);
    expect(answers).not.toContain(true);
  });

  it('and takes again allows again; what was refused meanwhile is not written later', async () => {
    const { sink, next, taken } = slow();
    const recorder = createRecorder({ ...options, destination: sink, max_wait_ms: 2000 });
    recorder.record({ ...event, caller: 'before' });
    const flushed = recorder.flush();
    expect(await accept(recorder, 'refused')).toBe(false);
    await next();
    await flushed;
    const again = accept(recorder, 'again');
    await next();
    expect(await again).toBe(true);
    expect(taken.join('')).not.toContain('"requested_by":"refused"');
  });
});

it('an allow whose record is taken too late counts as refused once, and not at all as dropped', async () => {
  const { sink, next } = slow();
  const lost: string[] = [];
  const onLost = (outcome: string) => lost.push(outcome);
  const recorder = createRecorder({ ...options, destination: sink, max_wait_ms: 20, onLost });
  expect(await accept(recorder, 'late')).toBe(false);
  await next();
  expect(lost).toEqual(['refused']);
});

it('a listener that throws does not end the writing', async () => {
  const { sink, next, taken } = slow();
  const failing = { write: () => Promise.reject(new Error('ENOSPC')), close: sink.close };
  let broken = true;
  const recorder = createRecorder({
    ...options,
    destination: { write: (text: string) => (broken ? failing : sink).write(text), close: sink.close },
    onDropped: () => {
      throw new Error('the log is gone');
    },
    max_wait_ms: 60_000,
  });
  recorder.record(event);
  await recorder.flush();
  broken = false;
  const allowed = accept(recorder, 'again');
  await next();
  expect(taken).toHaveLength(1);
  expect(await allowed).toBe(true);
});

it('allows of one moment share writes', async () => {
  const { sink, next, taken } = slow();
  const recorder = createRecorder({ ...options, destination: sink, max_wait_ms: 60_000 });
  const all = Promise.all(Array.from({ length: 20 }, (_, at) => accept(recorder, `c${at}`)));
  await next();
  await next();
  expect(await all).not.toContain(false);
  expect(taken).toHaveLength(2);
});
