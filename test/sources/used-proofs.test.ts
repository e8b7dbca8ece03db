/** Used proofs in a real Valkey, and whatever may befall one: no proof is ever taken for fresh twice. */
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../conformance/gateways/free-port.ts';
import type { UseAnswer } from '../../src/facts/proof/proofs.ts';
import type { UseEntry } from '../../src/facts/proof/store.ts';
import { openUsedProofs } from '../../src/sources/used-proofs.ts';
import { openValkey } from '../../src/sources/valkey.ts';
import { until } from '../e2e/start.ts';
import { type RunningValkey, startValkey } from './valkey.ts';

const MARK = 'audgate:proofs';

interface Settings {
  readonly timeout_ms?: number;
  /** Milliseconds that this replica's clock is ahead. */
  readonly skew?: () => number;
  readonly user?: { readonly username: string; readonly password_file: string };
}

async function tryToOpen(url: string, { timeout_ms = 5000, skew = () => 0, user }: Settings = {}) {
  const told: string[] = [];
  const waits: number[] = [];
  const tell = (fields: object, message: string) => void told.push(`${message} ${JSON.stringify(fields)}`);
  const opened = await openUsedProofs({
    config: { url, key: MARK, ...user },
    timeout_ms,
    now: () => Date.now() + skew(),
    wait: (milliseconds) => {
      waits.push(milliseconds);
      return Promise.resolve();
    },
    readFile: (path) => readFile(path, 'utf8'),
    log: { info: tell, warn: tell, error: tell },
  });
  if (opened.ok) onTestFinished(opened.close);
  return { opened, told, waits };
}

async function open(url: string, settings?: Settings) {
  const { opened, told, waits } = await tryToOpen(url, settings);
  if (!opened.ok) throw new Error(opened.problem);
  const { store } = opened;
  const use = async (key: string, entry: Partial<UseEntry> = {}, mark = true) => {
    return store.use(key, { ...proofOf(0), ...entry }, mark);
  };
  let keys = 0;
  const probe = () => {
    keys += 1;
    return use(`probe-${keys}`, proofOf(4));
  };
  /** Until something else than `unavailable` is answered, for a key of its own. */
  const available = () => until(probe, ({ kind }) => kind !== 'unavailable');
  return { store, use, told, waits, available };
}

/** Another connection, as its operator has one. */
async function operator({ url }: Pick<RunningValkey, 'url'>) {
  const opened = await openValkey({
    config: { url },
    timeout_ms: 10_000,
    readFile: () => Promise.reject(new Error('no file')),
    onChange: () => {},
  });
  if (opened.kind !== 'open') throw new Error(opened.problem);
  onTestFinished(() => opened.valkey.close());
  return async (...words: readonly (string | number)[]) => {
    const [command = '', ...rest] = words;
    const answer = await opened.valkey.run(String(command), rest);
    if (!answer.ok) throw new Error(`${command}: ${answer.problem}`);
    return answer.value;
  };
}

/** @param seconds by which it is ahead */
function proofOf(seconds: number): UseEntry {
  const issued_at = Math.floor(Date.now() / 1000) + seconds;
  return { issued_at, until: issued_at + 66 };
}

/** A store that has known all uses of the last minutes: as if its mark were older than it is. */
async function openLong(server: RunningValkey, settings?: Settings) {
  const opened = await open(server.url, settings);
  const command = await operator(server);
  const found = (await command('XREVRANGE', MARK, '+', '-')) as [[string, [string, string, string, string]]];
  const [[, fields]] = found;
  await command('DEL', MARK);
  await command('XADD', MARK, `${Date.now() - 600_000}-0`, ...fields);
  return { ...opened, command };
}

const kinds = (answers: readonly UseAnswer[]) => answers.map(({ kind }) => kind).sort();
const FRESH = { kind: 'fresh' };
const REPLAYED = { kind: 'replayed' };
const unavailable = (detail: RegExp) => ({ kind: 'unavailable', detail: expect.stringMatching(detail) });

