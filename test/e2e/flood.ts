/** Many questions over few connections, pipelined (RFC 9112 §9.3.2): the client must not be what a test waits for. */
import { connect } from 'node:net';

/** Connections, and questions under way on each. */
const CONNECTIONS = 4;
const WINDOW = 32;

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * Posts every question to /v1/decide and hands its answer over; answers of one connection come in the order asked.
 * Rejects when a connection ends before all of its answers came.
 */
export async function flood<T>(
  port: number,
  items: Iterable<T>,
  question: (item: T) => object,
  take: (item: T, answer: Answer) => void,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const head = `POST /v1/decide HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: `;
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      const asked: T[] = [];
      let answered = 0;
      let rest: Buffer = Buffer.alloc(0);
      const fill = () => {
        const texts: string[] = [];
        while (asked.length - answered < WINDOW) {
          const next = queue.next();
          if (next.done) break;
          const body = JSON.stringify(question(next.value));
          texts.push(`${head}${Buffer.byteLength(body)}\r\n\r\n${body}`);
          asked.push(next.value);
        }
        if (texts.length > 0) socket.write(texts.join(''));
        else if (answered === asked.length) socket.end();
      };
      socket.on('connect', fill);
      socket.on('data', (piece: Buffer) => {
        rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
        for (let answer = read(rest); answer !== null; answer = read(rest)) {
          rest = rest.subarray(answer.bytes);
          take(asked[answered] as T, answer);
          answered += 1;
        }
        if (asked.length - answered <= WINDOW / 2) fill();
      });
      socket.on('error', reject);
      socket.on('close', () =>
        answered === asked.length
          ? resolve()
          : reject(new Error(`${asked.length - answered} questions went unanswered`)),
      );
    });
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
}

/** The first answer, or null while it is incomplete. */
function read(bytes: Buffer): (Answer & { readonly bytes: number }) | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const head = bytes.toString('latin1', 0, end);
  const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1]);
  const total = end + 4 + length;
  if (bytes.length < total) return null;
  return { status: Number(head.slice(9, 12)), body: bytes.toString('utf8', end + 4, total), bytes: total };
}
