import type { Add } from '../options.ts';
import { addBuild } from './build.ts';
import { addCheck } from './check.ts';
import { addInspect } from './inspect.ts';
import { addTest } from './test.ts';

export const addPolicy: Add = (program, host, finish) => {
  const group = program
    .command('policy')
    .description('Check, test and build custom rules. Needs OPA, or Go to build it.');
  for (const add of [addCheck, addTest, addBuild, addInspect]) add(group, host, finish);
};
