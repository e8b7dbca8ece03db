/**
 * The load generator, a process of its own on a core of its own. Reads a `Load` as JSON on standard input; writes a
 * `Loaded`. Own code, because what a server's CPU is charged depends on it (measured: the same audgate costs 5 × an echo
 * under a generator that sends in bursts and sleeps between them, since each answer to a sleeper pays for waking it up):
 * this one sends evenly, one request at a time, and never sleeps.
 */
import { connect, type Socket } from 'node:net';

export interface Load {
  readonly url: string;
  readonly path: string;
  readonly bodies: readonly string[];
  /** Credentials of the bodies' requests, one each; without, none is sent. */
  readonly authorization?: readonly string[];
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second over all connections, evenly spaced; null: as many as are answered. */
  readonly rate: number | null;
  /** What each answer must hold: a benchmark of wrong answers measures nothing. */
  readonly answer: string;
}

export interface Loaded {
  readonly answered: number;
  readonly wrong: number;
  /** Requests that were due while no connection was free: the server fell behind the offered rate. */
  readonly late: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
}

const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
const load = JSON.parse(Buffer.concat(chunks).toString()) as Load;
const { url, path, bodies, authorization, connections, seconds, rate, answer } = load;
const { hostname, port, host } = new URL(url);
const requests = bodies.map((body, index) => {
  const credential = authorization?.[index] === undefined ? '' : `authorization: ${authorization[index]}\r\n`;
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: ${host}\r\n${credential}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
});

const latencies: number[] = [];
const free: Socket[] = [];
let next = 0;
let answered = 0;
let wrong = 0;
let late = 0;
let ended = false;

/** One request on a connection that has none under way. */
function send(socket: Socket): void {
  sentAt.set(socket, performance.now());
  socket.write(requests[next++ % requests.length] ?? '');
}

const sentAt = new Map<Socket, number>();

function take(socket: Socket, text: string): void {
  answered++;
  latencies.push(performance.now() - (sentAt.get(socket) ?? 0));
  if (!text.startsWith('HTTP/1.1 200 ') || !text.includes(answer)) wrong++;
  if (rate === null && !ended) send(socket);
  else free.push(socket);
}

/** Whether the text is a whole answer: by its content-length, or by the last chunk. */
function isWhole(text: string): boolean {
  const head = text.indexOf('\r\n\r\n');
  if (head === -1) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head))?.[1];
  return length === undefined ? text.endsWith('\r\n0\r\n\r\n') : text.length >= head + 4 + Number(length);
}

for (let index = 0; index < connections; index++) {
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    if (!isWhole(text)) return;
    const whole = text;
    text = '';
    take(socket, whole);
  });
  free.push(socket);
}

const start = performance.now();
if (rate === null) for (const socket of free.splice(0)) send(socket);
let due = 0;
await new Promise<void>((resolve) => {
  const turn = () => {
    const elapsed = (performance.now() - start) / 1000;
    if (elapsed >= seconds) return resolve();
    for (; rate !== null && due < elapsed * rate; due++) {
      const socket = free.shift();
      if (socket === undefined) late++;
      else send(socket);
    }
    setImmediate(turn);
  };
  turn();
});
ended = true;
// What is under way is answered still; a server that hangs is cut off.
const deadline = performance.now() + 2000;
while (free.length < connections && performance.now() < deadline) await new Promise((resume) => setImmediate(resume));
latencies.sort((a, b) => a - b);
const quantile = (share: number) => Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(3));
const loaded: Loaded = {
  answered,
  wrong: wrong + connections - free.length,
  late,
  p50_ms: quantile(0.5),
  p99_ms: quantile(0.99),
};
process.stdout.write(JSON.stringify(loaded), () => process.exit(0));
