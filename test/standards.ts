/** What `docs/standards.md` says is shown, held against what really ran. */

/** A test that the page names: its file, and the names of its groups and of itself. */
export interface Shown {
  /** Of the page, 1-based. */
  readonly line: number;
  readonly file: string;
  readonly name: string;
}

export interface Ran {
  /** Relative to the checkout. */
  readonly file: string;
  /** Of its tests, groups first, parted by ` > `. */
  readonly tests: readonly { readonly name: string; readonly passed: boolean }[];
}

const REFERENCE = /`(test\/[^`›]+\.test\.ts) › ([^`]+)`/g;
const ROW = /^\| *§/;

/** Every test that the page names. */
export function shownIn(page: string): readonly Shown[] {
  return page.split('\n').flatMap((text, at) =>
    Array.from(text.matchAll(REFERENCE), ([, file = '', name = '']): Shown => {
      return { line: at + 1, file, name: name.split(' › ').join(' > ') };
    }),
  );
}

/** Lines of requirements that name no test. */
export function bareRows(page: string): readonly number[] {
  const lines = page.split('\n');
  return lines.flatMap((text, at) => (ROW.test(text) && shownIn(text).length === 0 ? [at + 1] : []));
}

/**
 * What is wrong with the page. Of a file that did not run, only whether it is there.
 * @param exists whether such a file of tests is in the checkout
 * @param whole false: tests were chosen by name, so one that did not run says nothing
 */
export function contradictions(
  page: string,
  ran: readonly Ran[],
  exists: (file: string) => boolean,
  whole: boolean,
): readonly string[] {
  const files = new Map(
    ran.map(({ file, tests }) => [file, new Map(tests.map((test) => [plain(test.name), test.passed]))]),
  );
  const shown = shownIn(page);
  const nothing = shown.length === 0 ? ['docs/standards.md names no test'] : [];
  const bare = bareRows(page).map((line) => `docs/standards.md:${line} names no test`);
  const wrong = shown.flatMap(({ line, file, name }) => {
    const say = (what: string) => [`docs/standards.md:${line} names ${JSON.stringify(name)} of ${file}, ${what}`];
    const tests = files.get(file);
    if (tests === undefined) return exists(file) ? [] : say('which is no file of tests');
    const passed = tests.get(name);
    if (passed === undefined) return say('where no test of that name ran');
    return passed || !whole ? [] : say('which did not pass');
  });
  return [...nothing, ...bare, ...wrong];
}

/** Cases carry their line, and how far they came: both change without the case. */
const plain = (name: string) => name.replace(/ \(line \d+, [^()]*\)$/, '');
