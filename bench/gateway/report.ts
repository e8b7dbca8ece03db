/** The report: what each adds to the latency without any decision, in the same round, and the ratios of that. */
import type { Loaded } from '../load.ts';
import { median } from '../measure.ts';
import { CONTENDERS, type Contender } from './world.ts';

export interface Row extends Loaded {
  readonly round: number;
  readonly contender: Contender;
}

interface Run {
  /** Requests a second that each answers at most. */
  readonly capacity: ReadonlyMap<Contender, number>;
  /** Requests a second in the measurement: half of the lowest capacity. */
  readonly rate: number;
  readonly rounds: number;
  readonly seconds: number;
}

type Quantile = 'p50_ms' | 'p99_ms';

export function report(rows: readonly Row[], { capacity, rate, rounds, seconds }: Run): string {
  const latency = (contender: Contender, quantile: Quantile) =>
    median(rows.filter((row) => row.contender === contender).map((row) => row[quantile]));
  /** Median over rounds of the difference to the same round without any decision. */
  const added = (contender: Contender, quantile: Quantile) =>
    median(
      rows
        .filter((row) => row.contender === contender)
        .map((row) => row[quantile] - (rows.find(without(row.round))?.[quantile] ?? Number.NaN)),
    );
  const ratio = (contender: Contender, quantile: Quantile) => added('OPA', quantile) / added(contender, quantile);
  const cells = (contender: Contender) => [
    contender,
    Math.round(capacity.get(contender) ?? 0),
    latency(contender, 'p50_ms').toFixed(2),
    latency(contender, 'p99_ms').toFixed(2),
    ...(contender === 'none'
      ? ['', '', '', '']
      : [
          added(contender, 'p50_ms').toFixed(2),
          added(contender, 'p99_ms').toFixed(2),
          ratio(contender, 'p50_ms').toFixed(2),
          ratio(contender, 'p99_ms').toFixed(2),
        ]),
    rows.filter((row) => row.contender === contender).reduce((sum, { late }) => sum + late, 0),
  ];
  return [
    '# Latency through Envoy',
    '',
    `Envoy, what it asks and the server behind on one core, load generator on another; ${rounds} rounds of ${seconds} s,`,
    `medians; ${rate} calls a second, half of the lowest capacity; tools/call with recurring ES256 tokens, allowed; records on.`,
    'Late: calls that were due while none of the connections was free.',
    '',
    '| decided by | at most /s | p50 ms | p99 ms | added p50 ms | added p99 ms | OPA adds p50 × | OPA adds p99 × | late |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...CONTENDERS.map((contender) => `| ${cells(contender).join(' | ')} |`),
    '',
  ].join('\n');
}

const without = (round: number) => (row: Row) => row.contender === 'none' && row.round === round;
