/** The key that a bundle is signed or verified with, as flags name it. */
import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import { readSigningKey, SIGNING_ALGORITHMS, type SigningKey } from '../../policy/bundle-signature.ts';
import type { Host } from '../host.ts';
import { once } from '../options.ts';
import { allThere } from '../paths.ts';
import { print, shown } from '../terminal.ts';

export interface SigningFlags {
  readonly signingAlg?: string;
  readonly keyId?: string;
}

export const signingOptions = (): readonly Option[] => [
  new Option('--signing-alg <name>', 'algorithm of the signature').choices([...SIGNING_ALGORITHMS]),
  once('--key-id <id>', 'id of the key, as the signature names it'),
];

/**
 * @param as the flag that names the file
 * @returns null when there is no such key; why stands on standard error then
 */
export async function readKey(
  { path, as, kind }: { readonly path: string; readonly as: string; readonly kind: 'public' | 'private' },
  { signingAlg, keyId }: SigningFlags,
  host: Host,
): Promise<SigningKey | null> {
  if (signingAlg === undefined) {
    print(host.stderr, `audgate: ${as} needs --signing-alg: one of ${SIGNING_ALGORITHMS.join(', ')}`);
    return null;
  }
  if (!(await allThere(host, [{ path, as, kind: 'file' }]))) return null;
  const read = readSigningKey(await readFile(path, 'utf8'), kind, { algorithm: signingAlg, key_id: keyId });
  if (read.ok) return read.key;
  print(host.stderr, `audgate: ${as} ${shown(path)} ${read.problem}`);
  return null;
}
