/** The thread that `try-apart.ts` starts, and ends if it does not end: runs modules that nobody has run yet, one at a time. */
import { parentPort } from 'node:worker_threads';
import { yieldToDecisions } from '../registry/thread.ts';
import { openEngine } from './engine.ts';
import type { Trial } from './try-apart.ts';

yieldToDecisions();
parentPort?.on('message', async ({ wasm, inputs }: Trial) => {
  const opened = await openEngine(wasm);
  // What is wrong with it, and what it answers, is judged where it will run. Here counts only that it comes to an end.
  if (opened.ok) {
    for (const entrypoint of opened.engine.entrypoints)
      for (const input of inputs) opened.engine.evaluate(entrypoint, input);
  }
  parentPort?.postMessage('done');
});
parentPort?.postMessage('ready');
