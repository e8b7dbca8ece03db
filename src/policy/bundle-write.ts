/** Rules and registry → the bytes of a bundle, signed if wanted. */
import { gzipSync } from 'node:zlib';
import { createTar } from 'nanotar';
import { digestOf, digestOfFiles, REGISTRY } from './bundle.ts';
import { SIGNATURES, type SigningKey, sign } from './bundle-signature.ts';
import type { CustomRule } from './judge.ts';

export interface ModuleParts {
  readonly wasm: Uint8Array;
  /** Each file is one of `sources`. */
  readonly rules: readonly CustomRule[];
  /** Path in the bundle → Rego text. */
  readonly sources: ReadonlyMap<string, string>;
  readonly opa: string;
  /** Name below `registry/` → content; absent: none is packed. */
  readonly registry?: ReadonlyMap<string, Uint8Array> | undefined;
}

/** A registry alone. */
export type RegistryParts = Required<Pick<ModuleParts, 'registry'>> & {
  readonly registry: ReadonlyMap<string, Uint8Array>;
};

export type BundleParts = ModuleParts | RegistryParts;

export interface Written {
  readonly bytes: Uint8Array;
  /** Of the module; of the registry where it is alone. */
  readonly digest: string;
}

/** The tar header has room for so many bytes of a name. */
const MAX_NAME = 99;

/**
 * The same parts give the same bytes: no time, no owner, sorted names.
 * @throws when a source's path is longer than an archive can name
 */
export function writeBundle(parts: BundleParts): Written {
  const { files, digest } = filesOf(parts);
  return { digest, bytes: pack(files) };
}

/** The same, signed. The bytes repeat where the algorithm does (RS…): ES… and PS… signatures never do. */
export async function writeSigned(parts: BundleParts, key: SigningKey): Promise<Written> {
  const { files, digest } = filesOf(parts);
  const signatures = new TextEncoder().encode(await sign(files, key));
  return { digest, bytes: pack(new Map([...files, [SIGNATURES, signatures]])) };
}

function filesOf(parts: BundleParts): { readonly files: ReadonlyMap<string, Uint8Array>; readonly digest: string } {
  const { registry } = parts;
  const packed = registry && digestOfFiles(registry);
  const module = 'wasm' in parts ? moduleOf(parts) : null;
  const digests = [module?.digest, packed].filter((digest) => digest !== undefined);
  const [digest = '', ...more] = digests;
  const encoder = new TextEncoder();
  const manifest = {
    revision: more.length === 0 ? digest : digestOf(encoder.encode(digests.join('\n'))),
    roots: ['custom'],
    ...(module && { wasm: [{ entrypoint: 'custom/decide', module: '/policy.wasm' }] }),
    rego_version: 1,
    metadata: {
      audgate: {
        rules: module?.rules ?? [],
        ...(module && { digest, opa: module.opa }),
        ...(packed !== undefined && { registry: packed }),
      },
    },
  };
  const texts = new Map([['.manifest', JSON.stringify(manifest)], ['data.json', '{}'], ...(module?.sources ?? [])]);
  const all: readonly (readonly [string, Uint8Array])[] = [
    ...[...texts].map(([name, text]) => [name, encoder.encode(text)] as const),
    ...[...(registry ?? [])].map(([name, bytes]) => [`${REGISTRY}${name}`, bytes] as const),
    ...(module === null ? [] : [['policy.wasm', module.wasm] as const]),
  ];
  return { digest, files: new Map(all.toSorted(([a], [b]) => (a < b ? -1 : 1))) };
}

function moduleOf({ wasm, rules, sources, opa }: ModuleParts) {
  const listed = rules.map((rule) => ({ ...rule })).sort((a, b) => (a.name < b.name ? -1 : 1));
  return { digest: digestOf(wasm), wasm, rules: listed, sources, opa };
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
