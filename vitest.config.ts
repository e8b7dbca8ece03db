import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import type { Reporter, TestModule } from 'vitest/node';
import { LongestFirst } from './test/longest-first.ts';
import { standards } from './test/standards-reporter.ts';

/** Closes a run with its totals alone on a line, which any CI can read. */
const totals: Reporter = {
  onTestRunEnd(modules: readonly TestModule[]) {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) for (const test of module.children.allTests()) counts[test.result().state] += 1;
    const failed = counts.failed + modules.filter((module) => module.errors().length > 0).length;
    const skipped = counts.skipped + counts.pending;
    console.log(`${counts.passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  },
};

export default defineConfig({
  plugins: [standards('docs/standards.md')],
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', totals],
    // Real servers, real OPA and fresh clones: slow on two cores under load, and no limit of theirs is a measurement.
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // One second by default, which a loaded machine takes for nothing at all.
    expect: { poll: { timeout: 50_000 } },
    pool: 'forks',
    // Most files wait for programs that they start. Vitest's own choice is one less than there are cores: one alone on two.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    sequence: { sequencer: LongestFirst },
    // Halves the start of each worker and of each program that inherits it; it changes nothing else.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/audgate-tests') },
  },
});
