/**
 * The bundle of a user's rules: an OPA bundle (`.manifest`, `policy.wasm`, `data.json`, the Rego sources) as a gzipped
 * tar archive. Read without OPA and without touching the disk; nothing in it is ever unpacked to a path.
 */
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createTar, parseTar } from 'nanotar';
import { z } from 'zod';
import type { RuleFile } from './judge.ts';

/** Bytes of an unpacked bundle: a large module has some 100 KiB, so this only stops an archive made to exhaust memory. */
export const MAX_UNPACKED = 32 * 1024 * 1024;

/** Name of a custom rule (contract 6). `decide` is the aggregator's own. */
export const RULE_NAME = /^(?!decide$)[a-z][a-z0-9_]*$/;

export interface Bundle {
  /** `sha256:…` of the module. The Rego sources beside it are for readers and decide nothing. */
  readonly digest: string;
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** The rules that `custom/decide` must say it ran, sorted by name; each file is a source in the bundle. */
  readonly rules: readonly RuleFile[];
}

export type ReadBundle =
  | { readonly ok: true; readonly bundle: Bundle }
  /** Each says what is wrong and what to do. */
  | { readonly ok: false; readonly problems: readonly string[] };

/** What audgate reads of the manifest. OPA's other members are allowed and ignored. */
const manifestForm = z.object({
  roots: z.array(z.literal('custom')).length(1),
  wasm: z.tuple([z.object({ entrypoint: z.literal('custom/decide'), module: z.literal('/policy.wasm') })]),
  metadata: z.object({
    audgate: z.object({
      rules: z.array(z.strictObject({ name: z.string().regex(RULE_NAME), file: z.string() })).min(1),
    }),
  }),
});

const REBUILD = 'Build it again with: audgate policy build DIR -o FILE';

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Reads a bundle that `writeBundle` wrote. Never throws for anything in the bytes. */
export function readBundle(bytes: Uint8Array): ReadBundle {
  const entries = unpack(bytes);
  if (typeof entries === 'string') return refused(entries);
  const wasm = entries.get('policy.wasm');
  const manifest = entries.get('.manifest');
  if (wasm === undefined || manifest === undefined) return refused('the bundle lacks policy.wasm or .manifest');
  const read = manifestForm.safeParse(parseJson(manifest));
  if (!read.success) {
    const issues = read.error.issues.map(({ path, message }) => `.manifest /${path.join('/')}: ${message}`);
    return refused(...issues);
  }
  const { rules } = read.data.metadata.audgate;
  const names = rules.map(({ name }) => name);
  const sorted = [...new Set(names)].sort();
  if (sorted.join() !== names.join()) return refused('.manifest: the rules are not sorted, or one is listed twice');
  const absent = rules.filter(({ file }) => !file.endsWith('.rego') || !entries.has(file));
  if (absent.length > 0) {
    return refused(...absent.map(({ name }) => `.manifest: the bundle holds no Rego file of the rule ${name}`));
  }
  return { ok: true, bundle: { digest: digestOf(wasm), wasm, rules } };
}

function refused(...problems: readonly string[]): ReadBundle {
  return { ok: false, problems: problems.map((problem) => `${problem}. ${REBUILD}`) };
}

/** The regular files of a gzipped tar archive by name without leading slash, or what is wrong with it. */
export function unpack(bytes: Uint8Array): ReadonlyMap<string, Uint8Array<ArrayBuffer>> | string {
  const entries = new Map<string, Uint8Array<ArrayBuffer>>();
  try {
    // A copy with a buffer of its own: a Buffer may be a view into a larger pool.
    const tar = new Uint8Array(gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED }));
    // The filter runs before the reader moves on, so that a size that is no size never makes it step backwards.
    const files = parseTar(tar, {
      filter: ({ size }) => {
        if (size === undefined || !Number.isInteger(size) || size < 0) throw new Error('an entry has no valid size');
        return true;
      },
    });
    for (const { name, type, data } of files) {
      const plain = name.replace(/^\/+/, '');
      if (type !== 'file' || !/^(\.manifest|policy\.wasm|data\.json|[\w./-]+\.rego)$/.test(plain))
        return `the bundle holds ${JSON.stringify(name)}, which has no place there`;
      if (entries.has(plain)) return `the bundle holds ${JSON.stringify(name)} twice`;
      entries.set(plain, new Uint8Array(data ?? []));
    }
  } catch (error) {
    return `the file is no bundle (${error instanceof Error ? error.message : 'unreadable'})`;
  }
  return entries;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

export interface BundleParts {
  readonly wasm: Uint8Array;
  /** Each file is one of `sources`. */
  readonly rules: readonly RuleFile[];
  /** Path in the bundle → Rego text. */
  readonly sources: ReadonlyMap<string, string>;
  readonly opa: string;
}

/** The tar header has room for so many bytes of a name. */
const MAX_NAME = 99;

/**
 * The same parts give the same bytes: no time, no owner, sorted names.
 * @throws when a source's path is longer than an archive can name
 */
export function writeBundle({ wasm, rules, sources, opa }: BundleParts): {
  readonly bytes: Uint8Array;
  readonly digest: string;
} {
  const digest = digestOf(wasm);
  const listed = rules.map(({ name, file }) => ({ name, file })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const manifest = {
    revision: digest,
    roots: ['custom'],
    wasm: [{ entrypoint: 'custom/decide', module: '/policy.wasm' }],
    rego_version: 1,
    metadata: { audgate: { rules: listed, digest, opa } },
  };
  const texts = new Map([['.manifest', JSON.stringify(manifest)], ['data.json', '{}'], ...sources]);
  const names = [...texts.keys(), 'policy.wasm'].sort();
  const long = names.find((name) => Buffer.byteLength(`/${name}`) > MAX_NAME);
  if (long !== undefined) throw new Error(`the path ${long} is longer than ${MAX_NAME} bytes; shorten it`);
  const attrs = { mtime: 0, uid: 0, gid: 0, user: '', group: '', mode: '644' };
  const files = names.map((name) => ({ name: `/${name}`, data: texts.get(name) ?? wasm, attrs }));
  return { digest, bytes: gzipSync(createTar(files), { level: 9 }) };
}
