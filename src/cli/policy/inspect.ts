/** `audgate policy inspect`: what a bundle holds, and who vouches for it. Nothing in it is run. */
import { readFile } from 'node:fs/promises';
import { digestOf, readBundle, unpack } from '../../policy/bundle.ts';
import { SIGNATURES, signatureOf, verifySignature } from '../../policy/bundle-signature.ts';
import { loadRegistryFiles } from '../../registry/load.ts';
import { EXIT, type Exit, type Host } from '../host.ts';
import { type Add, examples } from '../options.ts';
import { allThere } from '../paths.ts';
import { printProblems } from '../problems.ts';
import { painter, print, printJson, shown } from '../terminal.ts';
import { addVerification, readVerification, type VerificationFlags } from '../verification.ts';

interface Flags extends VerificationFlags {
  readonly json?: true;
}

export const addInspect: Add = (group, host, finish) => {
  const command = group
    .command('inspect')
    .description('Show what a bundle holds: rules, digests, registry, signature, sizes. Needs no OPA.')
    .argument('<file>', 'bundle, from audgate policy build');
  addVerification(command)
    .option(
      '--json',
      'print {"digest", "revision", "manifest", "rules", "module", "registry", "signature", "files", "problems"}',
    )
    .addHelpText(
      'after',
      examples(
        'audgate policy inspect rules.tar.gz',
        'audgate policy inspect rules.tar.gz --verification-key key.pub --signing-alg ES256',
      ),
    )
    .action((file: string, flags: Flags) => finish(inspect(file, flags, host)));
};

async function inspect(file: string, flags: Flags, host: Host): Promise<Exit> {
  if (!(await allThere(host, [{ path: file, as: 'the bundle', kind: 'file' }]))) return EXIT.usage;
  const verification = await readVerification(flags, host);
  if (!verification.ok) return EXIT.usage;
  const { key } = verification;
  const bytes = await readFile(file);
  const entries = unpack(bytes);
  const files = typeof entries === 'string' ? new Map<string, Uint8Array>() : entries;
  const read = readBundle(bytes);
  const unsound = key === null || typeof entries === 'string' ? [] : await verifySignature(entries, key);
  const custom = read.ok ? read.bundle.custom : null;
  const signed = files.get(SIGNATURES);
  const registry = read.ok && read.bundle.registry !== null ? await summary(read.bundle.registry, host) : null;
  const report = {
    digest: digestOf(bytes),
    bytes: bytes.length,
    revision: read.ok ? read.bundle.revision : null,
    manifest: manifestOf(files.get('.manifest')),
    rules: custom?.rules ?? [],
    module: custom && { digest: custom.digest, bytes: custom.wasm.length },
    registry: registry?.shown ?? null,
    signature:
      signed === undefined ? null : { ...signatureOf(signed), verified: key === null ? null : unsound.length === 0 },
    files: [...files].map(([name, content]) => ({ name, bytes: content.length })),
    problems: [
      ...unsound.map((one) => `${one}.`),
      ...(read.ok ? [] : read.problems),
      ...(registry?.problems ?? []).map(({ message }) => message),
    ],
  };
  if (flags.json) printJson(host.stdout, report);
  else tell(report, host);
  if (!flags.json && registry !== null) printProblems(host, 'stdout', registry.problems);
  return report.problems.length > 0 ? EXIT.refused : EXIT.fine;
}

async function summary(files: ReadonlyMap<string, Uint8Array>, host: Host) {
  const named = [...files].map(([name, content]) => ({ file: `registry/${name}`, content }));
  const loaded = await loadRegistryFiles(named, { now: Math.floor(host.now() / 1000) });
  const names = [...files.keys()];
  if (!loaded.ok) return { shown: { files: names }, problems: loaded.problems };
  const { digest, servers, issuers } = loaded.registry;
  return { shown: { files: names, digest, servers: [...servers.keys()], issuers: [...issuers.keys()] }, problems: [] };
}

/** As it stands in the file, for readers; null when it is no JSON. */
function manifestOf(bytes: Uint8Array | undefined): unknown {
  try {
    return bytes === undefined ? null : JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return null;
  }
}

interface Report {
  readonly digest: string;
  readonly bytes: number;
  readonly revision: string | null;
  readonly rules: readonly { readonly name: string; readonly file: string; readonly enforcement?: 'deny' | 'report' }[];
  readonly module: null | { readonly digest: string; readonly bytes: number };
  readonly registry: null | {
    readonly files: readonly string[];
    readonly servers?: readonly string[];
    readonly issuers?: readonly string[];
  };
  readonly signature: null | {
    readonly algorithm: string | null;
    readonly key_id: string | null;
    readonly verified: boolean | null;
  };
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly problems: readonly string[];
}

function tell(report: Report, host: Host): void {
  const paint = painter(host.stdout, host.env);
  const { registry, signature, module } = report;
  print(host.stdout, `bundle ${report.digest} ${report.bytes} bytes`, `revision ${shown(report.revision ?? '(none)')}`);
  if (module !== null) print(host.stdout, `module ${module.digest} ${module.bytes} bytes`);
  for (const { name, file, enforcement } of report.rules)
    print(host.stdout, `rule ${shown(name)} ${shown(file)}${enforcement === 'report' ? ', only reports' : ''}`);
  const counts = registry?.servers && `, ${registry.servers.length} servers, ${registry.issuers?.length ?? 0} issuers`;
  print(
    host.stdout,
    `registry ${registry === null ? '(none)' : `${registry.files.map(shown).join(' ')}${counts ?? ''}`}`,
  );
  print(host.stdout, `signature ${signature === null ? '(none)' : signedBy(signature)}`);
  for (const { name, bytes } of report.files) print(host.stdout, `file ${shown(name)} ${bytes} bytes`);
  for (const problem of report.problems) print(host.stdout, `${paint('red', 'error')}: ${shown(problem)}`);
}

function signedBy({ algorithm, key_id, verified }: NonNullable<Report['signature']>): string {
  const said = `${shown(algorithm ?? '(no algorithm)')} ${shown(key_id ?? '(no key id)')}`;
  if (verified === null) return `${said}, not verified: give --verification-key FILE and --signing-alg NAME`;
  return `${said}, ${verified ? 'verified' : 'NOT verified'}`;
}
