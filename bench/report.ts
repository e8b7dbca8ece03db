/** The report: medians over rounds, and the ratios that the aims are stated in. */
import type { Scenario } from './fixture.ts';
import { type Measured, median } from './measure.ts';
import type { Scale } from './scale.ts';

export interface Row extends Scenario, Measured {
  readonly round: number;
  readonly contender: 'audgate' | 'echo' | 'opa';
  readonly mode: 'rate' | 'saturation';
}

interface Run {
  readonly rate: number;
  readonly rounds: number;
  readonly seconds: number;
}

/** Aims, as data: ratios of CPU a decision at the equal rate, and of decision time by size of the registry. */
const AIMS = { hot_to_echo: 2, hot_opa_to: 4, cold_opa_to: 1.5, large_to_small: 1.1 };

export function report(rows: readonly Row[], scale: readonly Scale[], { rate, rounds, seconds }: Run): string {
  const lines = [
    '# Benchmark',
    '',
    `Server on one core, load generator on another; ${rounds} rounds of ${seconds} s, medians; equal rate ${rate}/s; records on.`,
    '',
    '| scenario | mode | audgate µs | echo µs | OPA µs | audgate / echo | OPA / audgate | audgate /s | echo /s | OPA /s | audgate p99 ms |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
  ];
  const verdicts: string[] = [];
  const scenarios = new Map(rows.map((row) => [nameOf(row), row]));
  for (const name of scenarios.keys())
    for (const mode of ['rate', 'saturation'] as const) {
      const of = (contender: Row['contender'], value: (row: Row) => number) =>
        median(
          rows.filter((row) => nameOf(row) === name && row.mode === mode && row.contender === contender).map(value),
        );
      const cpu = (contender: Row['contender']) => of(contender, (row) => row.cpu_us);
      const speed = (contender: Row['contender']) => Math.round(of(contender, (row) => row.throughput));
      const [toEcho, opaTo] = [cpu('audgate') / cpu('echo'), cpu('opa') / cpu('audgate')];
      lines.push(
        `| ${name} | ${mode} | ${cpu('audgate').toFixed(1)} | ${cpu('echo').toFixed(1)} | ${cpu('opa').toFixed(1)} | ${toEcho.toFixed(2)} | ${opaTo.toFixed(2)} | ${speed('audgate')} | ${speed('echo')} | ${speed('opa')} | ${of('audgate', (row) => row.p99_ms)} |`,
      );
      if (mode === 'rate') verdicts.push(...verdictsOf(name, toEcho, opaTo));
    }
  return [
    ...lines,
    '',
    '## Aims at the equal rate',
    '',
    ...verdicts,
    '',
    '## Size of the registry',
    '',
    ...scaleLines(scale),
    '',
  ].join('\n');
}

function verdictsOf(name: string, toEcho: number, opaTo: number): readonly string[] {
  const say = (ok: boolean, what: string) => `- ${ok ? 'reached' : 'MISSED'}: ${name}: ${what}`;
  if (name.includes('hot'))
    return [
      say(toEcho <= AIMS.hot_to_echo, `${toEcho.toFixed(2)} × echo (at most ${AIMS.hot_to_echo})`),
      say(opaTo >= AIMS.hot_opa_to, `${opaTo.toFixed(2)} × cheaper than OPA (at least ${AIMS.hot_opa_to})`),
    ];
  return [say(opaTo >= AIMS.cold_opa_to, `${opaTo.toFixed(2)} × cheaper than OPA (at least ${AIMS.cold_opa_to})`)];
}

function scaleLines(scale: readonly Scale[]): readonly string[] {
  const [small, large] = scale;
  if (small === undefined || large === undefined) return [];
  const ratio = large.decision_us / small.decision_us;
  return [
    ...scale.map(
      ({ servers, decision_us }) => `- ${servers} servers: ${decision_us.toFixed(1)} µs a decision, in process`,
    ),
    `- ${ratio <= AIMS.large_to_small ? 'reached' : 'MISSED'}: ratio ${ratio.toFixed(2)} (at most ${AIMS.large_to_small})`,
  ];
}

const nameOf = ({ algorithm, warmth, outcome }: Scenario) => `${algorithm} ${warmth} ${outcome}`;
