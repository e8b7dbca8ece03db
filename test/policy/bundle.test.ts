import { gzipSync } from 'node:zlib';
import { createTar } from 'nanotar';
import { describe, expect, test } from 'vitest';
import { digestOf, MAX_UNPACKED, readBundle } from '../../src/policy/bundle.ts';
import { writeBundle } from '../../src/policy/bundle-write.ts';

const WASM = new TextEncoder().encode('\0asm stands for a module');
const manifest = (rules: readonly unknown[], more: object = {}) =>
  JSON.stringify({
    roots: ['custom'],
    wasm: [{ entrypoint: 'custom/decide', module: '/policy.wasm' }],
    metadata: { audgate: { rules } },
    ...more,
  });
const ruleOf = (name: string, file = `${name}.rego`) => ({ name, file, enforcement: 'deny' as const });
const A = ruleOf('a');
const GOOD = { '.manifest': manifest([A]), 'policy.wasm': WASM, 'a.rego': 'package custom.a\n' };

const archive = (files: Readonly<Record<string, string | Uint8Array>>) =>
  createTar(Object.entries(files).map(([name, data]) => ({ name, data })));
const packed = (files: Readonly<Record<string, string | Uint8Array>>) => gzipSync(archive(files));

function problemsOf(bytes: Uint8Array): string {
  const read = readBundle(bytes);
  return read.ok ? 'none' : read.problems.join('\n');
}

test('what is written is read', () => {
  const sources = new Map([
    ['team/a.rego', 'package custom.a\n'],
    ['b.rego', 'package custom.b\n'],
  ]);
  const rules = [ruleOf('b'), ruleOf('a', 'team/a.rego')];
  const { bytes, digest } = writeBundle({ wasm: WASM, rules, sources, opa: '1.22.2' });
  const read = readBundle(bytes);
  if (!read.ok) throw new Error(read.problems.join());
  expect(read.bundle.custom?.rules).toEqual([ruleOf('a', 'team/a.rego'), ruleOf('b')]);
  expect(read.bundle.custom?.digest).toBe(digest);
  expect(digestOf(read.bundle.custom?.wasm ?? new Uint8Array())).toBe(digest);
  expect(readBundle(packed(GOOD)).ok).toBe(true);
});

test('a module of a megabyte of the same parts is the same bytes', () => {
  const parts = { wasm: new Uint8Array(1 << 20).fill(7), rules: [A], sources: new Map(), opa: '1.22.2' };
  expect(Buffer.compare(writeBundle(parts).bytes, writeBundle(parts).bytes)).toBe(0);
});

test('a path that an archive cannot name is a bug, not a shorter path', () => {
  const sources = new Map([[`${'x'.repeat(100)}.rego`, '']]);
  expect(() => writeBundle({ wasm: WASM, rules: [A], sources, opa: '1.22.2' })).toThrow('longer than');
});

describe('refused', () => {
  test.each([
    ['nothing', new Uint8Array(), 'no bundle'],
    ['a text', new TextEncoder().encode('hello'), 'no bundle'],
    ['an empty archive', gzipSync(new Uint8Array(10240)), 'lacks policy.wasm'],
    ['noise in gzip', gzipSync(new Uint8Array(2048).fill(200)), 'build DIR'],
    ['a cut archive', packed(GOOD).subarray(0, 60), 'no bundle'],
    ['more than it may unpack to', gzipSync(new Uint8Array(MAX_UNPACKED + 1)), 'no bundle'],
    ['bytes behind the compressed data', Buffer.concat([packed(GOOD), new Uint8Array(1)]), 'goes on after'],
    ['an archive behind zeros', Buffer.concat([packed(GOOD), new Uint8Array(8), packed(GOOD)]), 'goes on after'],
    ['no manifest', packed({ 'policy.wasm': WASM }), 'lacks'],
    ['no module', packed({ '.manifest': manifest([A]) }), 'lacks'],
    ['a manifest that is no JSON', packed({ ...GOOD, '.manifest': '{' }), '.manifest'],
    ['a manifest without rules', packed({ ...GOOD, '.manifest': manifest([]) }), '.manifest'],
    ['a rule named decide', packed({ ...GOOD, '.manifest': manifest([ruleOf('decide', 'a.rego')]) }), '.manifest'],
    ['a rule named oddly', packed({ ...GOOD, '.manifest': manifest([ruleOf('A b', 'a.rego')]) }), '.manifest'],
    ['a rule listed twice', packed({ ...GOOD, '.manifest': manifest([A, A]) }), 'twice'],
    ['rules out of order', packed({ ...GOOD, '.manifest': manifest([ruleOf('b', 'a.rego'), A]) }), 'not sorted'],
    ['a rule without its file', packed({ ...GOOD, '.manifest': manifest(['a']) }), '.manifest'],
    [
      'a rule of a file that is not there',
      packed({ ...GOOD, '.manifest': manifest([ruleOf('a', 'b.rego')]) }),
      'rule a',
    ],
    [
      'a rule of a file that is no Rego',
      packed({ ...GOOD, '.manifest': manifest([ruleOf('a', 'policy.wasm')]) }),
      'rule a',
    ],
    ['more of a rule than is known', packed({ ...GOOD, '.manifest': manifest([{ ...A, x: 1 }]) }), '.manifest'],
    ['another root', packed({ ...GOOD, '.manifest': manifest([A], { roots: [''] }) }), 'roots'],
    [
      'another entrypoint',
      packed({ ...GOOD, '.manifest': manifest([A], { wasm: [{ entrypoint: 'x', module: '/policy.wasm' }] }) }),
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
    // The header's checksum is right again, so that it is the size that is refused.
    tar.fill(32, 148, 156);
    const sum = tar.subarray(0, 512).reduce((all, byte) => all + byte, 0);
    tar.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
    expect(problemsOf(gzipSync(tar))).toContain('no valid size');
  });
});
