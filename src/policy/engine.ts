/**
 * Runs one compiled Rego module. The only importer of opa-wasm, which is a part that can break: a thrown evaluation
 * leaks its instance's stack until the instance is dead for good, memory grows without ceiling unless one is set,
 * malformed raw input evaluates as undefined, falsy input is taken for none, and what is thrown is a string or a plain
 * object. So an instance that threw is never used again, and the engine itself never throws.
 *
 * NOT guaranteed: an end. Nothing can interrupt an evaluation on its own thread, so a rule that runs for a minute stalls
 * that thread for a minute. A module that did not come with audgate is therefore run first on a thread that can be ended
 * (`try-apart.ts`), with an empty input and with calls of some servers; a rule that is endless for these never decides.
 * Input size and memory are bounded, and through them most of what a client could cause; the rest, a rule that takes long
 * only for what a client chooses, is its author's care.
 */
import { createRequire } from 'node:module';
import type { LoadedPolicy } from '@open-policy-agent/opa-wasm';
import { legible } from '../decision/evidence.ts';

/** By require, because the package's ESM entry lacks `loadPolicySync`, which its types promise. */
const opa: typeof import('@open-policy-agent/opa-wasm') = createRequire(import.meta.url)('@open-policy-agent/opa-wasm');

/** Bytes of one input. The default body limit is 256 KiB; this leaves room for it, the claims and the records. */
export const MAX_INPUT_BYTES = 512 * 1024;
/** 64 KiB pages an instance starts with: what opa-wasm itself takes. */
const INITIAL_PAGES = 5;
/** 64 KiB pages, 64 MiB. Measured: the worst input of 512 KiB (zeros) takes 48 MiB as Rego values. */
const MAXIMUM_PAGES = 1024;
/** Bytes of memory at which an instance is retired: memory never shrinks, and a usual decision needs under 1 MiB. */
const RETIRE_BYTES = 8 * 1024 * 1024;
/** Instances held ready. One made on the decision path costs 0.2 ms, so two bridge a turn of the event loop. */
const SPARES = 2;
/** OPA's ABI 1.2 brought the single-call evaluation that resets the heap each time. */
const ABI_MINOR = 2;
const ABI_EXPORTS: readonly string[] = ['opa_wasm_abi_version', 'opa_wasm_abi_minor_version'];
/**
 * All that OPA's compiler makes a module import. `opa_println` is refused: opa-wasm would write to standard output,
 * which is the stream of decision records.
 */
const IMPORTS: readonly string[] = [
  'memory',
  'opa_abort',
  'opa_builtin0',
  'opa_builtin1',
  'opa_builtin2',
  'opa_builtin3',
  'opa_builtin4',
];

export type Evaluation =
  /** Parsed JSON of unknown shape. */
  | { readonly kind: 'value'; readonly value: unknown }
  /** Thrown, undefined, odd or refused. `detail` is for the log and holds no input. */
  | { readonly kind: 'failed'; readonly detail: string }
  /** No instance is held and none can be made. */
  | { readonly kind: 'unavailable'; readonly detail: string };

export interface Engine {
  readonly entrypoints: readonly string[];
  /** Never throws. @param input a plain JSON object without numbers that JSON cannot carry */
  evaluate(entrypoint: string, input: object): Evaluation;
}

export type OpenedEngine =
  | { readonly ok: true; readonly engine: Engine }
  | { readonly ok: false; readonly problem: string };

/** Makes an instance, or throws. */
type Instantiate = (module: WebAssembly.Module) => LoadedPolicy;

const instantiate: Instantiate = (module) =>
  opa.loadPolicySync(module, { initial: INITIAL_PAGES, maximum: MAXIMUM_PAGES });

/**
 * Compiles a module once and makes its first instances.
 * @param make how an instance is made; an argument so that a test can let it fail
 */
export async function openEngine(
  wasm: Uint8Array<ArrayBuffer>,
  make: Instantiate = instantiate,
): Promise<OpenedEngine> {
  try {
    const module = await WebAssembly.compile(wasm);
    const stranger = WebAssembly.Module.imports(module).find((i) => i.module !== 'env' || !IMPORTS.includes(i.name));
    if (stranger !== undefined) {
      return refused(`it imports ${legible(`${stranger.module}.${stranger.name}`)}, which no module of opa build does`);
    }
    // Asked first, because opa-wasm would write to standard error that they are missing, and go on.
    const exported = WebAssembly.Module.exports(module).map(({ name }) => name);
    const absent = ABI_EXPORTS.filter((name) => !exported.includes(name));
    if (absent.length > 0) return refused(`it exports no ${absent.join(' and no ')}`);
    const first = make(module);
    if (!(typeof first.minorVersion === 'number' && first.minorVersion >= ABI_MINOR)) {
      return refused(`its ABI is 1.${String(first.minorVersion)}, and at least 1.${ABI_MINOR} is needed`);
    }
    const foreign = hostBuiltins(first);
    if (foreign.length > 0) {
      return refused(`it needs built-in functions that do not run inside WebAssembly: ${legible(foreign.join(', '))}`);
    }
    return { ok: true, engine: engineOf(module, first, make) };
  } catch (thrown) {
    return refused(`it is no WebAssembly module that OPA compiled: ${describe(thrown)}`);
  }
}