describe('a use', () => {
  it('is fresh once, at whichever replica', async () => {
    const server = await startValkey();
    const one = await openLong(server);
    const other = await open(server.url);
    expect(await one.use('a')).toEqual(FRESH);
    expect(await other.use('a')).toEqual(REPLAYED);
    expect(await one.use('a')).toEqual(REPLAYED);
    expect(await other.use('b')).toEqual(FRESH);
    const many = await Promise.all(Array.from({ length: 100 }, (_, at) => (at % 2 ? one : other).use('c')));
    expect(kinds(many)).toEqual(['fresh', ...Array(99).fill('replayed')]);
  });

  it('that is only asked about changes nothing', async () => {
    const { use } = await openLong(await startValkey());
    expect(await use('a', {}, false)).toEqual(FRESH);
    expect(await use('a')).toEqual(FRESH);
    expect(await use('a', {}, false)).toEqual(REPLAYED);
  });

  it('ends with the proof, and its key says nothing of it', async () => {
    const { use, command } = await openLong(await startValkey());
    await use('digest');
    expect(await command('KEYS', '*')).toEqual(expect.arrayContaining(['audgate:proofs', 'audgate:proofs:digest']));
    const left = Number(await command('PTTL', 'audgate:proofs:digest'));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(66_000);
  });

  it('is no second one where it is the same request of the same caller, for five seconds', async () => {
    const { use, command } = await openLong(await startValkey());
    const again = { kind: 'fresh', again: true };
    expect(await use('a', { retry: 'request' })).toEqual(FRESH);
    expect(await use('a', { retry: 'request' })).toEqual(again);
    expect(await use('a', { retry: 'another' })).toEqual(REPLAYED);
    expect(await use('a', { retry: 'request' })).toEqual(again);
    expect(await use('a')).toEqual(REPLAYED);
    // Nobody's name is no name.
    expect(await use('b')).toEqual(FRESH);
    expect(await use('b', { retry: '' })).toEqual(REPLAYED);
    // As if five seconds had gone: its rest is what tells its age.
    const left = Number(await command('PTTL', 'audgate:proofs:a'));
    await command('PEXPIRE', 'audgate:proofs:a', left - 5000);
    expect(await use('a', { retry: 'request' })).toEqual(REPLAYED);
  });
});

describe('a proof of a client whose clock is ahead', () => {
  it('is marked at once, and answered when its time has come, so that no loss of the store is older than it', async () => {
    const { use, waits } = await openLong(await startValkey());
    const before = Date.now();
    const proof = proofOf(5);
    expect(await use('a', proof, false)).toEqual(FRESH);
    expect(waits).toEqual([]);
    const first = use('a', proof);
    expect(await use('a', proof)).toEqual(REPLAYED);
    expect(await first).toEqual(FRESH);
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeLessThanOrEqual(proof.issued_at * 1000 - before + 1000);
    expect(await use('b', proofOf(-1))).toEqual(FRESH);
    expect(waits).toHaveLength(1);
  });

  it('does not wait for an hour, where the clock was set back meanwhile', async () => {
    const { use, waits } = await openLong(await startValkey());
    expect(await use('a', proofOf(3600))).toEqual(unavailable(/clock that was set back/));
    expect(waits).toEqual([]);
  });
});

