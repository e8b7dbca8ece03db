/**
 * What credentials cost, in process and side by side in one run: a token that is verified for the first time beside a bare
 * verification by jose, floods of invalid tokens and proofs beside valid ones, and the memory of tokens that are remembered.
 *
 * `npm run bench:credentials` takes some minutes; with `-- --quick` about one, for a first impression.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { measureCold } from './credentials/cold.ts';
import { measureFlood } from './credentials/flood.ts';
import { measureMemory } from './credentials/memory.ts';
import { report } from './credentials/report.ts';

const quick = process.argv.includes('--quick');
const sizes = quick
  ? { tokens: 500, rounds: 5, remembered: 10_000 }
  : { tokens: 2000, rounds: 15, remembered: 100_000 };

// First, while nothing else is there to be collected.
const memory = await measureMemory(sizes);
const cold = await measureCold(sizes);
const flood = await measureFlood(sizes);
const text = report({ cold, flood, memory });
await mkdir('report', { recursive: true });
await writeFile('report/credentials.md', text);
process.stdout.write(text);
