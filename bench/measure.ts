/** One measurement: a load for some seconds, and the CPU that the server used meanwhile. */
import type { Load, Loaded } from './load.ts';
import { LOAD_CORE, pinned, type Server } from './server.ts';

export interface Measured extends Loaded {
  /** Answers a second. */
  readonly throughput: number;
  /** Microseconds of the server's CPU an answer, all its threads together. */
  readonly cpu_us: number;
}

/** Seconds of full load before the measurement: compilers and caches are warm then, for everyone alike. */
const WARM_UP = 3;

export async function measure(
  server: Server,
  load: Omit<Load, 'url' | 'rate'>,
  rate: number | null,
): Promise<Measured> {
  await generate({ ...load, url: server.url, rate: null, seconds: WARM_UP });
  const before = await server.cpu();
  const loaded = await generate({ ...load, url: server.url, rate });
  const used = (await server.cpu()) - before;
  if (loaded.wrong > 0) throw new Error(`${loaded.wrong} of ${loaded.answered} answers were wrong`);
  return { ...loaded, throughput: loaded.answered / load.seconds, cpu_us: used / loaded.answered };
}

/** Runs the load generator, on its own core, to its end. */
export async function generate(load: Load): Promise<Loaded> {
  const child = pinned(LOAD_CORE, [process.execPath, 'bench/load.ts'], ['pipe', 'pipe', 'inherit']);
  child.stdin?.end(JSON.stringify(load));
  let text = '';
  for await (const chunk of child.stdout ?? []) text += String(chunk);
  return JSON.parse(text) as Loaded;
}

/** The middle value: one disturbed round does not move it. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
