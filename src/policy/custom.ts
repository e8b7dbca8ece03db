/** A user's rules: checked, tested on both engines, and built into a bundle. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { policyInput } from '../decision/input.ts';
import { issuanceInput } from '../decision/issuance-input.ts';
import { aggregatorOf } from './aggregate.ts';
import { CUSTOM_DECIDE, CUSTOM_REPORT } from './ask-custom.ts';
import type { SigningKey } from './bundle-signature.ts';
import { writeBundle, writeSigned } from './bundle-write.ts';
import { compile } from './compile.ts';
import { type CustomForm, checkCustomForm } from './custom-form.ts';
import { OPA_VERSION, type Opa } from './opa.ts';
import { problemAt, type RegoProblem, whole } from './problem.ts';
import { checkReferences } from './references.ts';
import { isTest, readFolder, type Sources, without, withStage } from './sources.ts';
import { parse, problemsOf } from './syntax.ts';
import { runTests, type TestRun } from './test.ts';

export interface Toolchain {
  readonly opa: Opa;
  /** OPA capabilities, as JSON. */
  readonly capabilities: string;
  /** JSON Schema of the input. */
  readonly schema: string;
  /** Rego that tests may import: `data.audgate.testing`. */
  readonly testing: Sources;
}

/** @param policies audgate's own folder of policies, which holds `capabilities.json` and `testing/` */
export async function openToolchain(opa: Opa, policies: string): Promise<Toolchain> {
  return {
    opa,
    capabilities: await readFile(join(policies, 'capabilities.json'), 'utf8'),
    schema: inputSchema(),
    testing: (await readFolder(join(policies, 'testing'))).rego,
  };
}

/** What `opa check --schema` reads. The input has no `oneOf`, which OPA would silently ignore. */
export function inputSchema(): string {
  return JSON.stringify(z.toJSONSchema(policyInput));
}

/** Of packages that say so: those about issuance. */
function issuanceSchema(): string {
  return JSON.stringify(z.toJSONSchema(issuanceInput));
}

export interface CheckedPolicies {
  readonly problems: readonly RegoProblem[];
  /** Sorted names of the custom rules. */
  readonly rules: readonly string[];
  /** Those that only report, sorted. */
  readonly reporting: readonly string[];
  /** A file of each rule, by name. */
  readonly files: ReadonlyMap<string, string>;
  readonly sources: Sources;
}

const GENERATED = 'audgate-generated.rego';
const TESTING = 'audgate-testing';

/** `policy check DIR`: syntax, form, references, then OPA's own strict check with the input's schema. */
export async function checkPolicies(tools: Toolchain, folder: string): Promise<CheckedPolicies> {
  const { rego, others } = await readFolder(folder);
  const { modules, problems: syntax } = await parse(tools.opa, rego);
  const form = checkCustomForm(modules);
  const problems = [...others.flatMap(checkOther), ...[...rego.keys()].flatMap(checkPath), ...syntax];
  // What does not parse is missing from the tree, so that the other checks would report consequences.
  if (syntax.length === 0) problems.push(...form.problems, ...checkReferences(modules));
  if (problems.length === 0) {
    const strict = await checkStrictly(tools, withGenerated(tools, rego, form));
    problems.push(...strict.map((problem) => ofRule(problem, form)));
  }
  return { problems, rules: form.rules, reporting: form.reporting, files: form.files, sources: rego };
}

/** A problem in the generated file is one of the rule that its line asks. */
function ofRule(problem: RegoProblem, form: CustomForm): RegoProblem {
  if (problem.file !== GENERATED) return problem;
  const line = generated(form).split('\n')[problem.line - 1] ?? '';
  const [, rule = '', member = ''] = /data\.custom\.(\w+)\.(\w+)/.exec(line) ?? [];
  const message = `${member} of custom.${rule} can never be what it must be (${problem.message}).`;
  const remedy = 'satisfied must be true or false, and denials a set of objects {"code": "…"}.';
  return problemAt(whole(form.files.get(rule) ?? GENERATED), message, remedy);
}

/** OPA would load these as data; any other file (cases, a registry, a README) is simply not part of a bundle. */
function checkOther(file: string): readonly RegoProblem[] {
  if (!/(^|\/)data\.(json|ya?ml)$/i.test(file)) return [];
  const message = 'Data beside the rules is not part of a bundle, so that rules would not find it.';
  return [problemAt(whole(file), message, 'Put it into the registry, as labels of a server or operation.')];
}

/** Bytes of a path. An archive's header has room for 99, and the bundle's paths begin with a slash. */
const MAX_PATH = 90;

function checkPath(file: string): readonly RegoProblem[] {
  if (/^[\w./-]+$/.test(file) && file.length <= MAX_PATH && !file.startsWith('audgate-')) return [];
  const remedy = `Use at most ${MAX_PATH} letters, digits and ./_- in a path that does not start with audgate-.`;
  return [problemAt(whole(file), 'The path cannot be used in a bundle.', remedy)];
}

