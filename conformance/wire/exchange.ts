/** Sends the requests of one case on one connection and reads what comes back, within a deadline. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Answer, isTold, readAnswers } from './read.ts';
import type { Written } from './write.ts';

/** What came in answer to one request. */
export type Outcome =
  | ({ readonly kind: 'answered' } & Answer)
  /** The connection ended before an answer to this request did. */
  | { readonly kind: 'closed' }
  /** Neither came before the deadline. */
  | { readonly kind: 'silent' }
  /** Nobody listens there. */
  | { readonly kind: 'unreachable' }
  /** What came is no HTTP. */
  | { readonly kind: 'unreadable'; readonly why: string };

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

export interface Step {
  readonly written: Written;
  /** Sent together with the one before it. */
  readonly pipelined: boolean;
}

/** Milliseconds that a client which asked to be told waits before it sends its body all the same (RFC 9110 §10.1.1). */
const TOLD_MS = 500;

/** @param deadline_ms for the whole exchange */
export async function exchange(
  address: Address,
  steps: readonly Step[],
  deadline_ms: number,
): Promise<readonly Outcome[]> {
  const connection = await open(address, deadline_ms);
  if (connection === null) return steps.map(() => ({ kind: 'unreachable' }));
  const methods = steps.map(({ written }) => written.method);
  let answers: readonly Answer[] = [];
  let unreadable: string | null = null;
  const look = () => {
    try {
      answers = readAnswers(connection.received(), methods, connection.ended());
    } catch (error) {
      unreadable = error instanceof Error ? error.message : String(error);
    }
    return answers.length;
  };
  for (const [at, { written }] of steps.entries()) {
    await send(connection, written);
    const next = steps[at + 1];
    if (next?.pipelined === true) continue;
    await connection.until(() => look() > at || unreadable !== null);
    if (unreadable !== null || connection.over()) break;
  }
  look();
  const [ended, late] = [connection.ended(), connection.over()];
  connection.destroy();
  return steps.map((_, at): Outcome => {
    const answer = answers[at];
    if (answer !== undefined) return { kind: 'answered', ...answer };
    if (unreadable !== null) return { kind: 'unreadable', why: unreadable };
    return { kind: ended || !late ? 'closed' : 'silent' };
  });
}

async function send(connection: Connection, { head, body, length, waits }: Written): Promise<void> {
  const bytes = Buffer.concat([head, body]).subarray(0, length);
  if (waits) {
    connection.write(bytes.subarray(0, head.length));
    await connection.until(() => connection.received().length > 0, TOLD_MS);
    // A final answer came instead: the body is not wanted.
    if (connection.received().length > 0 && !isTold(connection.received())) return;
    connection.write(bytes.subarray(head.length));
  } else connection.write(bytes);
  if (length < head.length + body.length) connection.end();
}

interface Connection {
  received(): Buffer;
  /** The peer has ended it. */
  ended(): boolean;
  /** It ended, or the deadline has passed. */
  over(): boolean;
  write(bytes: Buffer): void;
  end(): void;
  destroy(): void;
  /** Settled once this holds, the connection is over, or so many milliseconds have passed. */
  until(holds: () => boolean, most_ms?: number): Promise<void>;
}

async function open({ host, port, tls }: Address, deadline_ms: number): Promise<Connection | null> {
  const socket: Socket = tls ? connectTls({ host, port, servername: host }) : connect({ host, port });
  const pieces: Buffer[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const look of [...waiting]) look();
  };
  const state = { ended: false, late: false };
  socket.on('data', (piece: Buffer) => {
    pieces.push(piece);
    wake();
  });
  // A reset after an answer is no failure: what counts is what was read.
  socket.on('error', () => {});
  for (const event of ['end', 'close'])
    socket.on(event, () => {
      state.ended = true;
      wake();
    });
  const timer = setTimeout(() => {
    state.late = true;
    wake();
  }, deadline_ms);
  const until = (holds: () => boolean, most_ms?: number) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!holds() && !state.ended && !state.late) return;
        waiting.delete(look);
        clearTimeout(limit);
        resolve();
      };
      const limit =
        most_ms === undefined
          ? undefined
          : setTimeout(() => {
              waiting.delete(look);
              resolve();
            }, most_ms);
      waiting.add(look);
      look();
    });
  let connected = false;
  socket.once(tls ? 'secureConnect' : 'connect', () => {
    connected = true;
    wake();
  });
  await until(() => connected);
  if (!connected) {
    clearTimeout(timer);
    socket.destroy();
    return null;
  }
  return {
    received: () => Buffer.concat(pieces),
    ended: () => state.ended,
    over: () => state.ended || state.late,
    write: (bytes) => socket.write(bytes),
    end: () => socket.end(),
    destroy() {
      clearTimeout(timer);
      socket.destroy();
    },
    until,
  };
}
