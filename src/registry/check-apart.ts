/**
 * Reads and lints large files on a thread of their own, so that decisions go on meanwhile: the parser takes a file in one
 * step, some seconds for 10,000 servers. What comes back are plain values, in pieces, each taken in a turn of its own.
 */
import { setImmediate } from 'node:timers/promises';
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Checked, CheckOptions } from './assemble.ts';
import type { Entry } from './lint/draft.ts';
import { originOf, type Span } from './locate.ts';
import { below, type Origin, type Place, problemAt } from './place.ts';
import type { Problem } from './registry.ts';
import type { WrittenExchange, WrittenIssuer, WrittenServer } from './schema.ts';
import { type Threads, threadsFor } from './thread.ts';

export interface Text {
  readonly file: string;
  readonly text: string;
}

/** What the thread is sent. */
export interface Errand {
  readonly texts: readonly Text[];
  readonly options: CheckOptions;
  readonly before: readonly Problem[];
  readonly port: MessagePort;
}

export interface Piecemeal {
  readonly key: string;
  /** Checked by the schema on the other side. */
  readonly value: unknown;
  readonly file: string;
  readonly span: Span;
}

/** What it answers with, in this order; `sound` or `refused` comes last. */
export type Piece =
  | { readonly kind: 'file'; readonly file: string; readonly lines: Uint32Array }
  | { readonly kind: 'records'; readonly records: 'issuers' | 'servers'; readonly entries: readonly Piecemeal[] }
  | {
      readonly kind: 'exchanges';
      readonly file: string;
      /** Those of the file, in its order. Checked by the schema on the other side. */
      readonly values: readonly unknown[];
    }
  | { readonly kind: 'sound'; readonly digest: string; readonly warnings: readonly Problem[] }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** Milliseconds that a thread waits for another registry: who works on one saves it every few seconds. */
const KEEP_MS = 30_000;
/** Characters of text up to which its thread is kept; beyond, what is left of them there takes too much room. */
const MAX_KEPT = 1024 * 1024;

/** For a registry that is read again and again. */
export function checkThreads(keep_ms = KEEP_MS): Threads {
  return threadsFor(import.meta.url, 'check-thread', keep_ms);
}

/**
 * The same as `check` on this thread. Never throws for what stands in the files: a thread that dies, of the memory that a
 * file takes most of all, is a problem like any other.
 * @returns null where no thread may be started (Node's permission model without `--allow-worker`)
 */
export async function checkApart(
  texts: readonly Text[],
  options: CheckOptions,
  before: readonly Problem[],
  threads = checkThreads(0),
): Promise<Checked | null> {
  const { port1, port2: port } = new MessageChannel();
  const errand: Errand = { texts, options, before, port };
  try {
    const keep = sizeOf(texts) <= MAX_KEPT;
    const ran = await threads.run(errand, { transfer: [port], keep });
    if (ran.kind === 'denied') return null;
    if (ran.kind === 'done') return await take(port1, texts);
    const why = ran.kind === 'died' ? ran.why : 'it took too long';
    return { ok: false, problems: [...before, died(texts, why)] };
  } finally {
    port1.close();
  }
}

/** In characters. */
export const sizeOf = (texts: readonly Text[]) => texts.reduce((sum, { text }) => sum + text.length, 0);

async function take(port: MessagePort, texts: readonly Text[]): Promise<Checked> {
  const origins = new Map<string, { readonly origin: Origin; readonly spans: Map<string, Span> }>();
  const found = {
    issuers: [] as Entry<WrittenIssuer>[],
    servers: [] as Entry<WrittenServer>[],
    exchanges: [] as Entry<WrittenExchange>[],
  };
  for (;;) {
    const received = receiveMessageOnPort(port);
    if (received === undefined) throw new Error('the thread that reads the registry said too little');
    const piece = received.message as Piece;
    if (piece.kind === 'refused') return { ok: false, problems: piece.problems };
    if (piece.kind === 'sound') {
      const { digest, warnings } = piece;
      return { ok: true, ...found, digest, warnings };
    }
    if (piece.kind === 'file') {
      const { file, lines } = piece;
      const spans = new Map<string, Span>();
      const text = texts.find((one) => one.file === file)?.text ?? '';
      origins.set(file, { origin: originOf(file, text, { lines: Array.from(lines), spans }), spans });
    } else if (piece.kind === 'exchanges') {
      const origin = origins.get(piece.file)?.origin;
      if (origin === undefined)
        throw new Error('the thread that reads the registry named a file that it was not given');
      for (const [index, value] of piece.values.entries()) {
        const place = below({ origin, path: [] }, 'exchanges', index);
        // What the schema of these very records made there.
        found.exchanges.push({ key: String(index), place, value } as Entry<WrittenExchange>);
      }
    } else {
      for (const { key, value, file, span } of piece.entries) {
        const known = origins.get(file);
        if (known === undefined)
          throw new Error('the thread that reads the registry named a file that it was not given');
        const place = below({ origin: known.origin, path: [] }, piece.records, key);
        known.spans.set(`/${piece.records}/${key}`, span);
        // What the schema of these very records made there.
        found[piece.records].push({ key, place, value } as Entry<WrittenIssuer> & Entry<WrittenServer>);
      }
    }
    await setImmediate();
  }
}

function died([first]: readonly Text[], reason: string): Problem {
  const place: Place = { origin: { file: first?.file ?? '', locate: () => ({ line: 1, column: 1 }) }, path: [] };
  return problemAt(place, {
    value: null,
    message: `The thread that reads the registry ended before it was done: ${reason}.`,
    remedy: 'Split the registry into several files, or give the process more memory.',
  });
}