describe('a store that may have lost something', () => {
  it.each<[string, (server: RunningValkey) => Promise<unknown>]>([
    ['was emptied', async (server) => (await operator(server))('FLUSHALL')],
    ['was restarted, empty', async (server) => restart(server, 'no')],
    ['was restarted with its data, of which the last may be missing', async (server) => restart(server, 'yes')],
    ['had its marks deleted by hand', async (server) => (await operator(server))('DEL', 'audgate:proofs')],
  ])('that %s takes no proof of before for fresh', async (_, befall) => {
    const server = await startValkey();
    const { use, available } = await openLong(server);
    const proof = proofOf(0);
    expect(await use('a', proof)).toEqual(FRESH);
    await befall(server);
    await available();
    expect((await use('a', proof)).kind).not.toBe('fresh');
    // Nor at a replica that began only then, nor another one of that time.
    const late = await open(server.url);
    expect((await late.use('b', proof)).kind).not.toBe('fresh');
    // But those that can only have been made after, clocks being as they may.
    const [[id]] = (await (await operator(server))('XREVRANGE', MARK, '+', '-')) as [[string]];
    const second = Math.ceil(Number.parseInt(id, 10) / 1000);
    expect((await late.use('c', { issued_at: second + 1, until: second + 67 })).kind).not.toBe('fresh');
    expect(await late.use('d', { issued_at: second + 2, until: second + 68 })).toEqual(FRESH);
  });

  it('that is new accepts none of before, either', async () => {
    const { url } = await startValkey();
    const { use, told } = await open(url);
    expect((await use('a', proofOf(-60))).kind).not.toBe('fresh');
    expect(told.join()).toContain('proofs that were made before are refused');
  });

  it('tells a client to make a fresh proof, once a fresh one helps', async () => {
    const { use, command } = await openLong(await startValkey());
    await command('DEL', MARK);
    expect(await use('a', proofOf(5))).toEqual(FRESH);
    const [[id, fields]] = (await command('XREVRANGE', MARK, '+', '-')) as [[string, string[]]];
    await command('DEL', MARK);
    await command('XADD', MARK, `${Number.parseInt(id, 10) - 20_000}-0`, ...fields);
    const then = Math.floor(Number.parseInt(id, 10) / 1000) - 20;
    expect(await use('b', { issued_at: then, until: then + 66 })).toEqual({ kind: 'forgotten' });
    expect(await use('c', proofOf(0))).toEqual(FRESH);
  });

  it('is found out at the use itself, by whoever asks first', async () => {
    const server = await startValkey();
    const one = await openLong(server);
    const other = await open(server.url);
    const proof = proofOf(0);
    expect(await other.use('a', proof)).toEqual(FRESH);
    await one.command('FLUSHALL');
    const both = await Promise.all([one.use('a', proof), other.use('a', proof)]);
    expect(kinds(both)).not.toContain('fresh');
    expect(one.told.concat(other.told).join()).toContain('has lost what it held');
  });

  it('tells so of a question that marks nothing, too', async () => {
    const { use, command } = await openLong(await startValkey());
    await command('FLUSHALL');
    expect(await use('a', {}, false)).toEqual(unavailable(/has lost what it held/));
    expect(await command('KEYS', '*')).toEqual([]);
  });

  it('has failed over: what the new primary was not told of is not accepted', async () => {
    const [primary, replica] = await Promise.all([startValkey(), startValkey()]);
    const follow = await operator(replica);
    const door = await doorTo(primary.port);
    const { use, available, command: lead } = await openLong({ ...primary, url: door.url });
    const proof = proofOf(0);
    expect(await use('before', proof)).toEqual(FRESH);
    await follow('REPLICAOF', '127.0.0.1', primary.port);
    await until(
      async () => String(await follow('INFO', 'replication')),
      (info) => info.includes('master_link_status:up'),
    );
    await follow('REPLICAOF', 'NO', 'ONE');
    // Written after the replica was let go: the new primary never heard of it.
    expect(await use('a', proof)).toEqual(FRESH);
    expect(await follow('EXISTS', 'audgate:proofs:before')).toBe(1);
    expect(await lead('EXISTS', 'audgate:proofs:a')).toBe(1);
    door.leadTo(replica.port);
    await available();
    expect(await follow('EXISTS', 'audgate:proofs:a')).toBe(0);
    expect((await use('a', proof)).kind).not.toBe('fresh');
  });

  it('has become a replica: nothing is allowed, until its name leads to the primary', async () => {
    const [former, next] = await Promise.all([startValkey(), startValkey()]);
    const door = await doorTo(former.port);
    const { use, available, command: demote } = await openLong({ ...former, url: door.url });
    expect(await use('a')).toEqual(FRESH);
    await demote('REPLICAOF', '127.0.0.1', next.port);
    expect(await use('b')).toEqual(unavailable(/READONLY|LOADING|MASTERDOWN/));
    // Its connection is given up, so that the next one is made anew.
    door.leadTo(next.port, false);
    expect((await available()).kind).toBe('fresh');
  });
});

