/** `record.on_failure: deny`: what cannot be recorded is not allowed. */
import { Writable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { writeChallenge } from '../../src/decision/challenge.ts';
import type { Entry } from '../../src/record/entry.ts';
import { createRecorder } from '../../src/record/write.ts';
import { FILES } from '../property/world.ts';
import { EVERYONE, openDesk, READ_FILE } from './desk.ts';

function breakable() {
  const state = { broken: false };
  const lines: Entry[] = [];
  const sink = {
    write(text: string) {
      if (state.broken) return Promise.reject(new Error('ENOSPC'));
      lines.push(
        ...text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      );
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  return { state, lines, sink };
}

const options = { labels: {}, arguments: false, onDropped: () => {} };

describe('an allow', () => {
  it('whose record cannot be written is indeterminate, and allowed again once records are written', async () => {
    const { state, lines, sink } = breakable();
    const onLost = vi.fn();
    const recorder = createRecorder({ ...options, destination: sink, on_failure: 'deny', onLost });
    const desk = await openDesk({ recorder });
    const ask = async () => desk.decide({ token: await desk.token() });

    expect((await ask()).decision).toBe('allow');
    expect(lines).toHaveLength(1);

    state.broken = true;
    const refused = await ask();
    expect(refused.decision).toBe('indeterminate');
    expect(refused.reasons.map(({ code }) => code)).toEqual(['log_unavailable']);
    expect(onLost).toHaveBeenCalledWith('refused', 1);

    state.broken = false;
    const allowed = await ask();
    expect(allowed.decision).toBe('allow');
    expect(lines.at(-1)?.decision_id).toBe(allowed.decision_id);
    await recorder.flush();
    // The refusal itself was recorded as soon as records could be written again.
    expect(lines.find(({ decision_id }) => decision_id === refused.decision_id)?.result.decision).toBe('indeterminate');
  });

  it('is answered as ever where records are dropped', async () => {
    const { state, sink } = breakable();
    state.broken = true;
    const desk = await openDesk({ recorder: createRecorder({ ...options, destination: sink }) });
    expect((await desk.decide({ token: await desk.token() })).decision).toBe('allow');
  });

  it('and a list of what a token opens are refused alike; an explanation is not', async () => {
    const { state, sink } = breakable();
    state.broken = true;
    const desk = await openDesk({ recorder: createRecorder({ ...options, destination: sink, on_failure: 'deny' }) });
    const token = await desk.token();
    const listed = await desk.service.allowed({ server: FILES, token }, EVERYONE);
    expect([listed.decision, listed.tools]).toEqual(['indeterminate', []]);
    expect((await desk.explain({ token, source: READ_FILE })).would_decide.decision).toBe('allow');
  });
});

it('a denial is answered at once, whatever becomes of its record', async () => {
  const never = new Writable({ write: () => {} });
  const desk = await openDesk({ recorder: createRecorder({ ...options, destination: never, on_failure: 'deny' }) });
  for (let at = 0; at < 100; at++) expect((await desk.decide({ token: null })).decision).toBe('deny');
});

it('log_unavailable has no challenge: it is no refusal', () => {
  expect(() => writeChallenge([{ code: 'log_unavailable', message: '' }], null)).toThrow();
});
