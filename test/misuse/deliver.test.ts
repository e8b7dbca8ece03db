/** Events on their way: in order, again after what may pass, not for ever, and never more than may wait. */
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtemp, readFile as readText, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { misuse, type WebhookConfig } from '../../src/config/misuse.ts';
import type { MisuseEvent } from '../../src/decision/misuse.ts';
import { createDelivery, type DeliveryParts } from '../../src/misuse/deliver.ts';
import { type Attempt, createPost, readSecrets } from '../../src/misuse/webhook.ts';
import type { DeliveryOutcome } from '../../src/record/misuse-metrics.ts';

const event = (id: string): MisuseEvent => ({
  kind: 'token_elsewhere',
  id,
  time: '2026-11-23T12:00:00.000Z',
  message: 'One token came to two servers.',
  servers: ['files', 'billing'],
  callers: ['edge'],
  codes: ['audience_mismatch'],
  decision_ids: ['d1', 'd2'],
  untold: 0,
  references: ['ASI03'],
});
const DOWN: Attempt = { ok: false, detail: 'the receiver cannot be reached', again: true };
const GONE: Attempt = { ok: false, detail: 'the receiver answered 410', again: false };

/** A delivery whose attempts end as they are told, and whose waits are only noted. */
function delivering(answers: readonly Attempt[], over: Partial<DeliveryParts> = {}) {
  const [posted, waits, outcomes]: [string[], number[], DeliveryOutcome[]] = [[], [], []];
  const left = [...answers];
  const delivery = createDelivery({
    async post({ id }) {
      posted.push(id);
      return left.shift() ?? { ok: true };
    },
    max_queue: 100,
    max_attempts: 3,
    random: () => 0.5,
    async wait(ms) {
      waits.push(ms);
    },
    onOutcome: (outcome) => outcomes.push(outcome),
    onFailure: () => {},
    ...over,
  });
  const settled = async (count: number) => {
    while (outcomes.length < count) await new Promise(setImmediate);
  };
  return { ...delivery, posted, waits, outcomes, settled };
}

describe('delivery', () => {
  it('tries again after what may pass, each time later, in order, and gives up after so many attempts', async () => {
    const one = delivering([DOWN, DOWN, { ok: true }, DOWN, DOWN, DOWN]);
    for (const id of ['a', 'b', 'c']) one.offer(event(id));
    await one.settled(3);
    expect(one.posted).toEqual(['a', 'a', 'a', 'b', 'b', 'b', 'c']);
    expect(one.waits).toEqual([375, 750, 375, 750]);
    expect(one.outcomes).toEqual(['delivered', 'failed', 'delivered']);
  });

  it('waits as long as the receiver asks for, within reason, and does not repeat what is refused for good', async () => {
    const one = delivering([{ ...DOWN, after_ms: 7000 }, { ...DOWN, after_ms: 9e6 }, { ok: true }, GONE]);
    for (const id of ['a', 'b']) one.offer(event(id));
    await one.settled(2);
    expect([one.waits, one.posted.length, one.outcomes]).toEqual([[7000, 30_000], 4, ['delivered', 'failed']]);
  });

  it('drops and counts what finds the queue full', async () => {
    const one = delivering([], { max_queue: 2 });
    for (const id of ['a', 'b', 'c', 'd']) one.offer(event(id));
    await one.settled(4);
    expect(one.outcomes).toEqual(['dropped', 'dropped', 'delivered', 'delivered']);
  });

  it('tries what waits once more at the end, and tells how many were lost', async () => {
    let up = false;
    const one = delivering([], {
      max_attempts: 10,
      post: async () => (up ? { ok: true } : DOWN),
      // The first wait lasts until somebody ends it.
      wait: (_, stop) => new Promise((resolve) => stop.addEventListener('abort', () => resolve(), { once: true })),
    });
    for (const id of ['a', 'b']) one.offer(event(id));
    await new Promise(setImmediate);
    up = true;
    expect(await one.stop(1000)).toBe(0);
    expect(one.outcomes).toEqual(['delivered', 'delivered']);
    one.offer(event('late'));
    expect(one.outcomes.at(-1)).toBe('dropped');
  });

  it('ends in time whatever the receiver does', async () => {
    const stopped: boolean[] = [];
    const one = delivering([], {
      post: (_, stop) =>
        new Promise((resolve) =>
          stop.addEventListener('abort', () => {
            stopped.push(true);
            resolve(DOWN);
          }),
        ),
    });
    for (const id of ['a', 'b']) one.offer(event(id));
    expect(await one.stop(50)).toBe(2);
    expect([stopped, one.outcomes]).toEqual([[true], ['dropped', 'dropped']]);
  });
});

