/** Misuse by the real program: two callers, a receiver of events that is slow, wrong, elsewhere and down, and who is told. */
import { createHash, createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../conformance/gateways/free-port.ts';
import { BILLING, FILES, readFile, registryOf, startIssuer } from './issue.ts';
import { scratch, start, until } from './start.ts';

const caller = (name: string, more: object = {}) => ({
  key_sha256: [createHash('sha256').update(name).digest('hex')],
  servers: '*',
  may: ['decide', 'metrics', 'explain'],
  ...more,
});
const as = (name: string) => ({ 'x-audgate-key': name });

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly event: { readonly type: string; readonly id: string; readonly data: Record<string, unknown> };
}

/** Takes events as it is told: each answer is one of the list, then 202. */
async function startReceiver() {
  const port = await freePort();
  const received: Received[] = [];
  const answers: ((answer: ServerResponse) => void)[] = [];
  const elsewhere: string[] = [];
  let server: Server | null = null;
  const up = async () => {
    const next = createServer((request, answer) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (request.url !== '/events') elsewhere.push(request.url ?? '');
        const how = answers.shift();
        if (how !== undefined) return how(answer);
        const body = Buffer.concat(chunks).toString();
        received.push({ headers: request.headers, body, event: JSON.parse(body) });
        answer.writeHead(202).end();
      });
    });
    await new Promise<void>((resolve) => next.listen(port, '127.0.0.1', resolve));
    server = next;
  };
  const down = async () => {
    const last = server;
    server = null;
    last?.closeAllConnections();
    await new Promise((resolve) => (last === null ? resolve(null) : last.close(resolve)));
  };
  await up();
  onTestFinished(down);
  return { url: `http://127.0.0.1:${port}/events`, received, answers, elsewhere, up, down };
}

it('tells log, metric and receiver, through what goes wrong on the way, and never of ordinary life', async () => {
  const issuer = await startIssuer();
  const receiver = await startReceiver();
  const folder = await scratch();
  const secret = Buffer.alloc(32, 9);
  await writeFile(join(folder, 'secret'), `whsec_${secret.toString('base64')}\n`);
  await writeFile(join(folder, 'token'), 'for-the-receiver\n');
  const service = await start({
    registry: registryOf(issuer, { files: FILES, billing: BILLING }),
    config: {
      callers: {
        east: caller('east', { gateway: 'front' }),
        east2: caller('east2', { gateway: 'front' }),
        west: caller('west'),
      },
      misuse: {
        webhook: {
          url: receiver.url,
          timeout_ms: 1000,
          max_attempts: 10,
          token_file: join(folder, 'token'),
          secret_file: join(folder, 'secret'),
        },
      },
    },
  });
  const decide = (server: string, token: string, by: string) => service.decide(readFile(server, token), as(by));
  const metric = async (name: string) => {
    const text = await (await service.get('/metrics', as('east'))).text();
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')[1],
    );
  };
  const kinds = () => receiver.received.map(({ event }) => event.type.replace('io.audgate.misuse.', ''));
  const stray = (jti: string) => issuer.token(FILES, { claims: { jti, client_id: 'app-1', sub: `user of ${jti}` } });

  // Ordinary life: replicas of one gateway, an expired token, questions that decide nothing.
  const mine = await stray('mine');
  for (const by of ['east', 'east2', 'east']) expect((await decide(FILES, mine, by)).decision).toBe('allow');
  const past = Math.floor(Date.now() / 1000) - 400;
  const old = await issuer.token(FILES, { claims: { iat: past, exp: past + 300 } });
  for (const by of ['east', 'west']) expect((await decide(FILES, old, by)).reasons[0]?.code).toBe('token_expired');
  await service.post('/v1/explain', readFile(BILLING, mine), as('west'));
  await service.post('/v1/allowed', { server: BILLING, token: mine }, as('west'));
  expect(service.stderr()).not.toContain('"misuse"');

  // A stolen token at another server, through another gateway. The receiver breaks first, then is too slow.
  receiver.answers.push(
    (answer) => answer.writeHead(500).end(),
    () => {},
  );
  await decide(BILLING, mine, 'west');
  await decide(BILLING, mine, 'west');
  await until(
    async () => kinds(),
    ({ length }) => length >= 2,
  );
  expect(kinds().toSorted()).toEqual(['several_gateways', 'token_elsewhere']);
  const { headers, body, event } = receiver.received.find(({ event }) => event.type.endsWith('elsewhere')) ?? {
    headers: {},
    body: '',
    event: { type: '', id: '', data: {} },
  };
  expect(event.data).toMatchObject({
    kind: 'token_elsewhere',
    servers: ['files', 'billing'],
    callers: ['east', 'west'],
    issuer: 'corp',
    client_id: 'app-1',
    subject: 'user of mine',
    token_id: 'mine',
    codes: ['audience_mismatch'],
  });
  expect(headers['content-type']).toBe('application/cloudevents+json; charset=utf-8');
  expect(headers.authorization).toBe('Bearer for-the-receiver');
  const mac = createHmac('sha256', secret)
    .update(`${event.id}.${headers['webhook-timestamp']}.${body}`)
    .digest('base64');
  expect([headers['webhook-id'], headers['webhook-signature']]).toEqual([event.id, `v1,${mac}`]);
  expect(await metric('audgate_misuse_total{kind="token_elsewhere"}')).toBe(1);
  expect(await metric('audgate_misuse_repeats_total{kind="token_elsewhere"}')).toBe(1);
  expect(await metric('audgate_misuse_failed_attempts_total')).toBeGreaterThanOrEqual(2);

  // Elsewhere: a redirect is not followed, and that event is given up.
  receiver.answers.push((answer) => answer.writeHead(307, { location: '/elsewhere' }).end());
  await decide(BILLING, await stray('redirected'), 'west');
  await until(
    () => metric('audgate_misuse_deliveries_total{outcome="failed"}'),
    (failed) => failed === 1,
  );
  expect(receiver.elsewhere).toEqual([]);

  // Down, and back just before the end: what waits is handed over.
  await receiver.down();
  const failures = await metric('audgate_misuse_failed_attempts_total');
  await decide(BILLING, await stray('waiting'), 'west');
  await until(
    () => metric('audgate_misuse_failed_attempts_total'),
    (failed) => failed > failures,
  );
  expect((await decide(FILES, mine, 'east')).decision).toBe('allow');
  await receiver.up();
  const ended = await service.stop();
  expect(ended.code).toBe(0);
  expect(kinds()).toHaveLength(3);
  expect(receiver.received.at(-1)?.event.data.token_id).toBe('waiting');
  for (const text of [ended.stderr, ...receiver.received.map((one) => one.body)]) {
    expect(text).not.toContain(mine.split('.')[1]);
    expect(text).not.toContain('for-the-receiver');
  }
  expect(ended.stderr.match(/"kind":"token_elsewhere"/g)).toHaveLength(3);
});
