/**
 * The part of the WebAssembly JavaScript interface that this folder and opa-wasm's own types name. TypeScript declares it
 * only among a browser's globals, which this code must not see, and Node's types leave it out.
 */
declare namespace WebAssembly {
  class Module {
    static imports(module: Module): { readonly module: string; readonly name: string; readonly kind: string }[];
    static exports(module: Module): { readonly name: string; readonly kind: string }[];
    constructor(bytes: BufferSource);
  }
  class Instance {
    readonly exports: Readonly<Record<string, unknown>>;
  }
  interface WebAssemblyInstantiatedSource {
    readonly module: Module;
    readonly instance: Instance;
  }
  interface MemoryDescriptor {
    /** Pages of 64 KiB. */
    initial: number;
    maximum?: number;
  }
  class Memory {
    constructor(descriptor: MemoryDescriptor);
    readonly buffer: ArrayBuffer;
  }
  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}
  type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  function instantiate(bytes: BufferSource, imports: Imports): Promise<WebAssemblyInstantiatedSource>;
  function compile(bytes: BufferSource): Promise<Module>;
  function instantiate(
    bytes: BufferSource,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ): Promise<WebAssemblyInstantiatedSource>;
}
