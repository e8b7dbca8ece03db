/** 10,000 hostile requests leave it answering rightly, in bounded memory, and with documented answers only. */
import { connect } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Decision } from '../../src/decision/decision.ts';
import { type Bytes, type Families, families } from './attack.ts';
import { BILLING, FILES, readFile, registryOf, startIssuer } from './issue.ts';
import { smuggling, unfinished } from './smuggle.ts';
import { each, start } from './start.ts';

const REQUESTS = 10_000;
/** Of these: requests that never end, each until its time limit. */
const UNFINISHED = 32;
/** The same requests every time; another number is another ten thousand. */
const SEED = 20261123;
const CONNECTIONS = 16;
/** Between two checks that it still answers rightly. */
const CHECK_EVERY = 100;
const BODY_BYTES = 65_536;
/** Kilobytes that the process may grow by, after a first tenth has warmed it up. */
const GROWTH = 128 * 1024;
/** Answers of Node's own, before there is a request to answer, and those to methods that OpenAPI has no place for (CONNECT). */
const OUTSIDE = ['400 by Node', '405 by Node', '408 by Node', '417 by Node', '431 by Node', '405 method_not_allowed'];

interface Hostile {
  readonly family: string;
  readonly bytes: Bytes;
}

function sample(all: Families, count: number): Hostile[] {
  const names = Object.entries(all);
  return names.flatMap(([family, arbitrary], at) => {
    const share = Math.floor((count * (at + 1)) / names.length) - Math.floor((count * at) / names.length);
    return fc.sample(arbitrary, { numRuns: share, seed: SEED + at }).map((bytes) => ({ family, bytes }));
  });
}

test('10,000 hostile requests', { timeout: 180_000 }, async () => {
  const issuer = await startIssuer();
  const limits = { body_bytes: BODY_BYTES, headers_timeout_ms: 2000, request_timeout_ms: 2000 };
  const audgate = await start({ registry: registryOf(issuer, { files: FILES, billing: BILLING }), config: { limits } });
  const [right, foreign] = [await issuer.token(FILES), await issuer.token(BILLING)];
  const hostile = [
    ...sample(
      { ...(await families(issuer, right, foreign)), ...smuggling(right, foreign, BODY_BYTES) },
      REQUESTS - UNFINISHED,
    ),
    ...sample(unfinished(right), UNFINISHED),
  ];
  // All families mixed, in an order that is the same every time.
  const order = new Map(hostile.map((one, at) => [one, (at * 7919) % REQUESTS]));
  hostile.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));

  const counts = new Map<string, number>();
  const faults: string[] = [];
  let sent = 0;
  let warm = 0;
  await each(hostile, CONNECTIONS, async ({ family, bytes }) => {
    for (const { answer, allowed, text } of await exchange(audgate.port, bytes)) {
      counts.set(answer, (counts.get(answer) ?? 0) + 1);
      // Whatever surrounds it, and in how many chunks it comes, only the right token opens anything.
      if (allowed && !bytes.replace(/\r\n[0-9a-f]+\r\n/g, '').includes(right))
        faults.push(`${family}: allowed ${bytes}`);
      if (answer === 'closed') faults.push(`${family}: no answer to ${bytes}`);
      if (text.includes('eyJ')) faults.push(`${family}: a token in ${text}`);
    }
    sent += 1;
    if (sent === REQUESTS / 10) warm = await audgate.memory();
    if (sent % CHECK_EVERY !== 0) return;
    const good = await audgate.decide(readFile(FILES, right));
    const bad = await audgate.decide(readFile(FILES, foreign));
    if (good.decision !== 'allow') faults.push(`${family}: the right token got ${JSON.stringify(good)}`);
    if (bad.reasons.map(({ code }) => code).join() !== 'audience_mismatch')
      faults.push(`${family}: the foreign token got ${JSON.stringify(bad)}`);
  });

  const rows = [...counts].sort(([, a], [, b]) => b - a).map(([answer, count]) => ({ answer, count }));
  console.log(`${sent} hostile requests`);
  console.table(rows);
  expect(sent).toBe(REQUESTS);
  expect(faults).toEqual([]);

  const growth = (await audgate.memory()) - warm;
  console.log(`memory: ${warm} kB after the first tenth, then ${growth} kB more`);
  expect(growth).toBeLessThan(GROWTH);

  const { paths } = (await (await audgate.get('/openapi.json')).json()) as {
    paths: Record<string, Record<string, Operation>>;
  };
  const documented = new Set(
    Object.values(paths).flatMap((path) => Object.values(path).flatMap(({ responses }) => Object.keys(responses))),
  );
  const undocumented = rows.filter(({ answer }) => !OUTSIDE.includes(answer) && !documented.has(answer.slice(0, 3)));
  expect(undocumented).toEqual([]);
  expect(rows.filter(({ answer }) => answer.startsWith('5'))).toEqual([]);
  const { code, stderr } = await audgate.stop();
  expect(code).toBe(0);
  expect(stderr).not.toMatch(/"level":"(error|fatal)"/);
});

interface Operation {
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Exchanged {
  /** Status, and the reason or problem. */
  readonly answer: string;
  readonly allowed: boolean;
  readonly text: string;
}

/** Sends the bytes, and reads answers until the service ends the connection. */
function exchange(port: number, bytes: Bytes): Promise<readonly Exchanged[]> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    socket.on('data', (piece: Buffer) => pieces.push(piece));
    // A reset after the answer: the service does not read what it refused.
    socket.on('error', () => {});
    socket.on('close', () => resolve(parse(Buffer.concat(pieces))));
  });
}

function parse(bytes: Buffer): readonly Exchanged[] {
  const answers: Exchanged[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const end = rest.indexOf('\r\n\r\n') + 4;
    if (end < 4) break;
    const head = rest.toString('latin1', 0, end);
    // Node's own answers have no body: none at all, or one of no chunks.
    const length = Number(
      /^content-length: (\d+)$/im.exec(head)?.[1] ?? (/chunked/.test(head) ? '0\r\n\r\n'.length : 0),
    );
    const status = head.slice(9, 12);
    if (status !== '100')
      answers.push(understand(status, head, rest.toString('utf8', end, end + length).replace(/^0\r\n\r\n$/, '')));
    rest = rest.subarray(end + length);
  }
  return answers.length > 0 ? answers : [{ answer: 'closed', allowed: false, text: '' }];
}

interface Body {
  readonly decision?: Decision['decision'] | boolean;
  readonly reasons?: Decision['reasons'];
  readonly type?: string;
}

/** Every door has its own form of answer: a decision, what holds one, AuthZEN's boolean, or a status with constant text. */
function understand(status: string, head: string, text: string): Exchanged {
  if (text === '') return { answer: `${status} by Node`, allowed: false, text };
  if (/^content-type: text\//im.test(head)) return { answer: status, allowed: status === '200', text };
  const parsed = JSON.parse(text) as Body & { would_decide?: Body; result?: Body };
  const body = parsed.would_decide ?? parsed.result ?? parsed;
  const what = body.decision === undefined ? body.type?.replace('urn:audgate:problem:', '') : body.reasons?.[0]?.code;
  const allowed = body.decision === 'allow' || body.decision === true;
  return { answer: [status, body.decision, what].filter(Boolean).join(' '), allowed, text };
}
