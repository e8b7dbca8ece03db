/** A file of revoked tokens: read as it is written, tidied while others write, and never by halves. */
import { appendFile, mkdir, mkdtemp, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { TokenFacts } from '../../src/decision/facts.ts';
import { type Entry, readEntryText } from '../../src/facts/revocation/entry.ts';
import { createList } from '../../src/facts/revocation/list.ts';
import { openRevokedFile } from '../../src/sources/revoked-file.ts';
import { readList } from '../../src/sources/revoked-text.ts';
import { tidyFile } from '../../src/sources/revoked-tidy.ts';
import { appendToFile } from '../../src/sources/revoked-write.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audgate-revoked-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  path = join(folder, 'revoked.jsonl');
});

const of = (value: string, more: object = {}) => JSON.stringify({ by: 'sub', issuer: 'corp', value, ...more });
const token = (subject: string, more: Partial<TokenFacts> = {}): TokenFacts => ({
  type: 'at+jwt',
  issuer: 'https://login.example.com',
  audiences: [],
  scopes: [],
  subject,
  claims: {},
  ...more,
});

/** `later` lets so much time pass that what the file no longer holds ends. */
async function open(max_entries = 1000) {
  let passed = 0n;
  const ticks = () => process.hrtime.bigint() + passed;
  const source = await openRevokedFile({
    path,
    max_entries,
    now: Date.now,
    ticks,
    onLook: () => {},
  });
  onTestFinished(() => source.close());
  const finds = (subject: string) => source.find(token(subject), 'corp', Date.now() / 1000) !== null;
  const problems = () => source.status().last_error?.problems ?? [];
  const later = async () => {
    await source.refresh();
    passed += 2_000_000_000n;
    await source.refresh();
  };
  return { source, finds, problems, later };
}