describe('a store that cannot be had', () => {
  it('allows nothing while it is gone, and all again once it is back', async () => {
    const server = await startValkey();
    const { use, store, available } = await openLong(server);
    expect(store.status()).toMatchObject({ store: 'valkey', location: server.url, available: true, last_error: null });
    await server.stop();
    await until(
      () => use('a'),
      ({ kind }) => kind === 'unavailable',
    );
    expect(await use('a')).toEqual(unavailable(/^Valkey /));
    expect(store.status()).toMatchObject({ available: false, last_error: { problem: expect.any(String) } });
    await server.start();
    expect((await available()).kind).toBe('fresh');
    expect(store.status()).toMatchObject({ available: true, last_error: null });
  });

  it('is full: refused, and nothing is thrown out for it', async () => {
    const { use, store, command } = await openLong(await startValkey());
    expect(await use('a', { retry: 'request' })).toEqual(FRESH);
    await command('CONFIG', 'SET', 'maxmemory', '1mb');
    expect(await use('b')).toEqual(unavailable(/^Valkey is full/));
    expect(store.status()?.available).toBe(false);
    expect(await command('EXISTS', 'audgate:proofs:a')).toBe(1);
    expect(String(await command('INFO', 'stats'))).toContain('evicted_keys:0');
    await command('CONFIG', 'SET', 'maxmemory', '0');
    expect(await use('b')).toEqual(FRESH);
    expect(await use('a')).toEqual(REPLAYED);
  });

  it('is paused: refused in time, and once it goes on nothing is fresh twice', async () => {
    const { use, available, command } = await openLong(await startValkey(), { timeout_ms: 1000 });
    await available();
    await command('CLIENT', 'PAUSE', 3_600_000, 'WRITE');
    expect(await use('a')).toEqual(unavailable(/did not answer in time|is not connected/));
    await command('CLIENT', 'UNPAUSE');
    await available();
    // Whether the write was made meanwhile, nobody knows: it is no second one.
    const after = await Promise.all([use('a'), use('a'), use('a')]);
    expect(kinds(after).filter((kind) => kind === 'fresh').length).toBeLessThanOrEqual(1);
  });

  it('hangs, its process stopped: refused in time, and found again', async () => {
    const { use, available, command } = await openLong(await startValkey(), { timeout_ms: 1000 });
    const [, pid] = /^process_id:(\d+)/m.exec(String(await command('INFO', 'server'))) ?? [];
    await available();
    process.kill(Number(pid), 'SIGSTOP');
    try {
      expect(await use('a')).toEqual(unavailable(/did not answer in time/));
    } finally {
      process.kill(Number(pid), 'SIGCONT');
    }
    expect((await available()).kind).toBe('fresh');
  });

  it('was set to evict while it ran: refused at once, and what it may have thrown out stays refused', async () => {
    const { use, available, command } = await openLong(await startValkey());
    const proof = proofOf(0);
    expect(await use('a', proof)).toEqual(FRESH);
    const [[id, fields]] = (await command('XREVRANGE', MARK, '+', '-')) as [[string, string[]]];
    await command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    expect(await use('b')).toEqual(unavailable(/has maxmemory-policy allkeys-lru: set maxmemory-policy noeviction/));
    await command('CONFIG', 'SET', 'maxmemory', '1mb');
    await until(
      async () => /^evicted_keys:(\d+)/m.exec(String(await command('INFO', 'stats')))?.[1],
      (evicted) => Number(evicted) > 0,
    );
    await command('CONFIG', 'SET', 'maxmemory', '0');
    await command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    // As if the mark were none of the keys that were thrown out.
    await command('DEL', MARK);
    await command('XADD', MARK, id, ...fields);
    await available();
    expect((await use('a', proof)).kind).not.toBe('fresh');
    expect((await use('never-used', proof)).kind).not.toBe('fresh');
  });

  it('has another time than this replica: refused, and what may have ended early stays refused', async () => {
    let skew = 0;
    const { use, available } = await openLong(await startValkey(), { skew: () => skew });
    const proof = proofOf(0);
    expect(await use('a', proof)).toEqual(FRESH);
    for (const jump of [3_600_000, -3_600_000, 60_000]) {
      skew = jump;
      expect(await use('b', proof)).toEqual(
        unavailable(/has a clock that differs by \d{2,4} seconds: at most 1 second may be/),
      );
    }
    skew = 0;
    await available();
    expect(await use('a', proof)).toEqual(REPLAYED);
    expect((await use('c', proof)).kind).not.toBe('fresh');
  });
});

