/** The syntax tree of Rego files, as `opa parse` prints it, as far as the checks look at it. */
import { z } from 'zod';
import type { Opa } from './opa.ts';
import { type Place, problemAt, type RegoProblem, whole } from './problem.ts';
import { isTest, type Sources, withStage } from './sources.ts';

const location = z.object({ row: z.int(), col: z.int() });

/** A term: `value` is a list of terms for references, calls and arrays, a text for variables and strings. */
const term = z.object({ type: z.string(), value: z.unknown(), location: location.optional() });

const head = z.object({
  ref: z.array(term).min(1),
  /** Of `contains` and of partial objects. */
  key: term.optional(),
  value: term.optional(),
  args: z.array(term).optional(),
  location: location.optional(),
});

const rule = z.looseObject({ head, default: z.boolean().optional(), location: location.optional() });

/** Of METADATA: what `custom` holds is the author's own. */
const annotation = z.object({
  scope: z.string(),
  custom: z.record(z.string(), z.unknown()).optional(),
  location: location.optional(),
});

const tree = z.object({
  package: z.object({ path: z.array(term) }),
  imports: z.array(z.object({ path: term, alias: z.string().optional() })).optional(),
  rules: z.array(rule).optional(),
  annotations: z.array(annotation).optional(),
});

export type Term = z.infer<typeof term>;
export type Annotation = z.infer<typeof annotation>;
export type Rule = z.infer<typeof rule>;

export interface Module {
  readonly file: string;
  readonly test: boolean;
  /** Without `data`: `custom.office_hours`. */
  readonly package: string;
  /** Local name → path into data that it stands for. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  readonly imports: readonly { readonly path: readonly string[]; readonly place: Place }[];
  readonly rules: readonly Rule[];
  readonly annotations: readonly Annotation[];
}

/** Parse errors as OPA prints them, and type errors likewise. */
const errors = z.object({
  errors: z.array(
    z.object({ message: z.string(), location: z.object({ file: z.string(), row: z.int(), col: z.int() }).optional() }),
  ),
});

export interface Parsed {
  readonly modules: readonly Module[];
  readonly problems: readonly RegoProblem[];
}

/** Runs of OPA at one time; each parses one file in some 30 ms. */
const AT_ONCE = 8;

/** Parses every file. One that does not parse is a problem, and no module. */
export function parse(opa: Opa, sources: Sources): Promise<Parsed> {
  return withStage(sources, async (folder) => {
    const files = [...sources.keys()];
    const modules: Module[] = [];
    const problems: RegoProblem[] = [];
    for (let from = 0; from < files.length; from += AT_ONCE) {
      const batch = files.slice(from, from + AT_ONCE).map(async (file) => {
        const args = ['parse', '--format', 'json', '--json-include', 'locations,-comments', file];
        return { file, ran: await opa.run(args, { cwd: folder }) };
      });
      for (const { file, ran } of await Promise.all(batch)) {
        if (ran.code === 0) modules.push(moduleOf(file, tree.parse(JSON.parse(ran.stdout))));
        else problems.push(...problemsOf(ran.stdout || ran.stderr, file));
      }
    }
    return { modules, problems };
  });
}

/** The problems in what OPA printed with `--format json`; text that is none is one problem of the file. */
export function problemsOf(output: string, file: string): readonly RegoProblem[] {
  const remedy = 'Mend the Rego: opa check --strict says the same.';
  const read = errors.safeParse(jsonOf(output));
  if (!read.success) return [problemAt(whole(file), output.trim(), remedy)];
  return read.data.errors.map(({ message, location: at }) => {
    if (at === undefined) return problemAt(whole(file), message, remedy);
    return problemAt({ file: at.file, line: at.row, column: at.col }, message, remedy);
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function moduleOf(file: string, parsed: z.infer<typeof tree>): Module {
  const aliases = new Map<string, readonly string[]>();
  const imports: { readonly path: readonly string[]; readonly place: Place }[] = [];
  for (const { path, alias } of parsed.imports ?? []) {
    const [root, ...rest] = termsOf(path).map(({ value }) => String(value));
    if (root !== 'data') continue;
    aliases.set(alias ?? rest.at(-1) ?? root, rest);
    imports.push({ path: rest, place: placeOf(file, path) });
  }
  const path = parsed.package.path.slice(1).map(({ value }) => String(value));
  return {
    file,
    test: isTest(file),
    package: path.join('.'),
    aliases,
    imports,
    rules: parsed.rules ?? [],
    annotations: parsed.annotations ?? [],
  };
}

export function placeOf(file: string, node: { readonly location?: z.infer<typeof location> | undefined }): Place {
  return { file, line: node.location?.row ?? 0, column: node.location?.col ?? 0 };
}

/** The terms of a reference, call or array. */
export function termsOf(of: Term): readonly Term[] {
  const list = z.array(term).safeParse(of.value);
  return list.success ? list.data : [];
}

/** The term of an arbitrary part of the tree, or null. */
export function termIn(node: object): Term | null {
  const read = term.safeParse(node);
  return read.success ? read.data : null;
}

/** The first word of a rule's name. */
export function nameOf({ head: { ref } }: Rule): string {
  return String(ref[0]?.value);
}