describe('a file of revoked tokens', () => {
  it('takes any name that a token may have, the one among them that a decoder writes for what it cannot read', async () => {
    await writeFile(path, '');
    const { source, finds, problems } = await open();
    const names = ['user-\ufffd', '\u2028', '\u00e9', 'e\u0301', '# no comment', ' ', '\u{1f511}'];
    for (const value of names) expect(await source.add([{ by: 'sub', issuer: 'corp', value }])).toBeNull();
    expect(names.filter((name) => !finds(name))).toEqual([]);
    expect(problems()).toEqual([]);
  });

  it('may have comments, empty lines, carriage returns, and no line end at its end', async () => {
    await writeFile(path, `# ours\r\n\r\n${of('a')}\r\n   \n${of('b')}`);
    const { finds, problems } = await open();
    expect([finds('a'), finds('b'), problems()]).toEqual([true, true, []]);
  });

  it('is read again though somebody set its time back', async () => {
    const [early, late] = [new Date(), new Date()];
    await writeFile(path, of('a'));
    await utimes(path, early, late);
    const { finds, later } = await open();
    await writeFile(path, of('b'));
    await utimes(path, early, late);
    await later();
    expect([finds('a'), finds('b')]).toEqual([false, true]);
  });

  it('tells of each line that is wrong, by its number alone', async () => {
    await writeFile(
      path,
      `${of('a')}\n{"by":"sub","issuer":"corp","value":"secret-1","valeu":"x"}\nsecret-2\n${of('b', { until: 'soon' })}\n`,
    );
    const { finds, problems } = await open();
    expect(finds('a')).toBe(true);
    expect(problems()).toEqual([
      expect.stringMatching(/^line 2: .*valeu/),
      expect.stringMatching(/^line 3: /),
      expect.stringMatching(/^line 4: \/until must be a time in UTC/),
    ]);
    expect(problems().join()).not.toMatch(/secret/);
  });

  it('that is not UTF-8 has wrong lines where it is not', async () => {
    await writeFile(
      path,
      Buffer.concat([
        Buffer.from(`${of('a')}\n{"by":"sub","issuer":"corp","value":"M`),
        Buffer.from([0xfc, 0x22, 0x7d, 0x0a]),
      ]),
    );
    const { finds, problems } = await open();
    expect([finds('a'), problems()]).toEqual([true, ['line 2: is not valid UTF-8']]);
  });

  it.each([
    ['a folder', async () => void (await mkdir(path)), 'is no file'],
    ['away', async () => {}, 'cannot be read (ENOENT)'],
    ['a link in a circle', async () => void (await symlink(path, path)), 'cannot be read (ELOOP)'],
  ])('that is %s is not held for read, and what was in it counts', async (_, become, told) => {
    await writeFile(path, of('a'));
    const { source, finds, problems, later } = await open();
    const before = source.status().confirmed_at;
    await rename(path, `${path}.former`);
    await become();
    await source.refresh();
    expect([finds('a'), problems(), source.status().confirmed_at]).toEqual([true, [told], before]);
    await rm(path, { recursive: true, force: true });
    await writeFile(path, of('b'));
    await later();
    expect([finds('a'), finds('b'), problems()]).toEqual([false, true, []]);
  });

  it('that is emptied before it is written ends nothing meanwhile, and what is added counts at once', async () => {
    await writeFile(path, `${of('a')}\n${of('b')}\n`);
    const { source, finds, later } = await open();
    await writeFile(path, '');
    await source.refresh();
    expect([finds('a'), finds('b')]).toEqual([true, true]);
    await appendFile(path, `${of('b')}\n`);
    await source.refresh();
    await appendFile(path, `${of('c')}\n`);
    await source.refresh();
    expect([finds('a'), finds('b'), finds('c')]).toEqual([true, true, true]);
    await later();
    expect([finds('a'), finds('b'), finds('c')]).toEqual([false, true, true]);
  });

  it('that is broken right after an entry was added keeps that entry', async () => {
    await writeFile(path, '');
    const { source, finds, later } = await open();
    await writeFile(path, of('a'));
    await source.refresh();
    await writeFile(path, `broken\n${of('b')}`);
    await later();
    expect([finds('a'), finds('b')]).toEqual([true, true]);
    await writeFile(path, of('b'));
    await later();
    expect([finds('a'), finds('b')]).toEqual([false, true]);
  });

  it('is unusable with more entries than may be held; entries that have long ended are none', async () => {
    const ended = { until: '2020-01-01T00:00:00Z' };
    await writeFile(path, `${of('a')}\n${of('b', ended)}\n${of('c', ended)}\n`);
    const { source, problems } = await open(1);
    expect(source.unusable()).toBeNull();
    await appendFile(path, `${of('d')}\n`);
    await source.refresh();
    expect(source.unusable()).toBe('has more entries than revocation.max_entries');
    expect(problems()).toEqual(['has more entries than revocation.max_entries']);
  });
});

describe('tidying', () => {
  const NOW = Math.floor(Date.now() / 1000);
  const ended = { until: '2020-01-01T00:00:00Z' };

  it('takes out what has long ended, and nothing else', async () => {
    const kept = ['# a note', of('a'), '{"broken', of('b', { until: new Date().toISOString() }), ''];
    await writeFile(path, [of('x', ended), ...kept.slice(0, 3), of('y', ended), ...kept.slice(3)].join('\n'), {
      mode: 0o640,
    });
    await tidyFile(path, NOW, 0);
    expect((await readFile(path, 'utf8')).split('\n')).toEqual(kept);
  });

  it('leaves a small file as it is, and one in which nothing has ended', async () => {
    await writeFile(path, of('x', ended));
    await tidyFile(path, NOW);
    expect(await readFile(path, 'utf8')).toBe(of('x', ended));
    await writeFile(path, of('a'));
    await tidyFile(path, NOW, 0);
    expect(await readFile(path, 'utf8')).toBe(of('a'));
  });

  it('loses nothing that others append meanwhile', async () => {
    for (let round = 0; round < 60; round++) {
      await writeFile(path, `${of('x', ended)}\n${of('y')}\n`);
      const values = Array.from({ length: 24 }, (_, at) => `user-${at}`);
      const write = async (some: readonly string[]) => {
        for (const value of some) expect(await appendToFile(path, [{ by: 'sub', issuer: 'corp', value }])).toBeNull();
      };
      const writers = [0, 6, 12, 18].map((at) => write(values.slice(at, at + 6)));
      await Promise.all([...writers, tidyFile(path, NOW, 0)]);
      const { entries, problems } = await readList(await readFile(path, 'utf8'));
      expect(problems).toEqual([]);
      expect(new Set(entries.map(({ value }) => value))).toEqual(new Set([...values, 'y']));
    }
  });

  it('is done by one at a time, and by the next once the former was forgotten', async () => {
    await writeFile(path, `${of('x', ended)}\n${of('a')}\n`);
    await mkdir(`${path}.tidy`);
    await expect(tidyFile(path, NOW, 0)).rejects.toThrow(/EEXIST/);
    expect(await readFile(path, 'utf8')).toContain(of('x', ended));
    await tidyFile(path, NOW + 2 * 86_400, 0);
    expect(await readFile(path, 'utf8')).toBe(`${of('a')}\n`);
  });

  it('keeps the link that leads to the file', async () => {
    const real = join(folder, 'real');
    await writeFile(real, `${of('x', ended)}\n${of('a')}\n`);
    await symlink(real, path);
    await tidyFile(path, NOW, 0);
    expect(await readFile(real, 'utf8')).toBe(`${of('a')}\n`);
    expect(await readFile(path, 'utf8')).toBe(`${of('a')}\n`);
  });
});

