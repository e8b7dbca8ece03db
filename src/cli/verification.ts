/** The key that a bundle must be signed with, as flags name it: the same for every command that takes `--bundle`. */
import type { Command } from 'commander';
import type { SigningConfig } from '../config/bundle.ts';
import type { SigningKey } from '../policy/bundle-signature.ts';
import type { Host } from './host.ts';
import { once } from './options.ts';
import { readKey, type SigningFlags, signingOptions } from './policy/signing.ts';
import { print, shown } from './terminal.ts';

export interface VerificationFlags extends SigningFlags {
  readonly verificationKey?: string;
}

export function addVerification(command: Command): Command {
  command.addOption(
    once('--verification-key <file>', 'public key (PEM) that the bundle must be signed with; needs --signing-alg'),
  );
  for (const option of signingOptions()) command.addOption(option);
  return command;
}

export type Verification =
  /** Null: none was given. `signing` is the same as a configuration says it. */
  | { readonly ok: true; readonly key: SigningKey | null; readonly signing?: SigningConfig }
  /** Why stands on standard error. */
  | { readonly ok: false };

/** @param bundle where the flags of the command belong to a bundle that may be absent: whether it is there */
export async function readVerification(flags: VerificationFlags, host: Host, bundle = true): Promise<Verification> {
  const wrong = (message: string): Verification => {
    print(host.stderr, `audgate: ${message}`);
    return { ok: false };
  };
  const { verificationKey: path, signingAlg, keyId } = flags;
  if (path === undefined) {
    if (signingAlg === undefined && keyId === undefined) return { ok: true, key: null };
    return wrong('--signing-alg and --key-id belong to --verification-key FILE: give it, or leave them out');
  }
  if (!bundle) return wrong('--verification-key belongs to --bundle FILE: give it, or leave the key out');
  const key = await readKey({ path, as: '--verification-key', kind: 'public' }, flags, host);
  if (key === null) return { ok: false };
  const { algorithm, key_id } = key;
  return { ok: true, key, signing: { algorithm, public_key: path, ...(key_id !== undefined && { key_id }) } };
}

/** For commands that only compare and put nothing in force: a signature that nobody looked at is told of. */
export function noteUnverified(paths: readonly string[], host: Host): void {
  for (const path of paths)
    print(
      host.stderr,
      `audgate: ${shown(path)} is signed, and its signature was not looked at: give --verification-key FILE and --signing-alg NAME`,
    );
}
