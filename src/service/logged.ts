import type { ReloadProblem } from '../decide/decider.ts';

/** As many as a reader of the log mends at once; all of them are in `audgate registry check`. */
const MAX_LOGGED = 50;

export function logged(problems: readonly ReloadProblem[]) {
  return { problems: problems.slice(0, MAX_LOGGED), more: Math.max(problems.length - MAX_LOGGED, 0) };
}
