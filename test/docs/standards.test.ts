/** That `docs/standards.md` cannot say what was not shown: the check itself, and that runs fail by it. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import config from '../../vitest.config.ts';
import { NODE, PROJECT, scratch } from '../e2e/start.ts';
import { bareRows, contradictions, shownIn } from '../standards.ts';

const row = (test: string) => `| §1 | it holds | ${test} |`;
const NAMED = '`test/a.test.ts › group › it holds`';
const RAN = { file: 'test/a.test.ts', tests: [{ name: 'group > it holds', passed: true }] };
const there = () => true;

describe('the page', () => {
  it('names tests for each requirement of each standard', async () => {
    const page = await readFile(join(PROJECT, 'docs/standards.md'), 'utf8');
    expect(bareRows(page)).toEqual([]);
    expect(shownIn(page).length).toBeGreaterThan(100);
    const sections = Array.from(page.matchAll(/^## (.*)$/gm), ([, title = '']) => title.split(/[ ,]/, 2).join(' '));
    for (const standard of ['9068', '8725', '9449', '8705', '7662', '9728', '6750'])
      expect(sections).toContain(`RFC ${standard}`);
    expect(sections).toContain('MCP ');
    // A table whose rows are no requirements would be let be.
    const rows = page.split('\n').filter((line) => /^\|(?! section| ---)/.test(line));
    expect(rows.filter((line) => !line.startsWith('| §'))).toEqual([]);
    // The twelve checks, none left out.
    for (let check = 1; check <= 12; check++) expect(page).toContain(`| §4.3, ${check} |`);
  });
});

describe('a run', () => {
  it('in which all that is named was shown is right', () => {
    expect(contradictions(row(NAMED), [RAN], there, true)).toEqual([]);
    const cases = { file: 'test/a.test.ts', tests: [{ name: 'group > it holds (line 7, policy)', passed: true }] };
    expect(contradictions(row(NAMED), [cases], there, true)).toEqual([]);
  });

  it.each([
    ['a test of another name', row(NAMED.replace('it holds', 'it held')), [RAN], 'where no test of that name ran'],
    ['a test of another group', row(NAMED.replace('group › ', '')), [RAN], 'where no test of that name ran'],
    [
      'a test that failed',
      row(NAMED),
      [{ ...RAN, tests: [{ name: 'group > it holds', passed: false }] }],
      'did not pass',
    ],
    ['a file without tests', row(NAMED), [{ ...RAN, tests: [] }], 'where no test of that name ran'],
    ['a requirement without test', `${row(NAMED)}\n${row('by nobody')}`, [RAN], 'docs/standards.md:2 names no test'],
    ['a page without tests', '# nothing', [RAN], 'docs/standards.md names no test'],
  ])('with %s is wrong', (_, page, ran, says) => {
    expect(contradictions(page, ran, there, true)).toEqual([expect.stringContaining(says)]);
  });

  it('in part knows of the other files only whether they are there', () => {
    expect(contradictions(row(NAMED), [], there, true)).toEqual([]);
    expect(contradictions(row(NAMED), [], () => false, true)).toEqual([
      'docs/standards.md:1 names "group > it holds" of test/a.test.ts, which is no file of tests',
    ]);
  });

  it('of tests chosen by name takes those that did not run for there', () => {
    const skipped = { ...RAN, tests: [{ name: 'group > it holds', passed: false }] };
    expect(contradictions(row(NAMED), [skipped], there, false)).toEqual([]);
    expect(contradictions(row(NAMED), [{ ...RAN, tests: [] }], there, false)).toHaveLength(1);
  });
});

describe('Vitest', () => {
  it('is configured so', () => {
    expect(JSON.stringify(config)).toContain('"name":"standards"');
  });

  it.each([
    ['is right', 'it holds', [], 0],
    ['names what did not run', 'it held', [], 1],
    ['names what did not run, whatever reporter is asked for', 'it held', ['--reporter=dot'], 1],
  ])('ends a run with its status where the page %s', { timeout: 120_000 }, async (_, name, args, code) => {
    const folder = await scratch();
    const plugin = JSON.stringify(join(PROJECT, 'test/standards-reporter.ts'));
    const file = join(folder, 'vitest.config.ts');
    await writeFile(join(folder, 'page.md'), row(`\`test/a.test.ts › ${name}\``));
    await writeFile(
      file,
      `import { standards } from ${plugin};\nexport default { plugins: [standards('page.md')], test: { globals: true } };\n`,
    );
    await mkdir(join(folder, 'test'));
    await writeFile(join(folder, 'test/a.test.ts'), `it('it holds', () => {});\n`);
    const program = join(PROJECT, 'node_modules/vitest/vitest.mjs');
    const ended = await promisify(execFile)(NODE, [program, 'run', '--root', folder, ...args], { cwd: PROJECT }).then(
      () => ({ code: 0, stderr: '' }),
      (error: { code: number; stderr: string }) => error,
    );
    expect(ended.code).toBe(code);
    if (code !== 0) expect(ended.stderr).toContain('docs/standards.md:1 names "it held"');
  });
});
