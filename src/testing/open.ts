/** A case file with all that its cases need: its registry with generated keys, and its custom rules, compiled. */
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ReloadProblem } from '../decide/decider.ts';
import type { Toolchain } from '../policy/custom.ts';
import { type CustomRules, readCustomRules, type Unusable, unusable } from './custom.ts';
import { type Registered, registerKeys } from './register.ts';
import { type CaseFile, readCases } from './schema.ts';

export interface OpenParts {
  /** Null: there is no OPA. Custom rules cannot be compiled then. */
  readonly tools: Toolchain | null;
  /** Built rules in place of those that a file names by `policies`. */
  readonly rules?: CustomRules;
}

export interface OpenedCases {
  readonly ok: true;
  readonly path: string;
  readonly file: CaseFile;
  /** Of each case, 1-based. */
  readonly lines: readonly number[];
  readonly registered: Registered;
  /** Absolute; null: the registry stands in the file itself. */
  readonly registry: string | null;
  readonly rules: CustomRules | null;
  /** Folder of the custom rules, absolute. Null: none, or they are already built. */
  readonly policies: string | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface UnopenedCases {
  readonly ok: false;
  readonly file: string;
  readonly problems: readonly ReloadProblem[];
}

/** @param path a case file. Never throws for what stands in it. */
export async function openCases(path: string, parts: OpenParts): Promise<OpenedCases | UnopenedCases> {
  const failed = (...problems: readonly ReloadProblem[]): UnopenedCases => ({ ok: false, file: path, problems });
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return failed({ severity: 'error', message: `${path} cannot be read.` });
  }
  const read = readCases(text, path);
  if (!read.ok) return failed(...read.problems);
  const { file, lines } = read;
  const folder = dirname(path);
  const now = Date.parse(file.now);
  const written = typeof file.registry === 'string' ? join(folder, file.registry) : null;

  const registered = await registerKeys(
    written ?? { value: file.registry, place: read.registryPlace },
    Math.floor(now / 1000),
  );
  if (!registered.ok) return failed(...registered.problems);
  const policies = file.policies === undefined ? null : join(folder, file.policies);
  const rules = policies === null ? null : await rulesOf(policies, parts);
  if (rules !== null && 'problems' in rules) return failed(...rules.problems);
  return {
    ok: true,
    path,
    file,
    lines,
    registered,
    registry: written === null ? null : resolve(written),
    rules,
    policies: policies === null || parts.rules !== undefined ? null : resolve(policies),
    now,
  };
}

async function rulesOf(folder: string, { tools, rules }: OpenParts): Promise<CustomRules | Unusable> {
  if (rules !== undefined) return rules;
  if (tools !== null) return readCustomRules(tools, folder);
  return unusable(
    `The rules in ${folder} must be compiled, and there is no OPA. Build them where there is (audgate policy build), and give the bundle with --bundle.`,
  );
}
