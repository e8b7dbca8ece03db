/**
 * The load generator, a process of its own so that its work is not charged to the server. Reads `{url, path, bodies,
 * connections, seconds, rate}` as JSON on standard input; writes what came back.
 */
import autocannon from 'autocannon';

export interface Load {
  readonly url: string;
  readonly path: string;
  readonly bodies: readonly string[];
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second over all connections; null: as many as are answered. */
  readonly rate: number | null;
  /** What each answer must hold: a benchmark of wrong answers measures nothing. */
  readonly answer: string;
}

export interface Loaded {
  readonly answered: number;
  readonly wrong: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
}

const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
const { url, path, bodies, connections, seconds, rate, answer } = JSON.parse(Buffer.concat(chunks).toString()) as Load;

const request = (body: string) => ({
  method: 'POST' as const,
  path,
  headers: { 'content-type': 'application/json' },
  body,
});
let clients = 0;
let wrong = 0;
const result = await autocannon({
  url,
  connections,
  duration: seconds,
  ...(rate !== null && { overallRate: rate }),
  requests: [request(bodies[0] ?? '')],
  setupClient: (client) => {
    // Each connection has its own share of the bodies, so that distinct tokens are asked once a round.
    const own = clients++ % connections;
    client.setRequests(bodies.filter((_, index) => index % connections === own).map(request));
    client.on('body', (body: Buffer) => {
      if (!body.includes(answer)) wrong++;
    });
  },
});
const loaded: Loaded = {
  answered: result.requests.total,
  wrong: wrong + result.errors + result.non2xx,
  p50_ms: result.latency.p50,
  p99_ms: result.latency.p99,
};
process.stdout.write(JSON.stringify(loaded));
