/**
 * The bundle of a user's rules: an OPA bundle (`.manifest`, `policy.wasm`, `data.json`, the Rego sources, the registry's
 * files where they are packed with it, `.signatures.json`) as a gzipped tar archive. Read without OPA and without touching
 * the disk; nothing in it is ever unpacked to a path.
 */
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createTar } from 'nanotar';
import { z } from 'zod';
import { readJson } from '../json/read.ts';
import { SIGNATURES, type SigningKey, sign, verifySignature } from './bundle-signature.ts';
import { denialLines } from './denial-lines.ts';
import type { CustomRule } from './judge.ts';
import { readTar } from './tar.ts';

/** Bytes of an unpacked bundle: a large module has some 100 KiB, so this only stops an archive made to exhaust memory. */
export const MAX_UNPACKED = 32 * 1024 * 1024;

/** Name of a custom rule (contract 6). `decide` is the aggregator's own. */
export const RULE_NAME = /^(?!decide$)[a-z][a-z0-9_]*$/;

export interface Bundle {
  /** `sha256:…` of the module. The Rego sources beside it are for readers and decide nothing. */
  readonly digest: string;
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** The rules that `custom/decide` must say it ran, sorted by name; each file is a source in the bundle. */
  readonly rules: readonly CustomRule[];
  /** Where each rule's file writes its codes, by rule: lines by code. */
  readonly denials: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** What its author called this version. It proves nothing. */
  readonly revision: string | null;
  /** Packed with the rules, by name below `registry/`, sorted; null: the bundle holds none. Never data of the module. */
  readonly registry: Files | null;
}

/** By path in the bundle, without leading slash. */
export type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

export type ReadBundle =
  | { readonly ok: true; readonly bundle: Bundle }
  /** Each says what is wrong and what to do. */
  | { readonly ok: false; readonly problems: readonly string[] };

/** What audgate reads of the manifest. OPA's other members are allowed and ignored. */
const manifestForm = z.object({
  revision: z.string().max(255).optional(),
  roots: z.array(z.literal('custom')).length(1),
  wasm: z.tuple([z.object({ entrypoint: z.literal('custom/decide'), module: z.literal('/policy.wasm') })]),
  metadata: z.object({
    audgate: z.object({
      rules: z
        .array(
          z.strictObject({
            name: z.string().regex(RULE_NAME),
            file: z.string(),
            enforcement: z.enum(['deny', 'report']).default('deny'),
          }),
        )
        .min(1),
      /** Of the module and of the registry: a manifest of one version beside files of another is found out. */
      digest: z.string().optional(),
      registry: z.string().optional(),
    }),
  }),
});

/** Where the packed registry stands. */
const REGISTRY = 'registry/';
/** Levels of nesting of a manifest. */
const MAX_DEPTH = 32;

const REBUILD = 'Build it again with: audgate policy build DIR -o FILE';

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Unpacks, verifies and reads. Never throws for anything in the bytes. @param signing null: it must not be signed */
export async function openBundle(bytes: Uint8Array, signing: SigningKey | null): Promise<ReadBundle> {
  const entries = unpack(bytes);
  return typeof entries === 'string' ? refused(entries) : openFiles(entries, signing);
}

/** The same of files that are unpacked already. What nobody vouches for is not even looked at. */
export async function openFiles(entries: Files, signing: SigningKey | null): Promise<ReadBundle> {
  const problems = await verifySignature(entries, signing);
  return problems.length > 0 ? { ok: false, problems: problems.map((one) => `${one}.`) } : readFiles(entries);
}

/** Reads a bundle that `writeBundle` wrote, and does not look whether it is signed. Never throws for anything in the bytes. */
export function readBundle(bytes: Uint8Array): ReadBundle {
  const entries = unpack(bytes);
  return typeof entries === 'string' ? refused(entries) : readFiles(entries);
}

