/**
 * What rules may use: the built-in functions that OPA compiles into the module itself. All others are either absent
 * (http.send, opa.runtime, time.now_ns: a decision would no longer depend on its input alone) or JavaScript stand-ins
 * that the engine brings along, whose answers need not be OPA's (sprintf).
 */
import { compile } from './compile.ts';
import type { Opa } from './opa.ts';

interface Builtin {
  readonly name: string;
  readonly decl: { readonly args?: readonly unknown[]; readonly result?: unknown };
  readonly relation?: boolean;
  readonly deprecated?: boolean;
  readonly nondeterministic?: boolean;
}

interface Capabilities {
  readonly builtins: readonly Builtin[];
  readonly wasm_abi_versions: readonly unknown[];
  readonly features: readonly string[];
}

/** No functions at run time: unification and assignment are compiled away, and the last names the cases of a test. */
const COMPILED_AWAY = ['assign', 'eq', 'internal.test_case'];
/** Membership and template strings: the compiler writes calls to them, no rule does. */
const WRITTEN_BY_COMPILER = ['internal.member_2', 'internal.member_3', 'internal.template_string'];
/** Rego v1 as the design pins it, without what OPA offers as a preview of v2. */
const FEATURES = ['keywords_in_refs', 'rego_v1', 'template_strings'];

/** The capabilities file's text. Found by compiling a call of every built-in and asking the module which it lacks. */
export async function nativeCapabilities(opa: Opa): Promise<string> {
  const all: Capabilities = JSON.parse((await opa.run(['capabilities', '--current'])).stdout);
  const candidates = all.builtins.filter(
    ({ name, deprecated, nondeterministic }) =>
      deprecated !== true &&
      nondeterministic !== true &&
      !name.startsWith('internal.') &&
      !COMPILED_AWAY.includes(name) &&
      // Calls of print are erased from what is built, and need a built-in that no module has wherever they are not.
      name !== 'print',
  );
  const calls = candidates.map(({ name, decl, relation }, index) => {
    const args = (decl.args ?? []).map((_, position) => `input.a${position}`);
    if (relation === true) return `r${index} if ${name}(${[...args, 'x'].join(', ')})`;
    return decl.result === undefined
      ? `r${index} if ${name}(${args.join(', ')})`
      : `r${index} := ${name}(${args.join(', ')})`;
  });
  const compiled = await compile(opa, {
    sources: new Map([['all.rego', ['package all', ...calls, ''].join('\n')]]),
    capabilities: JSON.stringify(all),
    entrypoints: ['all'],
  });
  if (!compiled.ok) throw new Error(`the list of native built-ins cannot be made: ${compiled.output}`);
  const lacking = await externalBuiltins(compiled.wasm);
  const native = new Set([
    ...candidates.map(({ name }) => name).filter((name) => !lacking.has(name)),
    ...COMPILED_AWAY,
    ...WRITTEN_BY_COMPILER,
  ]);
  const capabilities = {
    builtins: all.builtins.filter(({ name }) => native.has(name)),
    wasm_abi_versions: all.wasm_abi_versions,
    features: FEATURES,
    allow_net: [],
  };
  return `${JSON.stringify(capabilities, null, 2)}\n`;
}

/** Names of the built-ins that a module asks its host for. */
export async function externalBuiltins(wasm: Uint8Array<ArrayBuffer>): Promise<ReadonlySet<string>> {
  const memory = new WebAssembly.Memory({ initial: 16 });
  const absent = () => 0;
  const env = { memory, opa_abort: absent, opa_println: absent };
  const builtins = Object.fromEntries([0, 1, 2, 3, 4].map((arity) => [`opa_builtin${arity}`, absent]));
  const { instance } = await WebAssembly.instantiate(wasm, { env: { ...env, ...builtins } });
  const call = (name: string, ...args: readonly number[]): number => {
    const exported = instance.exports[name];
    if (typeof exported !== 'function') throw new Error(`the module exports no ${name}`);
    return exported(...args);
  };
  const from = call('opa_json_dump', call('builtins'));
  const bytes = new Uint8Array(memory.buffer);
  const text = new TextDecoder().decode(bytes.subarray(from, bytes.indexOf(0, from)));
  return new Set(Object.keys(JSON.parse(text)));
}
