import { gzipSync } from 'node:zlib';
import { createTar } from 'nanotar';
import { describe, expect, test } from 'vitest';
import { digestOf, MAX_UNPACKED, readBundle, writeBundle } from '../../src/policy/bundle.ts';

const WASM = new TextEncoder().encode('\0asm stands for a module');
const manifest = (rules: readonly unknown[], more: object = {}) =>
  JSON.stringify({
    roots: ['custom'],
    wasm: [{ entrypoint: 'custom/decide', module: '/policy.wasm' }],
    metadata: { audgate: { rules } },
    ...more,
  });
const GOOD = { '.manifest': manifest(['a']), 'policy.wasm': WASM };

const archive = (files: Readonly<Record<string, string | Uint8Array>>) =>
  createTar(Object.entries(files).map(([name, data]) => ({ name, data })));
const packed = (files: Readonly<Record<string, string | Uint8Array>>) => gzipSync(archive(files));

function problemsOf(bytes: Uint8Array): string {
  const read = readBundle(bytes);
  return read.ok ? 'none' : read.problems.join('\n');
}

test('what is written is read', () => {
  const sources = new Map([['team/a.rego', 'package custom.a\n']]);
  const { bytes, digest } = writeBundle({ wasm: WASM, rules: ['b', 'a'], sources, opa: '1.22.2' });
  const read = readBundle(bytes);
  if (!read.ok) throw new Error(read.problems.join());
  expect(read.bundle.rules).toEqual(['a', 'b']);
  expect(read.bundle.digest).toBe(digest);
  expect(digestOf(read.bundle.wasm)).toBe(digest);
  expect(readBundle(packed(GOOD)).ok).toBe(true);
});

test('a module of a megabyte of the same parts is the same bytes', () => {
  const parts = { wasm: new Uint8Array(1 << 20).fill(7), rules: ['a'], sources: new Map(), opa: '1.22.2' };
  expect(Buffer.compare(writeBundle(parts).bytes, writeBundle(parts).bytes)).toBe(0);
});

test('a path that an archive cannot name is a bug, not a shorter path', () => {
  const sources = new Map([[`${'x'.repeat(100)}.rego`, '']]);
  expect(() => writeBundle({ wasm: WASM, rules: ['a'], sources, opa: '1.22.2' })).toThrow('longer than');
});

describe('refused', () => {
  test.each([
    ['nothing', new Uint8Array(), 'no bundle'],
    ['a text', new TextEncoder().encode('hello'), 'no bundle'],
    ['an empty archive', gzipSync(new Uint8Array(10240)), 'lacks policy.wasm'],
    ['noise in gzip', gzipSync(new Uint8Array(2048).fill(200)), 'build DIR'],
    ['a cut archive', packed(GOOD).subarray(0, 60), 'no bundle'],
    ['more than it may unpack to', gzipSync(new Uint8Array(MAX_UNPACKED + 1)), 'no bundle'],
    ['no manifest', packed({ 'policy.wasm': WASM }), 'lacks'],
    ['no module', packed({ '.manifest': manifest(['a']) }), 'lacks'],
    ['a manifest that is no JSON', packed({ ...GOOD, '.manifest': '{' }), '.manifest'],
    ['a manifest without rules', packed({ ...GOOD, '.manifest': manifest([]) }), '.manifest'],
    ['a rule named decide', packed({ ...GOOD, '.manifest': manifest(['decide']) }), '.manifest'],
    ['a rule named oddly', packed({ ...GOOD, '.manifest': manifest(['A b']) }), '.manifest'],
    ['a rule listed twice', packed({ ...GOOD, '.manifest': manifest(['a', 'a']) }), 'twice'],
    ['rules out of order', packed({ ...GOOD, '.manifest': manifest(['b', 'a']) }), 'not sorted'],
    ['another root', packed({ ...GOOD, '.manifest': manifest(['a'], { roots: [''] }) }), 'roots'],
    [
      'another entrypoint',
      packed({ ...GOOD, '.manifest': manifest(['a'], { wasm: [{ entrypoint: 'x', module: '/policy.wasm' }] }) }),
      'entrypoint',
    ],
    ['two modules', packed({ ...GOOD, 'other.wasm': WASM }), 'no place'],
    [
      'the module twice',
      gzipSync(
        createTar([...Object.entries(GOOD), ['/policy.wasm', WASM] as const].map(([name, data]) => ({ name, data }))),
      ),
      'twice',
    ],
    ['a program', packed({ ...GOOD, 'run.sh': 'x' }), 'no place'],
    [
      'a folder',
      gzipSync(createTar([...Object.entries(GOOD).map(([name, data]) => ({ name, data })), { name: 'x' }])),
      'no place',
    ],
  ])('%s', (_, bytes, problem) => {
    expect(problemsOf(bytes)).toContain(problem);
  });

  test('an entry whose size steps backwards does not hold the reader for ever', () => {
    const tar = archive({ 'data.json': '{}', ...GOOD });
    tar.set(new TextEncoder().encode('-0000002000\0'), 124);
    expect(problemsOf(gzipSync(tar))).toContain('no valid size');
  });
});
