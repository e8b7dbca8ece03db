/** The figures as a page. */
import type { Cold } from './cold.ts';
import type { Flood } from './flood.ts';
import type { Memory } from './memory.ts';

/** Where the aims are said: cold verification of at most so many times jose's (docs/performance.md). */
const COLD_AIM = 1.3;

const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
const us = (value: number) => value.toFixed(1);
const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);

export function report(taken: {
  readonly cold: readonly Cold[];
  readonly flood: readonly Flood[];
  readonly memory: Memory;
}): string {
  const cold = taken.cold.map(({ algorithm, jose_us, audgate_us }) => {
    const ratio = audgate_us / jose_us;
    return [algorithm, us(jose_us), us(audgate_us), ratio.toFixed(2), ratio <= COLD_AIM ? 'yes' : 'no'];
  });
  const flood = taken.flood.map(({ name, us: each, ratio }) => [name, us(each), ratio.toFixed(2)]);
  const { tokens, length, bytes, more } = taken.memory;
  return `# Credentials

CPU in microseconds, all threads of the process together; medians of rounds side by side in one run.

## A token that is seen for the first time, beside a bare verification by jose

${table(['algorithm', 'jose', 'audgate', 'audgate / jose', `at most ${COLD_AIM}`], cold)}

## A whole decision about what is not valid, beside one about what is

${table(['what', 'a decision', 'invalid / valid'], flood)}

## Verified tokens that are remembered

${tokens} tokens of ${length} characters take ${mib(bytes)} MiB, ${Math.round(bytes / tokens)} bytes each. As many others after them add ${mib(more)} MiB.
`;
}
