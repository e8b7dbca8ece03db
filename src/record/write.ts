import { Writable } from 'node:stream';
import { type DecisionEvent, type EntryOptions, writeEntry } from './entry.ts';
import { type IssuanceEvent, writeIssuanceEntry } from './issuance-entry.ts';
import { createQueue, type Waiting } from './queue.ts';
import type { Sink } from './sinks/sink.ts';
import { createStreamSink } from './sinks/stream.ts';

/** What is recorded: a decision about a call, or about an issuance. */
export type RecordedEvent = DecisionEvent | IssuanceEvent;

export interface Recorder {
  /** Takes one decision. Never throws and never waits. */
  record(event: RecordedEvent): void;
  /**
   * Takes an allow, and tells whether its record was handed to the operating system: if not, it must not be answered.
   * Never rejects. Absent: no answer waits for its record.
   */
  readonly accept?: (event: RecordedEvent) => Promise<boolean>;
  /** Hands everything buffered to the destination and waits until it took it. Never rejects. */
  flush(): Promise<void>;
  /** Records that were lost so far, because the destination was broken or too slow. */
  dropped(): number;
}

export interface RecorderParts extends EntryOptions {
  /** Gets one JSON line a record. Of a stream, the recorder handles the errors. */
  readonly destination: Writable | Sink;
  /** Told when records begin to be lost or allows to be refused, and when they are written again; says how many were lost. */
  readonly onDropped: (message: string, dropped: number) => void;
  /** For metrics: `refused` are allows that `accept` did not take. */
  readonly onLost?: (outcome: 'dropped' | 'refused', records: number) => void;
  /** `deny`: allows wait for their records. Default: `drop`. */
  readonly on_failure?: 'deny' | 'drop';
  /** Bytes of allows, and of all others, that may wait for a slow destination. */
  readonly max_waiting_bytes?: number;
  /** Milliseconds that an allow waits at most for its record. */
  readonly max_wait_ms?: number;
}

/** Records joined into one write: writes cost far more than bytes, and some 40 records fill a Linux pipe. */
const BATCH_RECORDS = 32;
/** Milliseconds that a record waits at most for others to join it. Also what a killed process loses. */
const BATCH_MS = 10;
/** 8 MiB: some seconds of records at 1,000 decisions a second. A bound, so that a stuck reader never eats the memory. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** A reader that takes longer stands still; gateways wait some seconds for an answer. */
const MAX_WAIT_MS = 1000;

/**
 * Lines are joined and handed to the destination in batches. Chosen by measurement (200,000 records of 1.4 kB into a pipe):
 * joined lines 1.7 µs a record, lost none; pino's destination (sonic-boom) 3 to 4 µs and pino itself 5 to 6 µs a record,
 * and both lost nearly half, because they hand the kernel 16 KiB at a time by way of the thread pool.
 * NOT guaranteed: that a record outlives the machine; `accept` waits for the operating system, not for its disk.
 */
export function createRecorder(parts: RecorderParts): Recorder {
  const { destination } = parts;
  const onDropped = unfailing(parts.onDropped);
  const onLost = unfailing(parts.onLost ?? (() => {}));
  const sink = destination instanceof Writable ? createStreamSink(destination) : destination;
  const queue = createQueue(sink);
  const maxWaiting = parts.max_waiting_bytes ?? MAX_WAITING_BYTES;
  const maxWait = parts.max_wait_ms ?? MAX_WAIT_MS;
  let batch: RecordedEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  let dropped = 0;
  let losing = false;
  /** An allow waited in vain, and the destination has not answered since: the next one need not try. */
  let stuck = false;

  function lose(outcome: 'dropped' | 'refused', records: number, message: string): void {
    if (outcome === 'dropped') dropped += records;
    onLost(outcome, records);
    if (!losing) onDropped(message, dropped);
    losing = true;
  }

  function written(): void {
    // Half of the bound before it counts as mended, so that a reader just too slow is not told of at every batch.
    if (!losing || queue.bytes('others') > maxWaiting / 2) return;
    losing = false;
    onDropped('decision records are written again', dropped);
  }

  function writeBatch(): void {
    clearTimeout(timer);
    timer = undefined;
    const events = batch;
    batch = [];
    const lines = events.map(lineOf).filter((line) => line !== null);
    const records = lines.length;
    if (records === 0) return;
    if (queue.bytes('others') > (losing ? maxWaiting / 2 : maxWaiting)) {
      lose('dropped', records, 'decision records are being dropped: whoever takes them is too slow');
      return;
    }
    const text = lines.join('');
    queue.add('others', {
      text,
      bytes: Buffer.byteLength(text),
      settled: (whyNot) => {
        stuck = false;
        if (whyNot === null) written();
        else lose('dropped', records, `decision records cannot be written (${whyNot})`);
      },
    });
  }

  /** Made only when it is written, off the decision's path, and one after the other while their code is warm. */
  function lineOf(event: RecordedEvent): string | null {
    try {
      return `${JSON.stringify(isIssuance(event) ? writeIssuanceEntry(event, parts) : writeEntry(event, parts))}\n`;
    } catch (error) {
      // A bug of ours must not turn a decision that was made into a failure; it is counted and told instead.
      lose('dropped', 1, `a decision record could not be made (${error instanceof Error ? error.message : 'unknown'})`);
      return null;
    }
  }

  function accept(event: RecordedEvent): Promise<boolean> {
    const refuse = (why: string) => {
      lose('refused', 1, `allows are refused, because decision records cannot be written (${why})`);
      return false;
    };
    const text = lineOf(event);
    if (text === null) return Promise.resolve(refuse('a record could not be made'));
    if (stuck || queue.bytes('awaited') > maxWaiting) return Promise.resolve(refuse('whoever takes them is too slow'));
    return new Promise((resolve) => {
      let answered = false;
      const waiting: Waiting = {
        text,
        bytes: Buffer.byteLength(text),
        settled: (whyNot) => {
          stuck = false;
          clearTimeout(late);
          if (whyNot === null) written();
          if (!answered) resolve(whyNot === null || refuse(whyNot));
          answered = true;
        },
      };
      const late = setTimeout(() => {
        stuck = true;
        answered = true;
        queue.withdraw('awaited', waiting);
        resolve(refuse('whoever takes them is too slow'));
      }, maxWait);
      queue.add('awaited', waiting);
    });
  }

  return {
    record(event) {
      batch.push(event);
      if (batch.length >= BATCH_RECORDS) writeBatch();
      else timer ??= setTimeout(writeBatch, BATCH_MS);
    },
    ...(parts.on_failure === 'deny' && { accept }),
    flush() {
      writeBatch();
      return queue.drained();
    },
    dropped: () => dropped,
  };
}

const isIssuance = (event: RecordedEvent): event is IssuanceEvent => event.path === 'audgate/issuance';

/** Whoever is told, as a log that fails, must neither end the writing nor keep an answer. */
function unfailing<T extends readonly unknown[]>(told: (...what: T) => void): (...what: T) => void {
  return (...what) => {
    try {
      told(...what);
    } catch {
      // The record counts, not that somebody heard of it.
    }
  };
}
