import { describe, expect, it } from 'vitest';
import { createAlarmLog } from '../../src/record/alarms.ts';

function openLog() {
  const written: object[] = [];
  let time = 1_000_000;
  const alarm = createAlarmLog({ now: () => time, write: (line) => written.push(line) });
  return { written, alarm, pass: (ms: number) => (time += ms) };
}

describe('the alarm log', () => {
  it('tells of the first alarm of each kind at once', () => {
    const { written, alarm } = openLog();
    alarm('floor', 'a');
    alarm('custom', 'b');
    expect(written).toEqual([
      { kind: 'floor', detail: 'a', untold: 0 },
      { kind: 'custom', detail: 'b', untold: 0 },
    ]);
  });

  it('tells every ten seconds of the rest, with how many there were between', () => {
    const { written, alarm, pass } = openLog();
    for (let i = 0; i < 1000; i++) alarm('custom', `alarm ${i}`);
    pass(9_999);
    alarm('custom', 'still quiet');
    pass(1);
    alarm('custom', 'told');
    expect(written).toEqual([
      { kind: 'custom', detail: 'alarm 0', untold: 0 },
      { kind: 'custom', detail: 'told', untold: 1000 },
    ]);
  });

  it('is not silenced by a clock that goes back', () => {
    const { written, alarm, pass } = openLog();
    alarm('floor', 'a');
    pass(-3_600_000);
    alarm('floor', 'b');
    expect(written).toHaveLength(2);
  });
});
