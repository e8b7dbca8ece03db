/** Revoked tokens in a real Valkey: what is added counts, what is taken out ends, and what is lost is not forgotten. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { TokenFacts } from '../../src/decision/facts.ts';
import { createMetrics } from '../../src/record/metrics.ts';
import { openRevocations } from '../../src/sources/revocations.ts';
import { openValkey, type Valkey } from '../../src/sources/valkey.ts';
import { type RunningValkey, startValkey } from './valkey.ts';

const KEY = 'audgate:revoked';
const SILENT = { info: () => {}, warn: () => {}, error: () => {} };

let server: RunningValkey;
let valkey: Valkey;
beforeEach(async () => {
  server = await startValkey();
  valkey = await client();
});

async function client(): Promise<Valkey> {
  const parts = {
    config: { url: server.url },
    timeout_ms: 5000,
    readFile: () => Promise.resolve(''),
    onChange: () => {},
  };
  const opened = await openValkey(parts);
  if (opened.kind === 'unfit') throw new Error(opened.problem);
  onTestFinished(() => opened.valkey.close());
  // It may be loading what it has.
  await expect.poll(() => opened.valkey.problem()).toBeNull();
  return opened.valkey;
}

const add = async (...fields: readonly string[]) => {
  const answer = await valkey.run('XADD', [KEY, '*', 'issuer', 'corp', ...fields]);
  if (!answer.ok) throw new Error(answer.problem);
  return String(answer.value);
};

async function open(
  config: { readonly max_entries?: number; readonly max_staleness_seconds?: number } = {},
  ticks = process.hrtime.bigint,
  as: { readonly username?: string; readonly password_file?: string } = {},
) {
  const opened = await openRevocations({
    config: {
      valkey: { url: server.url, key: KEY, timeout_ms: 1000, ...as },
      max_entries: 10_000,
      // A loaded machine is no outage.
      max_staleness_seconds: 3600,
      ...config,
    },
    now: Date.now,
    ticks,
    log: SILENT,
    metrics: createMetrics(),
  });
  if (!opened.ok) throw new Error(opened.problems.join('\n'));
  onTestFinished(() => opened.revocations.close());
  return opened.revocations;
}

const token = (subject: string): TokenFacts => ({
  type: 'at+jwt',
  issuer: 'https://login.example.com',
  audiences: [],
  scopes: [],
  subject,
  token_id: `id of ${subject}`,
  issued_at: 1_000,
  claims: {},
});

describe('a list in Valkey', () => {
  it('holds what was there before, and takes what is added', async () => {
    await add('by', 'sub', 'value', 'a');
    const list = await open();
    const judged = (subject: string) => list.judge(token(subject), 'corp').kind;
    expect([judged('a'), judged('b')]).toEqual(['revoked', 'clear']);
    await add('by', 'jti', 'value', 'id of b', 'note', 'stolen laptop');
    await expect.poll(() => judged('b')).toBe('revoked');
    await add('by', 'issued_before', 'value', '1970-01-01T01:00:00Z', 'sub', 'c');
    await expect.poll(() => judged('c')).toBe('revoked');
    expect(list.judge(token('a'), 'partner').kind).toBe('clear');
    expect(list.status()).toMatchObject({ entries: 3, available: true, sources: [{ last_error: null }] });
  });

  it('is read whole, however long it is', async () => {
    for (let at = 0; at < 2500; at++)
      void valkey.run('XADD', [KEY, '*', 'by', 'sub', 'issuer', 'corp', 'value', `u${at}`]);
    await add('by', 'sub', 'value', 'last');
    const list = await open();
    expect(list.status()).toMatchObject({ entries: 2501 });
    for (const subject of ['u0', 'u999', 'u1000', 'u2499', 'last']) {
      expect(list.judge(token(subject), 'corp').kind).toBe('revoked');
    }
  });

  it('ends what is taken out of it, and keeps the rest', async () => {
    const id = await add('by', 'sub', 'value', 'a');
    await add('by', 'sub', 'value', 'b');
    const list = await open();
    await valkey.run('XDEL', [KEY, id]);
    await expect.poll(() => list.judge(token('a'), 'corp').kind).toBe('clear');
    expect(list.judge(token('b'), 'corp').kind).toBe('revoked');
    await valkey.run('XTRIM', [KEY, 'MAXLEN', 0]);
    await expect.poll(() => list.judge(token('b'), 'corp').kind).toBe('clear');
  });

  it.each([
    ['deleted', (): Promise<unknown> => valkey.run('DEL', [KEY])],
    [
      'deleted and begun again before anybody looked',
      () =>
        valkey.run('EVAL', [
          "redis.call('DEL',KEYS[1]) return redis.call('XADD',KEYS[1],'*','by','sub','issuer','corp','value','new')",
          1,
          KEY,
        ]),
    ],
    ['flushed', () => valkey.run('FLUSHALL', [])],
  ])('revokes what a stream held that was %s, and tells of it', async (_, lose) => {
    await add('by', 'sub', 'value', 'a');
    await add('by', 'sub', 'value', 'b');
    const list = await open();
    await lose();
    await expect.poll(() => list.status()?.sources[0]?.last_error?.problems.join()).toMatch(/^the stream was lost/);
    expect(list.judge(token('a'), 'corp').kind).toBe('revoked');
    await add('by', 'sub', 'value', 'c');
    await expect.poll(() => list.judge(token('c'), 'corp').kind).toBe('revoked');
    expect(list.judge(token('b'), 'corp').kind).toBe('revoked');
  });

  it('allows nobody while it cannot be had, and knows again what was added meanwhile', async () => {
    await add('by', 'sub', 'value', 'a');
    const list = await open({ max_staleness_seconds: 2 });
    await server.stop();
    await expect.poll(() => list.judge(token('b'), 'corp')).toMatchObject({ kind: 'unavailable' });
    expect(list.judge(token('a'), 'corp').kind).toBe('revoked');
    expect(list.status()).toMatchObject({ available: false });
    await server.start();
    valkey = await client();
    await add('by', 'sub', 'value', 'b');
    await expect.poll(() => list.judge(token('b'), 'corp').kind).toBe('revoked');
    await expect.poll(() => list.judge(token('c'), 'corp').kind).toBe('clear');
  });

  it('allows nobody before it was read once', async () => {
    await server.stop();
    const list = await open();
    expect(list.judge(token('a'), 'corp')).toMatchObject({ kind: 'unavailable' });
    await server.start();
    await expect.poll(() => list.judge(token('a'), 'corp').kind).toBe('clear');
  });

  it('tells of entries that are none, and uses the others', async () => {
    const id = await add('by', 'subject', 'value', 'a');
    await add('by', 'sub', 'value', 'b', 'value', 'b');
    await add('by', 'sub', 'value', 'c');
    const list = await open();
    expect(list.judge(token('c'), 'corp').kind).toBe('revoked');
    const [problem, second] = list.status()?.sources[0]?.last_error?.problems ?? [];
    expect(problem).toMatch(new RegExp(`^entry ${id}: /by must be jti, sub, client_id or issued_before`));
    expect(second).toMatch(/a field stands in it twice$/);
  });

  it('allows nobody while it has more entries than may be held, and is read again when it has not', async () => {
    const ids = [await add('by', 'sub', 'value', 'a'), await add('by', 'sub', 'value', 'b')];
    const list = await open({ max_entries: 1 });
    expect(list.judge(token('c'), 'corp')).toMatchObject({
      kind: 'unavailable',
      detail: 'the list in valkey has more entries than revocation.max_entries',
    });
    await valkey.run('XDEL', [KEY, ...ids.slice(1)]);
    await expect.poll(() => list.judge(token('c'), 'corp').kind).toBe('clear');
    expect(list.judge(token('a'), 'corp').kind).toBe('revoked');
  });

  it('is not filled beyond what may be held', async () => {
    const list = await open({ max_entries: 1 });
    expect(await list.add([{ by: 'sub', issuer: 'corp', value: 'a' }])).toBeNull();
    expect(await list.add([{ by: 'sub', issuer: 'corp', value: 'b' }])).toBe(
      'the list in valkey is full (revocation.max_entries)',
    );
    expect(list.judge(token('c'), 'corp').kind).toBe('clear');
  });

  it('is none where the key holds something else', async () => {
    await valkey.run('SET', [KEY, 'x']);
    const list = await open();
    expect(list.judge(token('a'), 'corp').kind).toBe('unavailable');
    expect(list.status()?.sources[0]?.last_error?.problems).toEqual(['answered WRONGTYPE']);
  });

  it('is written to, for all who read it, and is in force at once', async () => {
    const [here, there] = [await open(), await open()];
    expect(await here.add([{ by: 'sub', issuer: 'corp', value: 'a', event: 'sse/1' }])).toBeNull();
    expect(here.judge(token('a'), 'corp').kind).toBe('revoked');
    expect(here.knows('sse/1')).toBe(true);
    await expect.poll(() => there.knows('sse/1')).toBe(true);
    await server.stop();
    expect(await here.add([{ by: 'sub', issuer: 'corp', value: 'b' }])).toMatch(/^the list in valkey /);
  });

  it('is tidied by whoever writes, once an hour: what has long ended is taken out, and nothing else', async () => {
    let hours = 0n;
    const list = await open({ max_entries: 2 }, () => process.hrtime.bigint() + hours * 3_600_000_000_000n);
    const ended = ['until', '2020-01-01T00:00:00Z'];
    for (let at = 0; at < 1200; at++)
      void valkey.run('XADD', [KEY, '*', 'by', 'sub', 'issuer', 'corp', 'value', `u${at}`, ...ended]);
    await add('by', 'subject', 'value', 'broken');
    await list.add([{ by: 'sub', issuer: 'corp', value: 'a' }]);
    expect(await valkey.run('XLEN', [KEY])).toEqual({ ok: true, value: 1202 });
    hours = 1n;
    await list.add([{ by: 'sub', issuer: 'corp', value: 'b' }]);
    expect(await valkey.run('XLEN', [KEY])).toEqual({ ok: true, value: 3 });
    const kinds = ['a', 'b', 'u0'].map((subject) => list.judge(token(subject), 'corp').kind);
    expect(kinds).toEqual(['revoked', 'revoked', 'clear']);
  });

  it('that is lost in the very moment in which it is read anew is not forgotten', async () => {
    let hours = 0n;
    await add('by', 'sub', 'value', 'a');
    const list = await open({}, () => process.hrtime.bigint() + hours * 3_600_000_000_000n);
    await valkey.run('FLUSHALL', []);
    hours = 1n;
    await expect.poll(() => list.status()?.sources[0]?.last_error?.problems.join()).toMatch(/^the stream was lost/);
    expect(list.judge(token('a'), 'corp').kind).toBe('revoked');
  });

  it('needs a user that may do what the page says, and no more', async () => {
    const rights = ['+xrange', '+xinfo', '+exists', '+info', '+xadd', '+xdel'];
    const made = await valkey.run('ACL', ['SETUSER', 'audgate', 'on', '>secret', `~${KEY}`, ...rights]);
    expect(made).toEqual({ ok: true, value: 'OK' });
    const password_file = join(server.folder, 'password');
    await writeFile(password_file, 'secret\n');
    const as = { username: 'audgate', password_file };
    let hours = 0n;
    const list = await open({}, () => process.hrtime.bigint() + hours * 3_600_000_000_000n, as);
    expect(await list.add([{ by: 'sub', issuer: 'corp', value: 'a' }])).toBeNull();
    hours = 1n;
    expect(await list.add([{ by: 'sub', issuer: 'corp', value: 'b', until: '2020-01-01T00:00:00Z' }])).toBeNull();
    expect(list.judge(token('a'), 'corp').kind).toBe('revoked');
    expect(list.status()?.sources[0]?.last_error).toBeNull();
    expect(await valkey.run('XLEN', [KEY])).toEqual({ ok: true, value: 1 });
  });
});
