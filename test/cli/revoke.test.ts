/** `audgate revoke`, and `--revoked` of the commands that decide once. */
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { appendToFile } from '../../src/sources/revoked-write.ts';
import { createWorld, FILES } from './audgate.ts';
import { inProcess } from './in-process.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audgate-revoke-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  file = join(folder, 'revoked.jsonl');
  await writeFile(file, '');
});

const revoke = (...args: readonly string[]) => inProcess(['revoke', '--file', file, ...args]);
const lines = async () => (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');

describe('audgate revoke', () => {
  it('appends one line, which a service reads, and prints it', async () => {
    await writeFile(file, '# ours\n{"by":"jti","issuer":"corp","value":"a"}');
    const ran = await revoke('--by', 'sub', '--issuer', 'corp', '--value', 'user-1', '--note', 'stolen "laptop"');
    const line = '{"by":"sub","issuer":"corp","value":"user-1","note":"stolen \\"laptop\\""}';
    expect(ran).toEqual({ code: 0, stdout: `${line}\n`, stderr: '' });
    expect(await lines()).toEqual(['# ours', '{"by":"jti","issuer":"corp","value":"a"}', line]);
  });

  it.each([
    [['--by', 'subject', '--value', 'a'], /--by must be jti, sub, client_id or issued_before/],
    [['--by', 'sub', '--value', ''], /--value must be the claim’s value/],
    [['--by', 'sub', '--value', 'a\nb'], /--value must be/],
    [['--by', 'issued_before', '--value', 'yesterday'], /--value must be a time in UTC, like/],
    [['--by', 'issued_before', '--value', '2026-02-30T00:00:00Z'], /--value must be a time in UTC/],
    [['--by', 'sub', '--value', 'a', '--until', '2026-11-23'], /--until must be a time in UTC/],
    [['--by', 'sub', '--value', 'a', '--client-id', 'c'], /--client-id belongs to issued_before/],
  ])('refuses %j and writes nothing', async (args, told) => {
    const ran = await revoke('--issuer', 'corp', ...args);
    expect([ran.code, ran.stdout]).toEqual([2, '']);
    expect(ran.stderr).toMatch(told);
    expect(await lines()).toEqual([]);
  });

  it('needs a file that is there, so that a misspelt path revokes nothing unseen', async () => {
    const ran = await inProcess(['revoke', '--file', `${file}x`, '--by', 'sub', '--issuer', 'corp', '--value', 'a']);
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('does not exist') });
  });

  it('asks the registry for the issuer, where there is one', async () => {
    const { registry, close } = await createWorld();
    onTestFinished(close);
    const of = (issuer: string) => revoke('--by', 'sub', '--issuer', issuer, '--value', 'a', '--registry', registry);
    expect(await of('crop')).toMatchObject({
      code: 1,
      stderr: 'audgate: the registry has no issuer crop: write corp\n',
    });
    expect(await of('https://login.example.com')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/write corp\n$/),
    });
    expect(await lines()).toEqual([]);
    expect((await of('corp')).code).toBe(0);
  });

  it('writes beside what is wrong in the file, and tells of that', async () => {
    await writeFile(file, '{"by":"sub"}\n');
    const ran = await revoke('--by', 'sub', '--issuer', 'corp', '--value', 'a');
    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(/revoked\.jsonl line 1: .*mend it/);
    expect(await lines()).toHaveLength(2);
  });

  it('loses nothing when many write at once', async () => {
    const values = Array.from({ length: 40 }, (_, at) => `user-${at}`);
    const problems = await Promise.all(
      values.map((value) => appendToFile(file, [{ by: 'sub', issuer: 'corp', value }])),
    );
    expect(problems.filter((problem) => problem !== null)).toEqual([]);
    const written = (await lines()).map((line) => (JSON.parse(line) as { value: string }).value);
    expect(written.sort()).toEqual([...values].sort());
  });

  it('writes through a link, and tells when it cannot write', async () => {
    const link = join(folder, 'link');
    await symlink(file, link);
    expect(await appendToFile(link, [{ by: 'sub', issuer: 'corp', value: 'a' }])).toBeNull();
    expect(await lines()).toHaveLength(1);
    expect(await appendToFile(join(folder, 'absent'), [])).toBe('cannot be written (ENOENT)');
    expect(await appendToFile(folder, [])).toBe('cannot be written (EISDIR)');
  });
});

describe('--revoked', () => {
  it.each(['decide', 'explain'])('of audgate %s takes the file into account', async (command) => {
    const world = await createWorld();
    onTestFinished(world.close);
    const token = await world.token();
    const ask = () =>
      inProcess([command, '--registry', world.registry, '--server', FILES, '--tool', 'read_file', '--revoked', file], {
        stdin: token,
      });
    expect((await ask()).code).toBe(0);
    await revoke('--by', 'client_id', '--issuer', 'corp', '--value', 'client-1');
    expect(await ask()).toMatchObject({ code: 1, stdout: expect.stringContaining('token_revoked') });
    await writeFile(file, '{}\n');
    expect(await ask()).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('revocation.file') });
  });
});
