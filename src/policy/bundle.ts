/**
 * The bundle of a user's rules: an OPA bundle (`.manifest`, `policy.wasm`, `data.json`, the Rego sources, the registry's
 * files where they are packed with it, `.signatures.json`) as a gzipped tar archive. Read without OPA and without touching
 * the disk; nothing in it is ever unpacked to a path.
 */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { readJson } from '../json/read.ts';
import { type SigningKey, verifySignature } from './bundle-signature.ts';
import { denialLines } from './denial-lines.ts';
import type { CustomRule } from './judge.ts';
import { readTar } from './tar.ts';

/** Bytes of an unpacked bundle: a large module has some 100 KiB, so this only stops an archive made to exhaust memory. */
export const MAX_UNPACKED = 32 * 1024 * 1024;

/** Name of a custom rule (contract 6). `decide` is the aggregator's own. */
export const RULE_NAME = /^(?!decide$)[a-z][a-z0-9_]*$/;

export interface Bundle {
  /** Null: the bundle holds a registry alone. */
  readonly custom: PackedRules | null;
  /** What its author called this version. It proves nothing. */
  readonly revision: string | null;
  /** Packed with the rules, by name below `registry/`, sorted; null: the bundle holds none. Never data of the module. */
  readonly registry: Files | null;
}

export interface PackedRules {
  /** `sha256:…` of the module. The Rego sources beside it are for readers and decide nothing. */
  readonly digest: string;
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** The rules that `custom/decide` must say it ran, sorted by name; each file is a source in the bundle. */
  readonly rules: readonly CustomRule[];
  /** Where each rule's file writes its codes, by rule: lines by code. */
  readonly denials: ReadonlyMap<string, ReadonlyMap<string, number>>;
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
  /** None in a bundle that holds a registry alone. */
  wasm: z
    .array(z.object({ entrypoint: z.literal('custom/decide'), module: z.literal('/policy.wasm') }))
    .max(1)
    .default([]),
  metadata: z.object({
    audgate: z.object({
      rules: z.array(
        z.strictObject({
          name: z.string().regex(RULE_NAME),
          file: z.string(),
          enforcement: z.enum(['deny', 'report']).default('deny'),
        }),
      ),
      /** Of the module and of the registry: a manifest of one version beside files of another is found out. */
      digest: z.string().optional(),
      registry: z.string().optional(),
    }),
  }),
});

const MODULE = 'policy.wasm';
/** Where the packed registry stands. */
export const REGISTRY = 'registry/';
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

/** Reads a bundle, and does not look whether it is signed. Never throws for anything in the bytes. */
export function readBundle(bytes: Uint8Array): ReadBundle {
  const entries = unpack(bytes);
  return typeof entries === 'string' ? refused(entries) : readFiles(entries);
}

function readFiles(entries: Files): ReadBundle {
  const manifest = entries.get('.manifest');
  if (manifest === undefined)
    return refused(`the bundle lacks ${entries.has(MODULE) ? '' : `${MODULE} and `}.manifest`);
  const json = readJson(manifest, { depth: MAX_DEPTH });
  if (!json.ok) return refused(`.manifest is no well-formed JSON (${json.problems[0]?.message ?? 'unreadable'})`);
  const read = manifestForm.safeParse(json.value);
  if (!read.success) {
    const issues = read.error.issues.map(({ path, message }) => `.manifest /${path.join('/')}: ${message}`);
    return refused(...issues);
  }
  const registry = registryOf(entries);
  const written = read.data.metadata.audgate.registry ?? null;
  const custom = read.data.metadata.audgate.rules.length === 0 ? noRules(entries) : rulesOf(entries, read.data);
  if (Array.isArray(custom)) return refused(...custom);
  const found = registry && digestOfFiles(registry);
  if (found !== written) {
    return refused(
      `.manifest: the files in ${REGISTRY} have digest ${found ?? 'none'}, and the manifest was written for ${written ?? 'none'}`,
    );
  }
  if (custom === null && registry === null) return refused('the bundle holds neither rules nor a registry');
  return { ok: true, bundle: { custom, revision: read.data.revision ?? null, registry } };
}

/** @returns what is wrong, in the middle of sentences, or null */
function noRules(entries: Files): string[] | null {
  // Whoever put rules into it meant them to run.
  const idle = [...entries.keys()].filter((name) => name === MODULE || name.endsWith('.rego'));
  return idle.length === 0 ? null : idle.map((name) => `.manifest: it lists no rule, and the bundle holds ${name}`);
}

/** @returns or what is wrong, in the middle of sentences */
function rulesOf(entries: Files, manifest: z.output<typeof manifestForm>): PackedRules | string[] {
  const wasm = entries.get(MODULE);
  if (wasm === undefined) return [`the bundle lacks ${MODULE}`];
  if (manifest.wasm.length === 0) return ['.manifest /wasm: it names no entrypoint custom/decide for its rules'];
  const { rules, digest = digestOf(wasm) } = manifest.metadata.audgate;
  const names = rules.map(({ name }) => name);
  const sorted = [...new Set(names)].sort();
  if (sorted.join() !== names.join()) return ['.manifest: the rules are not sorted, or one is listed twice'];
  const absent = rules.filter(({ file }) => !file.endsWith('.rego') || !entries.has(file));
  if (absent.length > 0)
    return absent.map(({ name }) => `.manifest: the bundle holds no Rego file of the rule ${name}`);
  const misnamed = rules.filter(({ name, file }) => !declares(entries.get(file), name));
  if (misnamed.length > 0)
    return misnamed.map(({ name, file }) => `the file ${file} of the rule ${name} is not package custom.${name}`);
  if (digest !== digestOf(wasm))
    return [`.manifest: the module has digest ${digestOf(wasm)}, and the manifest was written for another`];
  const textOf = (file: string) => new TextDecoder().decode(entries.get(file));
  const denials = new Map(rules.map(({ name, file }) => [name, denialLines(textOf(file))]));
  return { digest, wasm, rules, denials };
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

export function digestOfFiles(files: ReadonlyMap<string, Uint8Array>): string {
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
    const unpacked = gunzip(bytes);
    // Zeros end the reading of members silently, whatever stands behind them.
    if (unpacked.read !== bytes.length) return 'the file is no bundle: it goes on after its compressed data';
    ({ tar } = unpacked);
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

/** @throws as zlib does */
function gunzip(bytes: Uint8Array): { readonly tar: Uint8Array<ArrayBuffer>; readonly read: number } {
  const unpacked: object = gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED, info: true });
  // Its types do not say what `info` gives.
  const { buffer, engine } = unpacked as { buffer: Uint8Array; engine: { bytesWritten: number } };
  // A copy with a buffer of its own: a Buffer may be a view into a larger pool.
  return { tar: new Uint8Array(buffer), read: engine.bytesWritten };
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