function readFiles(entries: Files): ReadBundle {
  const wasm = entries.get('policy.wasm');
  const manifest = entries.get('.manifest');
  if (wasm === undefined || manifest === undefined) {
    const lacking = ['policy.wasm', '.manifest'].filter((name) => !entries.has(name));
    return refused(`the bundle lacks ${lacking.join(' and ')}`);
  }
  const json = readJson(manifest, { depth: MAX_DEPTH });
  if (!json.ok) return refused(`.manifest is no well-formed JSON (${json.problems[0]?.message ?? 'unreadable'})`);
  const read = manifestForm.safeParse(json.value);
  if (!read.success) {
    const issues = read.error.issues.map(({ path, message }) => `.manifest /${path.join('/')}: ${message}`);
    return refused(...issues);
  }
  const { revision = null, metadata } = read.data;
  const { rules, digest = digestOf(wasm) } = metadata.audgate;
  const names = rules.map(({ name }) => name);
  const sorted = [...new Set(names)].sort();
  if (sorted.join() !== names.join()) return refused('.manifest: the rules are not sorted, or one is listed twice');
  const absent = rules.filter(({ file }) => !file.endsWith('.rego') || !entries.has(file));
  if (absent.length > 0) {
    return refused(...absent.map(({ name }) => `.manifest: the bundle holds no Rego file of the rule ${name}`));
  }
  const misnamed = rules.filter(({ name, file }) => !declares(entries.get(file), name));
  if (misnamed.length > 0) {
    return refused(
      ...misnamed.map(({ name, file }) => `the file ${file} of the rule ${name} is not package custom.${name}`),
    );
  }
  if (digest !== digestOf(wasm)) {
    return refused(`.manifest: the module has digest ${digestOf(wasm)}, and the manifest was written for another`);
  }
  const registry = registryOf(entries);
  const [found, written] = [registry && digestOfFiles(registry), metadata.audgate.registry ?? null];
  if (found !== written) {
    return refused(
      `.manifest: the files in ${REGISTRY} have digest ${found ?? 'none'}, and the manifest was written for ${written ?? 'none'}`,
    );
  }
  const textOf = (file: string) => new TextDecoder().decode(entries.get(file));
  const denials = new Map(rules.map(({ name, file }) => [name, denialLines(textOf(file))]));
  return { ok: true, bundle: { digest, wasm, rules, denials, revision, registry } };
}

/** Read as text: it tells a nested package from the rule's own, and decides nothing. */
function declares(source: Uint8Array | undefined, rule: string): boolean {
  const text = new TextDecoder().decode(source);
  return /^package[ \t]+([^\s#]+)/m.exec(text)?.[1] === `custom.${rule}`;
}

function registryOf(entries: Files): Files | null {
  const files = [...entries].filter(([name]) => name.startsWith(REGISTRY)).sort(([a], [b]) => (a < b ? -1 : 1));
  return files.length === 0 ? null : new Map(files.map(([name, bytes]) => [name.slice(REGISTRY.length), bytes]));
}

function digestOfFiles(files: ReadonlyMap<string, Uint8Array>): string {
  const lines = [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, bytes]) => `${name} ${digestOf(bytes)}\n`);
  return digestOf(new TextEncoder().encode(lines.join('')));
}

function refused(...problems: readonly string[]): ReadBundle {
  return { ok: false, problems: problems.map((problem) => `${problem}. ${REBUILD}`) };
}

/** The regular files of a gzipped tar archive by name without leading slash, or what is wrong with it. */
export function unpack(bytes: Uint8Array): Files | string {
  let tar: Uint8Array<ArrayBuffer>;
  try {
    // A copy with a buffer of its own: a Buffer may be a view into a larger pool.
    tar = new Uint8Array(gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED }));
  } catch (error) {
    return `the file is no bundle: ${whyPacked(bytes, error)}`;
  }
  const files = readTar(tar);
  if (typeof files === 'string') return `the file is no bundle: ${files}`;
  const entries = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const { name, data } of files) {
    const plain = name.replace(/^\//, '');
    const misplaced = misplacedIn(plain);
    if (misplaced !== null) return `the bundle holds ${JSON.stringify(name)}, ${misplaced}`;
    if (entries.has(plain)) return `the bundle holds ${JSON.stringify(name)} twice`;
    entries.set(plain, data);
  }
  return entries;
}

