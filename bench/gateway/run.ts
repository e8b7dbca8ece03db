/**
 * Latency that a decision adds to a call through Envoy, at half load: with none, with audgate over HTTP and gRPC, and with
 * OPA's server in its place, side by side in one run. Fresh processes, order alternated between rounds, records on.
 *
 * `npm run bench:gateway` takes some minutes; `-- --quick` about one, for a first impression.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOpa, opaCache } from '../../src/policy/find.ts';
import type { Loaded } from '../load.ts';
import { generate } from '../measure.ts';
import { type Row, report } from './report.ts';
import { CONTENDERS, type Contender, openWorld } from './world.ts';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 1 : 5;
const SECONDS = quick ? 4 : 10;
/** Seconds of full load before each measurement: compilers and caches are warm then, for everyone alike. */
const WARM_UP = quick ? 2 : 4;
/** Seconds for finding what each can carry at most. */
const SATURATION = quick ? 3 : 5;
const CONNECTIONS = 32;

const found = await findOpa({
  env: process.env,
  cache: opaCache(process.env),
  platform: process.platform,
  note: console.error,
});
if (!found.ok) throw new Error(found.message);
const folder = await mkdtemp(join(tmpdir(), 'audgate-bench-'));
try {
  const world = await openWorld(folder, found.opa.path);

  /** @param rate requests a second; null: as many as are answered */
  const measure = async (contender: Contender, rate: number | null, seconds: number): Promise<Loaded> => {
    const started = await world.start(contender);
    try {
      const load = { ...world.load, url: started.url, connections: CONNECTIONS };
      await generate({ ...load, rate: null, seconds: WARM_UP });
      const loaded = await generate({ ...load, rate, seconds });
      if (loaded.wrong > 0) throw new Error(`${contender}: ${loaded.wrong} of ${loaded.answered} answers were wrong`);
      return loaded;
    } finally {
      await started.stop();
    }
  };

  const capacity = new Map<Contender, number>();
  for (const contender of CONTENDERS) {
    const { answered } = await measure(contender, null, SATURATION);
    capacity.set(contender, answered / SATURATION);
    console.error(`${contender}: ${Math.round(answered / SATURATION)} a second at most`);
  }
  const rate = Math.floor(Math.min(...capacity.values()) / 2);

  const rows: Row[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const contender of round % 2 === 0 ? CONTENDERS : CONTENDERS.toReversed()) {
      const loaded = await measure(contender, rate, SECONDS);
      rows.push({ ...loaded, round, contender });
      console.error(
        `round ${round}, ${contender}: p50 ${loaded.p50_ms} ms, p99 ${loaded.p99_ms} ms, ${loaded.late} late`,
      );
    }
  }
  const text = report(rows, { capacity, rate, rounds: ROUNDS, seconds: SECONDS });
  await mkdir('report', { recursive: true });
  await writeFile('report/bench-gateway.md', text);
  console.log(text);
} finally {
  await rm(folder, { recursive: true, force: true });
}
