/**
 * Lines that wait for a sink, in two shares that are bounded each by itself: those that an answer waits for, and all others.
 * Answers go first, so that whoever causes many denials neither fills the room of allows nor keeps their records waiting.
 */
import type { Sink } from './sinks/sink.ts';

export type Share = 'awaited' | 'others';

export interface Waiting {
  readonly text: string;
  readonly bytes: number;
  /** Told once, with why not when it was not written. */
  readonly settled: (whyNot: string | null) => void;
}

export interface Queue {
  add(share: Share, waiting: Waiting): void;
  /** Takes back what is not being written yet; then it is never settled. @returns whether it was */
  withdraw(share: Share, waiting: Waiting): boolean;
  /** Bytes that wait in this share, or are being written. */
  bytes(share: Share): number;
  /** Resolves when all that was added by now is settled. */
  drained(): Promise<void>;
}

/** Bytes of one write: what an allow waits for at most of others' records. Linux pipes hold as many. */
const MAX_WRITE = 64 * 1024;
const ORDER: readonly Share[] = ['awaited', 'others'];

export function createQueue(sink: Sink): Queue {
  const waiting: Record<Share, Waiting[]> = { awaited: [], others: [] };
  const bytes: Record<Share, number> = { awaited: 0, others: 0 };
  let pumping: Promise<void> | null = null;

  /** At least one, else nothing would ever be written. */
  function take(): { readonly share: Share; readonly one: Waiting }[] {
    const taken: { readonly share: Share; readonly one: Waiting }[] = [];
    let size = 0;
    for (const share of ORDER) {
      const list = waiting[share];
      let count = 0;
      for (const one of list) {
        if (size > 0 && size + one.bytes > MAX_WRITE) break;
        size += one.bytes;
        count++;
        taken.push({ share, one });
      }
      list.splice(0, count);
    }
    return taken;
  }

  async function pump(): Promise<void> {
    for (let taken = take(); taken.length > 0; taken = take()) {
      const whyNot = await sink.write(taken.map(({ one }) => one.text).join('')).then(() => null, messageOf);
      for (const { share, one } of taken) {
        bytes[share] -= one.bytes;
        one.settled(whyNot);
      }
    }
    pumping = null;
  }

  return {
    add(share, one) {
      waiting[share].push(one);
      bytes[share] += one.bytes;
      pumping ??= pump();
    },
    withdraw(share, one) {
      const at = waiting[share].indexOf(one);
      if (at === -1) return false;
      waiting[share].splice(at, 1);
      bytes[share] -= one.bytes;
      return true;
    },
    bytes: (share) => bytes[share],
    drained: () => pumping ?? Promise.resolve(),
  };
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : 'unknown failure');
