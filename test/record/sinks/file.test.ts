import { execFile } from 'node:child_process';
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openFileSink } from '../../../src/record/sinks/file.ts';

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'audgate-log-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

async function opened(options: { readonly file: string; readonly max_bytes?: number; readonly keep?: number }) {
  const troubles: string[] = [];
  const sink = await openFileSink({
    max_bytes: 1_000_000,
    keep: 3,
    ...options,
    onTrouble: (message) => troubles.push(message),
  });
  onTestFinished(() => sink.close());
  return { sink, troubles };
}

const text = (file: string) => readFile(file, 'utf8');

describe('a file of records', () => {
  it('is begun for its owner alone, and a restart appends to it', async () => {
    const file = join(await folder(), 'log');
    const first = await opened({ file });
    await first.sink.write('1\n');
    await first.sink.close();
    await (await opened({ file })).sink.write('2\n');
    expect(await text(file)).toBe('1\n2\n');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('that others can read becomes its owner’s alone', async () => {
    const file = join(await folder(), 'log');
    await writeFile(file, '');
    await chmod(file, 0o644);
    await opened({ file });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('is rotated by size: nothing is lost, lines stay whole, and so many are kept', async () => {
    const at = await folder();
    const file = join(at, 'log');
    const { sink } = await opened({ file, max_bytes: 100, keep: 4 });
    const lines = Array.from({ length: 40 }, (_, n) => `line ${String(n).padStart(3, '0')}\n`);
    for (const line of lines) await sink.write(line);
    const files = (await readdir(at)).sort();
    expect(files).toEqual(['log', 'log.1', 'log.2', 'log.3']);
    const texts = await Promise.all(['log.3', 'log.2', 'log.1', 'log'].map((name) => text(join(at, name))));
    expect(texts.join('')).toBe(lines.join(''));
    for (const name of files) {
      const { size, mode } = await stat(join(at, name));
      expect([size <= 100, mode & 0o777]).toEqual([true, 0o600]);
    }
    for (const line of lines) await sink.write(line);
    expect((await readdir(at)).sort()).toEqual(['log', 'log.1', 'log.2', 'log.3', 'log.4']);
  });

  it('that is to be kept in no former version begins anew', async () => {
    const at = await folder();
    const { sink } = await opened({ file: join(at, 'log'), max_bytes: 5, keep: 0 });
    for (const line of ['one\n', 'two\n']) await sink.write(line);
    expect([await readdir(at), await text(join(at, 'log'))]).toEqual([['log'], 'two\n']);
  });

  it('that was removed or renamed by somebody else is begun anew', async () => {
    const at = await folder();
    const file = join(at, 'log');
    const { sink } = await opened({ file });
    await sink.write('1\n');
    await rm(file);
    await sink.write('2\n');
    expect(await text(file)).toBe('2\n');
    await rename(file, join(at, 'moved'));
    await sink.write('3\n');
    expect([await text(join(at, 'moved')), await text(file)]).toEqual(['2\n', '3\n']);
  });

  it('whose folder is gone takes nothing, and takes again when it is back', async () => {
    const at = join(await folder(), 'logs');
    await mkdir(at);
    const { sink } = await opened({ file: join(at, 'log') });
    await rm(at, { recursive: true });
    await expect(sink.write('lost\n')).rejects.toThrow(/ENOENT/);
    await mkdir(at);
    await sink.write('kept\n');
    expect(await text(join(at, 'log'))).toBe('kept\n');
  });

  it('that cannot be rotated grows on, and that is told once', async () => {
    const at = await folder();
    const file = join(at, 'log');
    await mkdir(join(at, 'log.1', 'in the way'), { recursive: true });
    const { sink, troubles } = await opened({ file, max_bytes: 5, keep: 1 });
    for (const line of ['one\n', 'two\n', 'three\n']) await sink.write(line);
    expect(await text(file)).toBe('one\ntwo\nthree\n');
    expect(troubles).toHaveLength(1);
    expect(troubles[0]).toContain('cannot be rotated');
  });

  it('whose rotation fails again and again keeps every former file', async () => {
    const at = await folder();
    const file = join(at, 'log');
    for (const n of [1, 2, 3]) await writeFile(join(at, `log.${n}`), `former ${n}`);
    const { sink, troubles } = await opened({ file, max_bytes: 5, keep: 4 });
    await sink.write('one\n');
    // The newest place is taken again as soon as it is free, so that the last step fails each time.
    await rm(join(at, 'log.1'));
    await mkdir(join(at, 'log.1', 'in the way'), { recursive: true });
    await mkdir(join(at, 'log.4', 'in the way'), { recursive: true });
    for (const line of ['two\n', 'three\n', 'four\n', 'five\n']) await sink.write(line);
    expect(await text(file)).toBe('one\ntwo\nthree\nfour\nfive\n');
    expect([await text(join(at, 'log.2')), await text(join(at, 'log.3'))]).toEqual(['former 2', 'former 3']);
    expect(troubles).toHaveLength(1);
    await rm(join(at, 'log.4'), { recursive: true });
    await rm(join(at, 'log.1'), { recursive: true });
    await sink.write('six\n');
    expect((await readdir(at)).sort()).toEqual(['log', 'log.1', 'log.2', 'log.3']);
    expect(await text(file)).toBe('six\n');
  });

  it('whose rotation failed half way goes on where it stopped: nothing is pushed out', async () => {
    const at = await folder();
    const file = join(at, 'log');
    for (const n of [1, 2, 3]) await writeFile(join(at, `log.${n}`), `former ${n}`);
    const { sink } = await opened({ file, max_bytes: 5, keep: 9 });
    await sink.write('one\n');
    // As where the process was ended, or the last rename failed, when two were moved: 1 is free.
    await rename(join(at, 'log.3'), join(at, 'log.4'));
    await rename(join(at, 'log.2'), join(at, 'log.3'));
    await rename(join(at, 'log.1'), join(at, 'log.2'));
    await sink.write('two\n');
    expect((await readdir(at)).sort()).toEqual(['log', 'log.1', 'log.2', 'log.3', 'log.4']);
    expect(await text(join(at, 'log.4'))).toBe('former 3');
  });

  it('that somebody else cuts is neither rotated too early nor filled up with nothing', async () => {
    const at = await folder();
    const file = join(at, 'log');
    const { sink } = await opened({ file, max_bytes: 20 });
    await sink.write('0123456789\n');
    await truncate(file, 0);
    await sink.write('0123456789\n');
    expect(await readdir(at)).toEqual(['log']);
    expect(await text(file)).toBe('0123456789\n');
  });

  it('that is a named pipe is refused, because nobody may ever read it', async () => {
    const file = join(await folder(), 'pipe');
    await promisify(execFile)('mkfifo', [file]);
    await expect(opened({ file })).rejects.toThrow('named pipe');
  });

  it('that ends within a line goes on at the next', async () => {
    const file = join(await folder(), 'log');
    await appendFile(file, '{"half');
    await (await opened({ file })).sink.write('{}\n');
    expect(await text(file)).toBe('{"half\n{}\n');
  });

  it('on a full disk takes nothing', async () => {
    const { sink } = await opened({ file: '/dev/full' });
    const before = (await stat('/dev/full')).mode;
    await expect(sink.write('lost\n')).rejects.toThrow(/ENOSPC/);
    expect((await stat('/dev/full')).mode).toBe(before);
  });

  it('in a folder that lets nobody write cannot be opened', async () => {
    await expect(opened({ file: '/proc/audgate.log' })).rejects.toThrow();
  });
});
