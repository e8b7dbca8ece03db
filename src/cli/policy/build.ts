/** `audgate policy build`: custom rules, a registry, or both → a bundle for `--bundle`. */
import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { misplacedIn, readBundle } from '../../policy/bundle.ts';
import type { SigningKey } from '../../policy/bundle-signature.ts';
import { type ModuleParts, writeBundle, writeSigned } from '../../policy/bundle-write.ts';
import { type BuiltBundle, buildPolicies } from '../../policy/custom.ts';
import { loadRegistry, registryFiles } from '../../registry/load.ts';
import { MAX_BUNDLE } from '../../sources/download.ts';
import { EXIT, type Exit, type Host } from '../host.ts';
import { type Add, examples, once } from '../options.ts';
import { allThere } from '../paths.ts';
import { printProblems } from '../problems.ts';
import { print, shown } from '../terminal.ts';
import { printRegoProblems } from './problems.ts';
import { readKey, type SigningFlags, signingOptions } from './signing.ts';
import { toolchain } from './toolchain.ts';

interface Flags extends SigningFlags {
  readonly output: string;
  readonly registry?: string;
  readonly signingKey?: string;
}

export const addBuild: Add = (group, host, finish) => {
  const command = group
    .command('build')
    .description(
      'Check custom rules, a registry, or both, and build them into an OPA bundle. Nothing with a problem is built.',
    )
    .argument('[dir]', 'folder of Rego files; without it the bundle holds the registry alone, and no OPA is needed')
    .addOption(once('-o, --output <file>', 'bundle to write').makeOptionMandatory())
    .addOption(once('--registry <path>', 'registry file or folder to pack with the rules'))
    .addOption(once('--signing-key <file>', 'private key (PEM) to sign the bundle with; needs --signing-alg'));
  for (const option of signingOptions()) command.addOption(option);
  command
    .addHelpText(
      'after',
      examples(
        'audgate policy build ./rules -o rules.tar.gz',
        'audgate policy build ./rules --registry ./registry -o rules.tar.gz',
        'audgate policy build --registry ./registry -o registry.tar.gz',
        'audgate policy build ./rules -o rules.tar.gz --signing-key key.pem --signing-alg ES256 --key-id 2026-11',
      ),
    )
    .action((folder: string | undefined, flags: Flags) => finish(build(folder, flags, host)));
};

async function build(folder: string | undefined, flags: Flags, host: Host): Promise<Exit> {
  const { output, registry, signingKey } = flags;
  if (signingKey === undefined && (flags.signingAlg !== undefined || flags.keyId !== undefined)) {
    print(host.stderr, 'audgate: --signing-alg and --key-id belong to --signing-key FILE: give it, or leave them out');
    return EXIT.usage;
  }
  if (folder === undefined && registry === undefined) {
    print(host.stderr, 'audgate: nothing to build: give a folder of rules, --registry PATH, or both');
    return EXIT.usage;
  }
  const wanted = [
    ...(folder === undefined ? [] : [{ path: folder, as: 'the folder', kind: 'folder' as const }]),
    ...(registry === undefined ? [] : [{ path: registry, as: '--registry' }]),
  ];
  if (!(await allThere(host, wanted))) return EXIT.usage;
  let signing: SigningKey | undefined;
  if (signingKey !== undefined) {
    const key = await readKey({ path: signingKey, as: '--signing-key', kind: 'private' }, flags, host);
    if (key === null) return EXIT.usage;
    signing = key;
  }
  const files = registry === undefined ? undefined : await readFiles(registry, host);
  if (files === null) return EXIT.refused;
  const built = await pack(folder, { registry: files, signing }, host);
  if (built === null) return EXIT.usage;
  if (!built.ok) {
    printRegoProblems(host, 'stderr', folder ?? '.', built.problems);
    return EXIT.refused;
  }
  // Nobody should find out where it is loaded that it is too large, or holds too many files.
  const read = readBundle(built.bytes);
  const { length } = built.bytes;
  const unfit = read.ok
    ? length > MAX_BUNDLE
      ? [`it has ${length} bytes, and at most ${MAX_BUNDLE} are loaded`]
      : []
    : read.problems;
  if (unfit.length > 0) {
    print(host.stderr, ...unfit.map((problem) => `audgate: no audgate would load this bundle: ${shown(problem)}`));
    return EXIT.refused;
  }
  try {
    await writeFile(output, built.bytes);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown failure';
    print(host.stderr, `audgate: ${shown(output)} cannot be written (${code}); choose another with -o`);
    return EXIT.usage;
  }
  print(host.stdout, `${shown(output)} ${built.digest}`, `rules ${built.rules.join(', ') || '(none)'}`);
  if (files !== undefined) print(host.stdout, `registry ${[...files.keys()].map(shown).join(', ')}`);
  if (signing !== undefined)
    print(host.stdout, `signed ${signing.algorithm} ${shown(signing.key_id ?? '(no key id)')}`);
  return EXIT.fine;
}

/** @returns null when there is no OPA, and rules are to be compiled; why stands on standard error then */
async function pack(
  folder: string | undefined,
  extras: { readonly registry: ModuleParts['registry']; readonly signing: SigningKey | undefined },
  host: Host,
): Promise<BuiltBundle | null> {
  const { registry, signing } = extras;
  if (folder === undefined && registry !== undefined) {
    const parts = { registry };
    const written = signing === undefined ? writeBundle(parts) : await writeSigned(parts, signing);
    return { ok: true, rules: [], ...written };
  }
  const tools = await toolchain(host);
  if (tools === null || folder === undefined) return null;
  print(host.stderr, 'audgate: checking and building …');
  return buildPolicies(tools, folder, extras);
}

/** @returns null when the registry cannot be packed; why stands on standard error then */
async function readFiles(registry: string, host: Host): Promise<ReadonlyMap<string, Uint8Array> | null> {
  const loaded = await loadRegistry(registry, { now: Math.floor(host.now() / 1000) });
  printProblems(host, 'stderr', loaded.ok ? loaded.warnings : loaded.problems);
  if (!loaded.ok) return null;
  const files = new Map<string, Uint8Array>();
  for (const file of await registryFiles(registry)) {
    const name = basename(file);
    if (name.length > MAX_NAME || misplacedIn(`registry/${name}`) !== null) {
      const rule = `at most ${MAX_NAME} letters, digits and ._- and the ending .yaml, .yml or .json`;
      print(host.stderr, `audgate: ${shown(file)} has a name that no bundle can hold: use ${rule}`);
      return null;
    }
    files.set(name, await readFile(file));
  }
  return files;
}

/** Bytes: with its folder it must fit into the header of an archive. */
const MAX_NAME = 80;