function whyPacked(bytes: Uint8Array, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (bytes.length === 0) return 'it is empty';
  if (code === 'ERR_BUFFER_TOO_LARGE') return `it unpacks to more than ${MAX_UNPACKED / 1024 / 1024} MiB`;
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return 'it is not compressed with gzip';
  return code === 'Z_BUF_ERROR' ? 'it is cut off: the compressed data ends early' : 'its compressed data is damaged';
}

/** @returns null for a name that a bundle may hold */
export function misplacedIn(name: string): string | null {
  const parts = name.split('/');
  if (parts.includes('..')) return 'a path that climbs out of the bundle';
  if (parts.includes('') || parts.includes('.')) return 'a path with a part that names nothing';
  if (name.startsWith(REGISTRY) && name.endsWith('.rego'))
    return `which has no place there: ${REGISTRY} holds YAML or JSON`;
  const known =
    /^(\.manifest|\.signatures\.json|policy\.wasm|data\.json|registry\/[\w-][\w.-]*\.(ya?ml|json)|[\w./-]+\.rego)$/;
  return known.test(name) ? null : 'which has no place there';
}

export interface BundleParts {
  readonly wasm: Uint8Array;
  /** Each file is one of `sources`. */
  readonly rules: readonly CustomRule[];
  /** Path in the bundle → Rego text. */
  readonly sources: ReadonlyMap<string, string>;
  readonly opa: string;
  /** Name below `registry/` → content; absent: none is packed. */
  readonly registry?: ReadonlyMap<string, Uint8Array> | undefined;
}

/** The tar header has room for so many bytes of a name. */
const MAX_NAME = 99;

/**
 * The same parts give the same bytes: no time, no owner, sorted names.
 * @throws when a source's path is longer than an archive can name
 */
export function writeBundle(parts: BundleParts): { readonly bytes: Uint8Array; readonly digest: string } {
  return { digest: digestOf(parts.wasm), bytes: pack(filesOf(parts)) };
}

/** The same, signed. The bytes repeat where the algorithm does (RS…): ES… and PS… signatures never do. */
export async function writeSigned(
  parts: BundleParts,
  key: SigningKey,
): Promise<{ readonly bytes: Uint8Array; readonly digest: string }> {
  const files = filesOf(parts);
  const signatures = new TextEncoder().encode(await sign(files, key));
  return { digest: digestOf(parts.wasm), bytes: pack(new Map([...files, [SIGNATURES, signatures]])) };
}

function filesOf({ wasm, rules, sources, opa, registry }: BundleParts): ReadonlyMap<string, Uint8Array> {
  const digest = digestOf(wasm);
  const packed = registry && digestOfFiles(registry);
  const listed = rules.map((rule) => ({ ...rule })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const manifest = {
    revision: packed === undefined ? digest : digestOf(new TextEncoder().encode(`${digest}\n${packed}`)),
    roots: ['custom'],
    wasm: [{ entrypoint: 'custom/decide', module: '/policy.wasm' }],
    rego_version: 1,
    metadata: { audgate: { rules: listed, digest, opa, ...(packed !== undefined && { registry: packed }) } },
  };
  const texts = new Map([['.manifest', JSON.stringify(manifest)], ['data.json', '{}'], ...sources]);
  const encoder = new TextEncoder();
  const all: readonly (readonly [string, Uint8Array])[] = [
    ...[...texts].map(([name, text]) => [name, encoder.encode(text)] as const),
    ...[...(registry ?? [])].map(([name, bytes]) => [`${REGISTRY}${name}`, bytes] as const),
    ['policy.wasm', wasm],
  ];
  return new Map(all.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function pack(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const names = [...files.keys()].sort();
  const long = names.find((name) => Buffer.byteLength(`/${name}`) > MAX_NAME);
  if (long !== undefined) throw new Error(`the path ${long} is longer than ${MAX_NAME} bytes; shorten it`);
  const attrs = { mtime: 0, uid: 0, gid: 0, user: '', group: '', mode: '644' };
  const entries = names.map((name) => ({ name: `/${name}`, data: files.get(name) ?? new Uint8Array(), attrs }));
  // The library leaves the two closing blocks out where the files fill its last record to the end.
  const tar = Buffer.concat([createTar(entries), new Uint8Array(1024)]);
  return gzipSync(tar, { level: 9 });
}
