/** The thread that `judge-apart.ts` starts: judges by rules that decide nothing, one question after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ApartSources, Question, Said } from './judge-apart.ts';
import { loadPolicy } from './load.ts';

const say = (said: Said) => parentPort?.postMessage(said);
const loaded = await loadPolicy({ ...(workerData as ApartSources), onAlarm: (alarm) => say({ alarm }) });
// The same bytes were loaded before by whoever started this; what was refused there never comes here.
if (!loaded.ok) throw new Error('the rules cannot be loaded');
const { policy } = loaded;

parentPort?.on('message', ({ id, input, facts }: Question) => {
  say({ id, judgement: facts === undefined ? policy.judgeUnverified(input) : policy.judge(input, facts) });
});
parentPort?.postMessage('ready');
