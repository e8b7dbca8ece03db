/** A bundle from a path that is none. */
import { expect, test } from 'vitest';
import { pathBundle } from '../../src/sources/bundle.ts';

test.each([
  ['a device, which may never end', '/dev/zero', 'is neither a file nor a folder'],
  ['nothing', '/nowhere/rules.tar.gz', 'ENOENT'],
])('%s is refused, and read no further', async (_, path, problem) => {
  const source = pathBundle(path, undefined, () => 0);
  const { read, refused } = await source.offer();
  if (read.ok) throw new Error('taken');
  expect(read.problems.join()).toContain(problem);
  expect(refused(read.problems)).toBe(false);
  expect(source.status()).toMatchObject({
    revision: null,
    last_error: { problems: [expect.stringContaining(problem)] },
  });
});
