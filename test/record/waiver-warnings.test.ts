/** A waiver that ends soon is told of in the log, once a day at most (contract 1; issue part 5). */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createMetrics } from '../../src/record/metrics.ts';
import { warnOfWaivers } from '../../src/record/waiver-warnings.ts';
import { registryOf, registryText } from '../registry/example.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** When the example is loaded: 2026-11-23T12:00:00Z. */
const START = Date.UTC(2026, 10, 23, 12);

const waiver = (until: string) => ({
  what: 'audience',
  issuer: 'corp',
  client_id: 'client-1',
  audience: 'api://default',
  operations: ['tools/call read_file'],
  owner: 'team-files',
  reason: 'not yet',
  until,
});
const holding = (...ends: readonly string[]) =>
  registryOf(registryText({ server: `tools: { read_file: {} }\nwaivers: ${JSON.stringify(ends.map(waiver))}` }));

beforeEach(() => vi.useFakeTimers({ now: START }));
afterEach(() => vi.useRealTimers());

function watched(registry: ReturnType<typeof holding>) {
  const told: object[] = [];
  const stop = warnOfWaivers({ registry: () => registry, now: () => Date.now(), warn: (fields) => told.push(fields) });
  return { told, stop };
}

test('from 14 days before its end on, and then once a day, until it has ended', () => {
  const { told } = watched(holding('2026-12-09T12:00:00Z'));
  vi.advanceTimersByTime(2 * DAY - HOUR);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(HOUR);
  expect(told).toEqual([
    {
      server: 'files',
      what: 'audience',
      issuer: 'corp',
      client_id: 'client-1',
      owner: 'team-files',
      until: '2026-12-09T12:00:00Z',
      days_left: 14,
    },
  ]);
  vi.advanceTimersByTime(23 * HOUR);
  expect(told).toHaveLength(1);
  vi.advanceTimersByTime(HOUR);
  expect(told).toHaveLength(2);
  vi.advanceTimersByTime(30 * DAY);
  expect(told).toHaveLength(14);
});

test('what the registry’s own warnings say at the start is not said again that day', () => {
  const { told } = watched(holding('2026-12-01T12:00:00Z'));
  vi.advanceTimersByTime(23 * HOUR);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(HOUR);
  expect(told).toHaveLength(1);
});

test('nobody is told any more once it is stopped', () => {
  const { told, stop } = watched(holding('2026-12-01T12:00:00Z'));
  stop();
  vi.advanceTimersByTime(DAY * 2);
  expect(told).toEqual([]);
});

test('metrics tell the seconds that each waiver still holds, below 0 when it has ended', async () => {
  const registry = holding('2026-12-01T12:00:00Z', '2026-11-23T11:00:00Z');
  const waivers = { registry, now: START / 1000 };
  const text = await createMetrics().render({ version: '', revision: '', issuerKeys: {}, waivers });
  const line = (until: string, seconds: number) =>
    `audgate_waiver_seconds_left{server="files",what="audience",owner="team-files",until="${until}",issuer="corp",client_id="client-1"} ${seconds}`;
  expect(text).toContain(line('2026-12-01T12:00:00Z', 8 * 86_400));
  expect(text).toContain(line('2026-11-23T11:00:00Z', -3600));
});