describe('at the start', () => {
  it.each<[string, readonly string[], RegExp]>([
    [
      'may evict',
      ['--maxmemory-policy', 'allkeys-lru'],
      /allkeys-lru: expected noeviction.*set maxmemory-policy noeviction/,
    ],
    ['wants a password', ['--requirepass', 'secret'], /answered NOAUTH; start it, or mend its url/],
    [
      'lets this user do too little',
      ['--user', 'default', 'on', 'nopass', '~*', '+info'],
      /answered NOPERM; needed are .*SET, GET, PTTL/,
    ],
  ])('a server that %s is refused, with what to do', async (_, args, problem) => {
    const { url } = await startValkey(...args);
    const { opened } = await tryToOpen(url);
    expect(opened).toEqual({ ok: false, problem: expect.stringMatching(problem) });
    expect(JSON.stringify(opened)).not.toContain('secret');
  });

  it('a user needs no more than is told', async () => {
    const may = ['+set', '+get', '+pttl', '+xadd', '+xrevrange', '+info'];
    const server = await startValkey('--user', 'audgate', 'on', 'nopass', '~audgate:proofs*', ...may);
    const password_file = join(server.folder, 'password');
    await writeFile(password_file, 'any');
    const { opened } = await tryToOpen(server.url, { user: { username: 'audgate', password_file } });
    if (!opened.ok) throw new Error(opened.problem);
    const { store } = opened;
    const proof = { ...proofOf(4), retry: 'request' };
    expect(await store.use('a', proof, false)).toEqual(FRESH);
    expect(await store.use('a', proof, true)).toEqual(FRESH);
    expect(await store.use('a', proof, true)).toEqual({ kind: 'fresh', again: true });
  });

  it('a server that is not there is refused, with what to do', async () => {
    const url = `valkey://127.0.0.1:${await freePort()}`;
    const { opened } = await tryToOpen(url);
    const problem = `${url} cannot be reached (ECONNREFUSED); start it, or mend its url`;
    expect(opened).toEqual({ ok: false, problem });
  });
});

async function restart(server: RunningValkey, appendonly: 'yes' | 'no'): Promise<void> {
  await server.stop();
  await server.start('--appendonly', appendonly);
}

/** A name that leads to one server, and then to another. */
async function doorTo(port: number) {
  let behind = port;
  const open = new Set<Socket>();
  const door: Server = createServer((socket) => {
    const other = connect({ host: '127.0.0.1', port: behind });
    socket.pipe(other).pipe(socket);
    for (const [one, end] of [
      [socket, other],
      [other, socket],
    ] as const) {
      open.add(one);
      one.on('error', () => end.destroy()).on('close', () => end.destroy());
    }
  });
  const own = await freePort();
  await new Promise<void>((resolve) => door.listen(own, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of open) socket.destroy();
    open.clear();
  };
  onTestFinished(() => {
    door.close();
    cut();
  });
  return {
    url: `valkey://127.0.0.1:${own}`,
    /** @param end whether connections to the former are cut */
    leadTo(next: number, end = true) {
      behind = next;
      if (end) cut();
    },
  };
}
