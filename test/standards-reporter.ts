/**
 * Fails a run in which something of `docs/standards.md` was not shown. A plugin, because reporters that are named on the command
 * line take the place of those of the configuration.
 */
import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Plugin } from 'vitest/config';
import type { TestModule, VitestPluginContext } from 'vitest/node';
import { contradictions, type Ran } from './standards.ts';

/** @param page its path from the root of the tests */
export function standards(page: string): Plugin {
  return {
    name: 'standards',
    configureVitest({ vitest }: VitestPluginContext) {
      const { root } = vitest.config;
      const onTestRunEnd = (modules: readonly TestModule[]) => {
        const there = new Set(globSync('test/**/*.test.ts', { cwd: root }));
        const wrong = contradictions(
          readFileSync(join(root, page), 'utf8'),
          modules.map((module) => ranIn(module, root)),
          (file) => there.has(file),
          vitest.config.testNamePattern === undefined,
        );
        if (wrong.length === 0) return;
        // As Vitest's own reporters do.
        process.exitCode = 1;
        console.error(`\n${wrong.join('\n')}\n`);
      };
      vitest.config.reporters.push({ onTestRunEnd });
    },
  };
}

function ranIn(module: TestModule, root: string): Ran {
  const tests = Array.from(module.children.allTests(), (test) => {
    return { name: test.fullName, passed: test.result().state === 'passed' };
  });
  return { file: relative(root, module.moduleId), tests };
}