/** Everything that is compiled or tested together, by the names under which problems are reported. */
function withGenerated({ testing }: Toolchain, rego: Sources, rules: Rules): Sources {
  const helpers = [...testing].map(([file, text]): [string, string] => [`${TESTING}/${file}`, text]);
  return new Map([...rego, ...helpers, [GENERATED, generated(rules)]]);
}

type Rules = Pick<CheckedPolicies, 'rules' | 'reporting'>;

/** Asks the rules that deny, and apart from them those that only report. */
function generated({ rules, reporting }: Rules): string {
  return aggregatorOf(
    rules.filter((rule) => !reporting.includes(rule)),
    reporting,
  );
}

/** The core's own packages about issuance: what they judge is another document, which they name in their metadata. */
const ABOUT_ISSUANCE = /^audgate\/issuance\//;

/** `opa check --strict` with schema and capabilities over all files, tests too. */
export async function checkStrictly(tools: Toolchain, sources: Sources): Promise<readonly RegoProblem[]> {
  // A folder of schemas is only for who names one of them; a single one is for everybody.
  const calls = await checkBySchema(
    tools,
    without(sources, (file) => ABOUT_ISSUANCE.test(file)),
    'schema.json',
  );
  const issuance = [...sources.keys()].some((file) => ABOUT_ISSUANCE.test(file))
    ? await checkBySchema(
        tools,
        without(sources, (file) => file.startsWith('audgate/') && !ABOUT_ISSUANCE.test(file)),
        'schemas',
      )
    : [];
  return [...calls, ...issuance];
}

function checkBySchema(
  tools: Toolchain,
  sources: Sources,
  schema: 'schema.json' | 'schemas',
): Promise<readonly RegoProblem[]> {
  const files = new Map([...sources].map(([file, text]) => [`rego/${file}`, text]));
  files.set('capabilities.json', tools.capabilities);
  files.set('schema.json', tools.schema).set('schemas/issuance.json', issuanceSchema());
  return withStage(files, async (folder) => {
    const args = ['check', '--strict', '--format', 'json', '--max-errors', '100'];
    const limits = ['--capabilities', 'capabilities.json', '--schema', schema];
    const ran = await tools.opa.run([...args, ...limits, 'rego'], { cwd: folder });
    if (ran.code === 0) return [];
    return problemsOf(ran.stderr || ran.stdout, '.').map((problem) => ({
      ...problem,
      file: problem.file.replace(/^rego\//, ''),
    }));
  });
}

/** `policy test DIR`, but for its cases: every `*_test.rego` on OPA's own engine and on WebAssembly. */
export async function testPolicies(
  tools: Toolchain,
  folder: string,
): Promise<{ readonly problems: readonly RegoProblem[]; readonly runs: readonly TestRun[] }> {
  const { problems, sources, ...rules } = await checkPolicies(tools, folder);
  if (problems.length > 0) return { problems, runs: [] };
  return runTests(tools, withGenerated(tools, sources, rules));
}

export type BuiltBundle =
  | {
      readonly ok: true;
      readonly bytes: Uint8Array;
      readonly digest: string;
      readonly rules: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly RegoProblem[] };

export interface BuildExtras {
  /** Files of a registry that was checked, by name; undefined: none is packed. */
  readonly registry?: ReadonlyMap<string, Uint8Array> | undefined;
  /** Undefined: the bundle is not signed. */
  readonly signing?: SigningKey | undefined;
}

/** `policy build DIR`: checks first; nothing with a problem is built. */
export async function buildPolicies(tools: Toolchain, folder: string, extras: BuildExtras = {}): Promise<BuiltBundle> {
  const { problems, rules, reporting, files, sources } = await checkPolicies(tools, folder);
  if (problems.length > 0) return { ok: false, problems };
  const shipped = new Map([...without(sources, isTest), [GENERATED, generated({ rules, reporting })]]);
  const { capabilities } = tools;
  const entrypoints = reporting.length === 0 ? [CUSTOM_DECIDE] : [CUSTOM_DECIDE, CUSTOM_REPORT];
  const compiled = await compile(tools.opa, { sources: shipped, capabilities, entrypoints });
  if (!compiled.ok) return { ok: false, problems: problemsOf(compiled.output, '.') };
  const enforcementOf = (rule: string) => (reporting.includes(rule) ? ('report' as const) : ('deny' as const));
  const listed = [...files].map(([name, file]) => ({ name, file, enforcement: enforcementOf(name) }));
  const { wasm } = compiled;
  const { registry, signing } = extras;
  const parts = { wasm, rules: listed, sources: shipped, opa: OPA_VERSION, registry };
  return { ok: true, rules, ...(signing === undefined ? writeBundle(parts) : await writeSigned(parts, signing)) };
}
