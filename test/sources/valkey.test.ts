/** The one connection to Valkey, against a real one. */
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ValkeyConfig } from '../../src/config/valkey.ts';
import { openValkey } from '../../src/sources/valkey.ts';
import { type Certificate, createAuthority } from '../http/certificates.ts';
import { startValkey } from './valkey.ts';

async function open(config: ValkeyConfig, timeout_ms = 2000) {
  const changes: (string | null)[] = [];
  const told: (() => void)[] = [];
  const opened = await openValkey({
    config,
    timeout_ms,
    readFile: (path) => readFile(path, 'utf8'),
    onChange: (problem) => {
      changes.push(problem);
      for (const tell of told.splice(0)) tell();
    },
  });
  if (opened.kind === 'open') onTestFinished(() => opened.valkey.close());
  /** Until it is there again. */
  const back = async () => {
    while (changes.at(-1) !== null) await new Promise<void>((resolve) => told.push(resolve));
  };
  return { opened, changes, back };
}

async function opened(config: ValkeyConfig, timeout_ms?: number) {
  const { opened: found, ...rest } = await open(config, timeout_ms);
  if (found.kind === 'unfit') throw new Error(found.problem);
  return { valkey: found.valkey, ...rest };
}

describe('a connection to Valkey', () => {
  it('runs commands and tells their failures as values', async () => {
    const { url } = await startValkey();
    const { valkey } = await opened({ url });
    expect(await valkey.run('SET', ['a', 1, 'NX', 'PX', 60_000])).toEqual({ ok: true, value: 'OK' });
    expect(await valkey.run('SET', ['a', 2, 'NX', 'PX', 60_000])).toEqual({ ok: true, value: null });
    expect(await valkey.run('GET', ['a'])).toEqual({ ok: true, value: '1' });
    // The server's own message would repeat the words.
    expect(await valkey.run('NO-SUCH', ['secret-word'])).toEqual({ ok: false, problem: 'answered ERR' });
    expect(valkey.problem()).toBeNull();
  });

  it('is not made with a server that may throw out what it holds', async () => {
    const { url } = await startValkey('--maxmemory-policy', 'allkeys-lru');
    const { opened: found } = await open({ url });
    expect(found).toMatchObject({
      kind: 'unfit',
      problem: expect.stringContaining('allkeys-lru: expected noeviction'),
    });
  });

  it('looks at that again whenever it is made anew', async () => {
    const server = await startValkey();
    const { valkey, changes } = await opened({ url: server.url });
    await server.stop();
    await server.start('--maxmemory-policy', 'volatile-ttl');
    await expect.poll(() => valkey.problem()).toMatch(/has maxmemory-policy volatile-ttl/);
    expect(await valkey.run('GET', ['a'])).toMatchObject({ ok: false, problem: expect.stringMatching(/volatile-ttl/) });
    expect(changes).not.toContain(null);
  });

  it('is lost and found again: meanwhile every command fails at once', async () => {
    const server = await startValkey();
    const { valkey, back } = await opened({ url: server.url });
    await valkey.run('SET', ['a', 1]);
    await server.stop();
    await expect.poll(async () => (await valkey.run('GET', ['a'])).ok).toBe(false);
    await server.start();
    await back();
    expect(await valkey.run('GET', ['a'])).toEqual({ ok: true, value: '1' });
  });

  it('goes on trying a server that is not there yet', async () => {
    const server = await startValkey();
    await server.stop();
    const { valkey, back } = await opened({ url: server.url });
    expect(valkey.problem()).toBe('cannot be reached (ECONNREFUSED)');
    await server.start();
    await back();
    expect(await valkey.run('PING', [])).toEqual({ ok: true, value: 'PONG' });
  });

  it('gives up a command that is not answered in time', async () => {
    const { url } = await startValkey();
    const { valkey } = await opened({ url }, 50);
    // Never answered: the list stays empty.
    expect(await valkey.run('BLPOP', ['nothing', 0])).toEqual({ ok: false, problem: 'did not answer in time' });
  });

  it('shows a user and a password from a file, which is read again at each connection', async () => {
    const server = await startValkey('--requirepass', 'first');
    const password_file = join(server.folder, 'password');
    await writeFile(password_file, 'first\n');
    const { valkey, back } = await opened({ url: server.url, username: 'default', password_file });
    expect(valkey.problem()).toBeNull();
    await server.stop();
    await writeFile(password_file, 'second\n');
    await server.start('--requirepass', 'second');
    await back();
    expect(await valkey.run('PING', [])).toEqual({ ok: true, value: 'PONG' });
  });

  it('tells of a wrong or missing password without repeating it', async () => {
    const server = await startValkey('--requirepass', 'right');
    const password_file = join(server.folder, 'password');
    await writeFile(password_file, 'wrong-one');
    const wrong = await opened({ url: server.url, password_file });
    expect(wrong.valkey.problem()).toBe('answered WRONGPASS');
    const none = await opened({ url: server.url });
    expect(none.valkey.problem()).toBe('answered NOAUTH');
    const unread = await opened({ url: server.url, password_file: join(server.folder, 'absent') });
    expect(unread.valkey.problem()).toBe('cannot be asked: a file of its configuration cannot be read (ENOENT)');
  });

  it('speaks TLS with a server whose certificate is verified, and shows its own', async () => {
    const authority = await createAuthority();
    const [mine, theirs, other] = await Promise.all([
      authority.issue('DNS:audgate.example'),
      authority.issue('IP:127.0.0.1', 'serverAuth'),
      createAuthority(),
    ]);
    const { port, folder } = await startValkey();
    const url = `valkeys://127.0.0.1:${await wrapped(port, theirs, authority)}`;
    const file = async (name: string, text: string) => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    };
    const own = { certificate: await file('pem', mine.certificate), key: await file('key', mine.key) };
    const ca = await file('ca', authority.certificate);
    const { valkey } = await opened({ url, tls: { ca, ...own } });
    expect(await valkey.run('PING', [])).toEqual({ ok: true, value: 'PONG' });
    const foreign = await opened({ url, tls: { ca: await file('other', other.certificate), ...own } });
    expect(foreign.valkey.problem()).toMatch(/^cannot be reached \(.*(CERT|SIGNATURE).*\)$/);
    const bare = await opened({ url, tls: { ca } });
    expect(bare.valkey.problem()).not.toBeNull();
  });
});

/** The installed Valkey has no TLS of its own: a door before it, which asks for a certificate. @returns its port */
async function wrapped(port: number, { certificate, key }: Certificate, ca: Certificate): Promise<number> {
  const options = { cert: certificate, key, ca: ca.certificate, requestCert: true, rejectUnauthorized: true };
  const door = createServer(options, (socket) => {
    const behind = connect({ host: '127.0.0.1', port });
    socket.pipe(behind).pipe(socket);
    for (const [one, end] of [
      [socket, behind],
      [behind, socket],
    ] as const)
      one.on('error', () => end.destroy()).on('close', () => end.destroy());
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void door.close());
  return (door.address() as AddressInfo).port;
}
