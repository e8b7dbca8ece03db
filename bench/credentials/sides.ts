/** Contenders in turn, and what each of them takes. */
import { median } from '../measure.ts';

export interface Contender {
  readonly name: string;
  /** One after the other. @returns what came of it, to be checked */
  readonly run: () => Promise<void>;
  /** How often something is done in one run. */
  readonly times: number;
}

/** Microseconds of this process's CPU for each, all its threads together; the median of the rounds. */
export async function sideBySide(
  contenders: readonly Contender[],
  rounds: number,
): Promise<ReadonlyMap<string, number>> {
  const taken = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  // Two rounds to warm up, for everyone alike.
  for (let round = -2; round < rounds; round++)
    for (const { name, run, times } of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const before = process.cpuUsage();
      await run();
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) taken.get(name)?.push((user + system) / times);
    }
  return new Map(Array.from(taken, ([name, all]) => [name, median(all)]));
}