const refused = (problem: string): OpenedEngine => ({ ok: false, problem });

function engineOf(module: WebAssembly.Module, first: LoadedPolicy, make: Instantiate): Engine {
  let current: LoadedPolicy | null = first;
  const spares: LoadedPolicy[] = [];
  let filling = false;

  /** One instance a turn, off the decision path. What fails here fails again, and is told, when one is needed. */
  function fill(): void {
    if (filling || spares.length >= SPARES) return;
    filling = true;
    setImmediate(() => {
      filling = false;
      try {
        spares.push(make(module));
      } catch {
        return;
      }
      fill();
    }).unref();
  }

  /** A spare, or else a new one: that costs less than an outage. Throws when none can be made. */
  function next(): LoadedPolicy {
    const instance = spares.pop() ?? make(module);
    fill();
    return instance;
  }

  fill();
  return {
    entrypoints: Object.keys(first.entrypoints).sort(),
    evaluate(entrypoint, input) {
      const encoded = encode(input);
      if (typeof encoded === 'string') return { kind: 'failed', detail: encoded };
      try {
        current ??= next();
      } catch (thrown) {
        return { kind: 'unavailable', detail: `no policy instance can be made: ${describe(thrown)}` };
      }
      let results: unknown;
      try {
        results = current.evaluate(encoded, entrypoint);
      } catch (thrown) {
        current = null;
        return { kind: 'failed', detail: describe(thrown) };
      }
      if (current.mem.buffer.byteLength > RETIRE_BYTES) current = null;
      return single(results);
    },
  };
}

/**
 * The input's JSON in UTF-8, or what is wrong with it. The bytes are passed raw, because only so their number is known
 * first; they are this function's own, hence well-formed, which opa-wasm does not check.
 */
function encode(input: object): ArrayBuffer | string {
  let text: string | undefined;
  try {
    text = JSON.stringify(input);
  } catch {
    return 'the input cannot be written as JSON';
  }
  // Also what is falsy, which opa-wasm would take for no input at all, and what a toJSON makes of itself.
  if (text?.startsWith('{') !== true) return 'the input is no object';
  // Every UTF-16 unit takes at least one byte.
  const bytes = text.length > MAX_INPUT_BYTES ? undefined : new TextEncoder().encode(text);
  if (bytes === undefined || bytes.byteLength > MAX_INPUT_BYTES) {
    return `the input exceeds ${MAX_INPUT_BYTES} bytes`;
  }
  return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
}

/** OPA's result set: exactly one `{result}`; empty when the entrypoint is undefined. */
function single(results: unknown): Evaluation {
  if (!Array.isArray(results)) return { kind: 'failed', detail: 'the result is no result set' };
  if (results.length === 0) return { kind: 'failed', detail: 'the result is undefined' };
  const [only]: readonly unknown[] = results;
  if (results.length > 1 || typeof only !== 'object' || only === null || !('result' in only)) {
    return { kind: 'failed', detail: 'the result set holds something other than one result' };
  }
  return { kind: 'value', value: only.result };
}

/**
 * What was thrown, without content: opa-wasm throws OPA's own constant texts (with file and line of a rule), plain
 * objects naming a function, and the runtime's errors, of which a SyntaxError quotes what it could not parse.
 */
function describe(thrown: unknown): string {
  if (typeof thrown === 'string') return legible(thrown);
  if (thrown instanceof WebAssembly.RuntimeError) return `trap: ${thrown.message}`;
  if (thrown instanceof RangeError) return `limit reached: ${thrown.message}`;
  if (thrown instanceof WebAssembly.CompileError || thrown instanceof WebAssembly.LinkError) {
    return legible(thrown.message);
  }
  if (thrown instanceof Error) return thrown.name;
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown && typeof thrown.message === 'string') {
    return legible(thrown.message);
  }
  return `something that is no error (${typeof thrown})`;
}

/** Built-in functions that the module would call in JavaScript. opa-wasm does not say, so the module is asked. */
function hostBuiltins(instance: LoadedPolicy): readonly string[] {
  const wasm = 'instance' in instance.wasmInstance ? instance.wasmInstance.instance : instance.wasmInstance;
  const { builtins, opa_json_dump: dump } = wasm.exports;
  if (typeof builtins !== 'function' || typeof dump !== 'function') return ['(unknown)'];
  const bytes = new Uint8Array(instance.mem.buffer, dump(builtins()));
  const names: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0))));
  return typeof names === 'object' && names !== null ? Object.keys(names) : ['(unknown)'];
}
