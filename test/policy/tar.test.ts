import { createTar } from 'nanotar';
import { describe, expect, test } from 'vitest';
import { readTar } from '../../src/policy/tar.ts';

const GOOD = () =>
  createTar([
    { name: '/a.rego', data: 'package custom.a\n' },
    { name: 'b/c.rego', data: 'x' },
  ]);

/** A header of the first entry with other bytes in it, and its checksum right again unless told otherwise. */
function varied(at: number, bytes: string, sum = true): Uint8Array<ArrayBuffer> {
  const tar = new Uint8Array(GOOD());
  tar.set(Buffer.from(bytes, 'latin1'), at);
  if (!sum) return tar;
  tar.fill(32, 148, 156);
  const all = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  tar.set(Buffer.from(`${all.toString(8).padStart(6, '0')}\0 `), 148);
  return tar;
}

test('files are read by the names of their headers, with their own bytes', () => {
  const files = readTar(new Uint8Array(GOOD()));
  if (typeof files === 'string') throw new Error(files);
  expect(files.map(({ name, data }) => [name, Buffer.from(data).toString()])).toEqual([
    ['/a.rego', 'package custom.a\n'],
    ['b/c.rego', 'x'],
  ]);
});

describe('refused', () => {
  test.each([
    ['too short', new Uint8Array(100), 'too short'],
    ['a wrong checksum', varied(0, 'Z', false), 'wrong checksum'],
    ['a symbolic link', varied(156, '2'), '"/a.rego" is a symbolic link'],
    ['a hard link', varied(156, '1'), 'is a hard link'],
    ['a folder', varied(156, '5'), 'is a folder'],
    ['an extended header, which renames the next file', varied(156, 'x'), 'is an extended header'],
    ['an unknown kind', varied(156, 'q'), 'an unknown kind'],
    ['a size below zero', varied(124, '-0000000020\0'), 'no valid size'],
    ['a size of base 256', varied(124, '\x80\0\0\0\0\0\0\0\0\0\0\x01'), 'no valid size'],
    ['a size beyond the archive', varied(124, '77777777777\0'), 'is cut off'],
    ['a name that is not UTF-8', varied(1, '\xff'), 'not UTF-8'],
    [
      'files behind the closing block',
      new Uint8Array(Buffer.concat([GOOD(), new Uint8Array(1024), GOOD()])),
      'goes on after its closing block',
    ],
    ['no closing block', new Uint8Array(GOOD()).slice(0, 1024), 'without its closing block'],
  ])('%s', (_, tar, problem) => {
    expect(readTar(tar)).toContain(problem);
  });

  test('more files than a policy has', () => {
    const many = Array.from({ length: 2001 }, (_, at) => ({ name: `${at}.rego`, data: '' }));
    expect(readTar(new Uint8Array(createTar(many)))).toContain('more than 2000 files');
  });
});
