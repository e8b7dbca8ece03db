import type { Add } from '../options.ts';
import { addCheck } from './check.ts';
import { addShow } from './show.ts';

export const addRegistry: Add = (program, host, finish) => {
  const group = program.command('registry').description('Check a registry, and show what is in force.');
  for (const add of [addCheck, addShow]) add(group, host, finish);
};
