/** When to ask the server for a bundle, as OPA's downloader does: at random between two delays, or held by the server. */
import type { RemoteBundle } from '../config/bundle.ts';
import type { SourceEvent } from '../service.ts';
import type { RemoteSource } from './remote.ts';

export interface PollParts {
  readonly source: RemoteSource;
  readonly polling: RemoteBundle['polling'];
  /** From 0 to below 1, evenly: many services that start together must not ask together. */
  readonly random: () => number;
  /** Awaited. */
  readonly changed: () => Promise<void>;
  readonly onEvent: (event: SourceEvent) => void;
}

/** Least time between two requests, held ones included: a server that answers long polls at once must not be flooded. */
const LEAST_MS = 1000;

/** The start has asked already, so that the first request is one delay ahead, or held. @returns what ends it */
export function poll({ source, polling, random, changed, onEvent }: PollParts): () => void {
  const { min_delay_seconds: least, max_delay_seconds: most, long_polling_timeout_seconds: hold } = polling;
  const stop = new AbortController();
  let wasStale = false;
  const tellStale = () => {
    const stale = source.isStale();
    if (stale !== wasStale) onEvent({ kind: stale ? 'bundle_stale' : 'bundle_fresh' });
    wasStale = stale;
  };

  async function run(): Promise<void> {
    let failures = 0;
    while (!stop.signal.aborted) {
      tellStale();
      const held = hold !== undefined && failures === 0 && source.answersLongPolls();
      const ceiling = failures === 0 ? most : Math.min(most, least * 2 ** failures);
      await pause(held ? LEAST_MS : (least + random() * (ceiling - least)) * 1000, stop.signal);
      if (stop.signal.aborted) return;
      const checked = await source.check(stop.signal, hold);
      if (stop.signal.aborted) return;
      failures = checked.ok ? 0 : Math.min(failures + 1, 16);
      if (!checked.ok) onEvent({ kind: 'bundle_checked', outcome: 'failed', problem: checked.problem });
      else onEvent({ kind: 'bundle_checked', outcome: checked.changed ? 'changed' : 'unchanged' });
      if (checked.ok && checked.changed) await changed();
    }
  }
  void run();
  return () => stop.abort();
}

function pause(milliseconds: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      stop.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    timer.unref();
    stop.addEventListener('abort', end, { once: true });
    if (stop.aborted) end();
  });
}