describe('one attempt', () => {
  const SECRET = Buffer.alloc(32, 5);
  const FILES: Readonly<Record<string, string>> = {
    '/token': 'receiver-token\n',
    '/secret': `whsec_${SECRET.toString('base64')}\n`,
    '/odd': 'two words',
  };
  const readFile = async (path: string) => {
    const text = FILES[path];
    if (text === undefined) throw new Error('ENOENT');
    return text;
  };
  const config = (over: object = {}): WebhookConfig => {
    const { webhook } = misuse.parse({ webhook: { url: 'https://siem.example/events', ...over } });
    if (webhook === undefined) throw new Error('no webhook');
    return webhook;
  };
  const attempt = async (answer: () => Response, over: object = {}) => {
    const sent: { url: string; init: RequestInit }[] = [];
    const fetch: typeof globalThis.fetch = async (url, init = {}) => {
      sent.push({ url: String(url), init });
      return answer();
    };
    const post = createPost({ config: config(over), fetch, readFile, now: () => 1_795_435_200_000 });
    const outcome = await post(event('e1'), new AbortController().signal);
    return { outcome, sent };
  };

  it('is a CloudEvent in structured mode, signed, with the token of its receiver', async () => {
    const { outcome, sent } = await attempt(() => new Response('', { status: 202 }), {
      source: 'urn:example:edge',
      token_file: '/token',
      secret_file: '/secret',
    });
    expect(outcome).toEqual({ ok: true });
    const { url, init } = sent[0] ?? { url: '', init: {} };
    const headers = new Headers(init.headers);
    const body = String(init.body);
    expect([url, init.method, init.redirect]).toEqual(['https://siem.example/events', 'POST', 'manual']);
    expect(headers.get('content-type')).toBe('application/cloudevents+json; charset=utf-8');
    expect(headers.get('authorization')).toBe('Bearer receiver-token');
    const mac = createHmac('sha256', SECRET).update(`e1.1795435200.${body}`).digest('base64');
    expect(headers.get('webhook-signature')).toBe(`v1,${mac}`);
    const { id, time, ...data } = event('e1');
    expect(JSON.parse(body)).toEqual({
      specversion: '1.0',
      type: 'io.audgate.misuse.token_elsewhere',
      source: 'urn:example:edge',
      subject: 'servers/billing',
      datacontenttype: 'application/json',
      id,
      time,
      data,
    });
  });

  it('is verified by the command of docs/misuse.md', async () => {
    const { sent } = await attempt(() => new Response(), { secret_file: '/secret' });
    const init: RequestInit = sent[0]?.init ?? {};
    const headers = new Headers(init.headers);
    const page = await readText(new URL('../../docs/misuse.md', import.meta.url), 'utf8');
    const command = page.split('\n').find((line) => line.startsWith("printf '%s.%s.%s'")) ?? 'false';
    const folder = await mkdtemp(join(tmpdir(), 'audgate-webhook-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'webhook.secret'), FILES['/secret'] ?? '');
    const env = {
      PATH: process.env.PATH,
      ID: headers.get('webhook-id') ?? '',
      TIMESTAMP: headers.get('webhook-timestamp') ?? '',
      BODY: String(init.body),
    };
    const { stdout } = await promisify(execFile)('bash', ['-e', '-o', 'pipefail', '-c', command], { cwd: folder, env });
    expect(headers.get('webhook-signature')).toBe(`v1,${stdout.trim()}`);
  });

  it.each([
    [500, true],
    [503, true],
    [429, true],
    [404, true],
    [401, true],
    [400, false],
    [410, false],
    [302, false],
    [307, false],
  ])('%i: tried again is %s', async (status, again) => {
    const headers = { location: 'https://elsewhere.example/', 'retry-after': '3' };
    const { outcome, sent } = await attempt(() => new Response(null, { status, headers }));
    expect(outcome).toMatchObject({ ok: false, again });
    expect(sent).toHaveLength(1);
    expect(JSON.stringify(outcome)).not.toMatch(/siem|elsewhere/);
  });

  it('sends nothing while its secrets cannot be read, and names the member, never what it found', async () => {
    const { outcome, sent } = await attempt(() => new Response(), { token_file: '/odd', secret_file: '/missing' });
    expect(sent).toEqual([]);
    expect(outcome).toEqual({
      ok: false,
      again: true,
      detail:
        'misuse.webhook.token_file must hold one bearer token of up to 4096 visible characters, and nothing else; misuse.webhook.secret_file cannot be read: let this user read it',
    });
    const short = await readSecrets({ secret_file: '/s' }, async () => 'whsec_c2hvcnQ=');
    expect(short).toMatchObject({ ok: false, problems: [expect.stringContaining('24 to 64 bytes')] });
  });
});