describe('a list', () => {
  /** What an entry says, one entry at a time. */
  const matches = (
    entry: Entry,
    { subject, client_id, token_id, issued_at }: TokenFacts,
    issuer: string,
    now: number,
  ) => {
    if (entry.issuer !== issuer || now >= entry.until) return false;
    if (entry.by === 'jti') return entry.value === token_id;
    if (entry.by === 'sub') return entry.value === subject;
    if (entry.by === 'client_id') return entry.value === client_id;
    const named =
      (entry.sub === undefined || entry.sub === subject) &&
      (entry.client_id === undefined || entry.client_id === client_id);
    return named && (issued_at === undefined || issued_at < entry.before);
  };
  const odd = fc.constantFrom('A', '', '\n', 'a\nb', 'sub', '__proto__', 'constructor');
  const name = fc.oneof({ weight: 9, arbitrary: fc.constantFrom('a', 'b') }, { weight: 1, arbitrary: odd });
  const time = fc.integer({ min: 0, max: 20 }).map((at) => new Date(at * 1000).toISOString());
  const issuer = fc.oneof(
    { weight: 9, arbitrary: fc.constant('corp') },
    { weight: 1, arbitrary: fc.constantFrom('partner', '__proto__') },
  );
  const entry = fc.oneof(
    fc.record(
      { by: fc.constantFrom('jti', 'sub', 'client_id'), issuer, value: name, until: time },
      { requiredKeys: ['by', 'issuer', 'value'] },
    ),
    fc.record(
      { by: fc.constant('issued_before'), issuer, value: time, sub: name, client_id: name, until: time },
      { requiredKeys: ['by', 'issuer', 'value'] },
    ),
  );
  const asked = fc.record(
    { subject: name, client_id: name, token_id: name, issued_at: fc.integer({ min: 0, max: 20 }) },
    { requiredKeys: [] },
  );

  it('finds a token exactly when one of its entries means it', () => {
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 12 }),
        asked,
        issuer,
        fc.integer({ min: 0, max: 20 }),
        (written, facts, of, now) => {
          const read = written
            .map((one) => readEntryText(JSON.stringify(one)))
            .flatMap((one) => (one.ok ? [one.entry] : []));
          const list = createList();
          for (const one of read) list.add(one);
          const { subject: _, ...bare } = token('');
          const about: TokenFacts = { ...bare, ...facts };
          const found = list.find(about, of, now);
          const expected = read.filter((one) => matches(one, about, of, now));
          expect(found === null ? [] : [found]).toEqual(
            expected.length === 0 ? [] : [expect.toBeOneOf(expected.map(({ by }) => by))],
          );
        },
      ),
      { numRuns: 2000, seed: 6 },
    );
  });
});
