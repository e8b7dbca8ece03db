/**
 * Each way in which bare opa-wasm breaks, first shown on it, then survived by the engine. When the first half of one
 * fails after an update of opa-wasm or OPA, the hazard is gone and its guard may go too.
 */
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { type Engine, MAX_INPUT_BYTES, openEngine } from '../../src/policy/engine.ts';
import { BREAKABLE, compiled, ENTRYPOINTS } from './compiled.ts';

const bare: typeof import('@open-policy-agent/opa-wasm') = createRequire(import.meta.url)(
  '@open-policy-agent/opa-wasm',
);

const DECIDE = 'breakable/decide';
const OPEN = [{ result: 'open' }];
const CLOSED = [{ result: 'closed' }];
const MIB = 1024 * 1024;

let wasm: Uint8Array<ArrayBuffer>;
const bareInstance = () => bare.loadPolicySync(wasm);
const engine = async (): Promise<Engine> => {
  const opened = await openEngine(wasm);
  if (!opened.ok) throw new Error(opened.problem);
  return opened.engine;
};
const thrownBy = (act: () => unknown): unknown => {
  try {
    act();
  } catch (thrown) {
    return thrown;
  }
  throw new Error('nothing was thrown');
};

beforeAll(async () => {
  wasm = await compiled(BREAKABLE, ENTRYPOINTS);
});

describe('2,000 inputs with a lone surrogate', () => {
  const HOSTILE = { text: '\ud800' };

  it('kill a bare instance for good', () => {
    const instance = bareInstance();
    for (let i = 0; i < 2000; i++) thrownBy(() => instance.evaluate(HOSTILE, DECIDE));
    expect(thrownBy(() => instance.evaluate({ allow: true }, DECIDE))).toBeInstanceOf(WebAssembly.RuntimeError);
  });

  it('each fail in the engine, which answers a good one in between and after', async () => {
    const ours = await engine();
    for (let i = 0; i < 2000; i++) {
      expect(ours.evaluate(DECIDE, HOSTILE)).toEqual({ kind: 'failed', detail: 'illegal string escape character' });
      if (i % 100 === 0) expect(ours.evaluate(DECIDE, { allow: true })).toEqual({ kind: 'value', value: 'open' });
    }
    expect(ours.evaluate(DECIDE, { allow: true })).toEqual({ kind: 'value', value: 'open' });
  });
});

describe('an evaluation that wants all memory', () => {
  it('gets far beyond 64 MiB from a bare instance', () => {
    const instance = bareInstance();
    expect(instance.evaluate({ n: 600_000 }, 'breakable/count_to')).toEqual([{ result: 600_000 }]);
    expect(instance.mem.buffer.byteLength).toBeGreaterThan(90 * MIB);
  });

  it('fails in the engine at the ceiling, and the next one is answered', async () => {
    const ours = await engine();
    expect(ours.evaluate('breakable/count_to', { n: 600_000 })).toEqual({
      kind: 'failed',
      detail: 'opa_malloc: failed',
    });
    expect(ours.evaluate(DECIDE, { allow: true })).toEqual({ kind: 'value', value: 'open' });
  });
});

describe('one big evaluation', () => {
  it('leaves a bare instance big for ever', () => {
    const instance = bareInstance();
    instance.evaluate({ n: 100_000 }, 'breakable/count_to');
    for (let i = 0; i < 10; i++) instance.evaluate({}, DECIDE);
    expect(instance.mem.buffer.byteLength).toBeGreaterThan(16 * MIB);
  });

  it('is answered by the engine, which then retires the instance', async () => {
    const made: { mem: { buffer: ArrayBuffer } }[] = [];
    const opened = await openEngine(wasm, (module) => {
      const instance = bare.loadPolicySync(module, { initial: 5, maximum: 1024 });
      made.push(instance);
      return instance;
    });
    if (!opened.ok) throw new Error(opened.problem);
    const ours = opened.engine;
    expect(ours.evaluate('breakable/count_to', { n: 100_000 })).toEqual({ kind: 'value', value: 100_000 });
    expect(ours.evaluate(DECIDE, { allow: true })).toEqual({ kind: 'value', value: 'open' });
    expect(made.map(({ mem }) => mem.buffer.byteLength > 16 * MIB)).toEqual([true, false]);
  });
});

describe('malformed raw input', () => {
  it('is silently no input to a bare instance', () => {
    const malformed = new TextEncoder().encode('{"allow": true').buffer;
    expect(bareInstance().evaluate(malformed, DECIDE)).toEqual(CLOSED);
    expect(bareInstance().evaluate({ allow: true }, DECIDE)).toEqual(OPEN);
  });

  it('cannot be given to the engine: raw bytes are an object without members like any other', async () => {
    const raw = new TextEncoder().encode('{"allow": true').buffer;
    expect((await engine()).evaluate('breakable/echo', raw)).toEqual({ kind: 'value', value: {} });
  });

  it('nor can an object whose JSON is something else, or that has none', async () => {
    const ours = await engine();
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    expect(ours.evaluate(DECIDE, { toJSON: () => undefined }).kind).toBe('failed');
    expect(ours.evaluate(DECIDE, { toJSON: () => 'text' }).kind).toBe('failed');
    expect(ours.evaluate(DECIDE, cyclic)).toEqual({ kind: 'failed', detail: 'the input cannot be written as JSON' });
  });
});

describe('falsy input', () => {
  it.each([false, 0, '', null])('%j is no input at all to a bare instance, so that echo is undefined', (falsy) => {
    expect(bareInstance().evaluate(falsy, 'breakable/echo')).toEqual([]);
  });

  it.each([false, 0, '', null, undefined, []])('%j is refused by the engine', async (value) => {
    const ours = await engine();
    // What a caller without types could hand over.
    expect(Reflect.apply(ours.evaluate, ours, [DECIDE, value])).toEqual({
      kind: 'failed',
      detail: 'the input is no object',
    });
  });
});

describe('what is thrown', () => {
  it('is a bare string when rules conflict, and a plain object when a function is missing', async () => {
    expect(typeof thrownBy(() => bareInstance().evaluate({ conflict: true }, 'breakable/conflict'))).toBe('string');
    const needy = await compiled('package needy\n\ndecide := http.send({"url": input.url})', ['needy/decide']);
    const thrown = thrownBy(() => bare.loadPolicySync(needy).evaluate({ url: 'x' }, 'needy/decide'));
    expect(thrown).not.toBeInstanceOf(Error);
    expect(thrown).toHaveProperty('message');
  });

  it('becomes a text without input', async () => {
    const answer = (await engine()).evaluate('breakable/conflict', { conflict: true, secret: 's3cret' });
    expect(answer).toEqual({ kind: 'failed', detail: expect.stringMatching(/conflict/) });
    expect(JSON.stringify(answer)).not.toContain('s3cret');
  });

  it('quotes the input when a result cannot be parsed, which the engine does not repeat', async () => {
    const opened = await openEngine(wasm, (module) => {
      const instance = bare.loadPolicySync(module);
      instance.evaluate = () => JSON.parse('s3cret');
      return instance;
    });
    if (!opened.ok) throw new Error(opened.problem);
    expect(opened.engine.evaluate(DECIDE, {})).toEqual({ kind: 'failed', detail: 'SyntaxError' });
  });
});

describe('input nested 100,000 deep', () => {
  const nest = (depth: number): object => {
    let value: object = {};
    for (let i = 0; i < depth; i++) value = { a: value };
    return value;
  };

  it('overflows the stack inside a bare instance', () => {
    const text = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const thrown = thrownBy(() => bareInstance().evaluate(new TextEncoder().encode(text).buffer, DECIDE));
    expect(thrown).toBeInstanceOf(RangeError);
  });

  it('fails in the engine, and the next one is answered', async () => {
    const ours = await engine();
    expect(ours.evaluate(DECIDE, nest(100_000)).kind).toBe('failed');
    expect(ours.evaluate(DECIDE, { allow: true })).toEqual({ kind: 'value', value: 'open' });
  });
});

describe('a dead instance', () => {
  it('traps once in the engine, which then has another', async () => {
    let made = 0;
    const opened = await openEngine(wasm, (module) => {
      const instance = bare.loadPolicySync(module);
      // The second one is dead, as a bare instance is after some hundred throws.
      if (made++ === 1) for (let i = 0; i < 2000; i++) thrownBy(() => instance.evaluate({ text: '\ud800' }, DECIDE));
      return instance;
    });
    if (!opened.ok) throw new Error(opened.problem);
    const ours = opened.engine;
    expect(ours.evaluate('breakable/conflict', { conflict: true }).kind).toBe('failed');
    expect(ours.evaluate(DECIDE, { allow: true })).toEqual({
      kind: 'failed',
      detail: 'trap: memory access out of bounds',
    });
    expect(ours.evaluate(DECIDE, { allow: true })).toEqual({ kind: 'value', value: 'open' });
  });
});

describe('a huge input', () => {
  it('is taken by a bare instance, at a hundredfold in memory', () => {
    const instance = bareInstance();
    instance.evaluate({ zeros: Array(MAX_INPUT_BYTES / 2).fill(0) }, DECIDE);
    expect(instance.mem.buffer.byteLength).toBeGreaterThan(40 * MIB);
  });

  it('is refused by the engine one byte above the limit, counted in UTF-8, before it touches an instance', async () => {
    const ours = await engine();
    const frame = '{"text":""}'.length;
    const fits = { text: `${'é'.repeat((MAX_INPUT_BYTES - frame - 1) / 2)}a` };
    expect(Buffer.byteLength(JSON.stringify(fits))).toBe(MAX_INPUT_BYTES);
    expect(ours.evaluate(DECIDE, fits)).toEqual({ kind: 'value', value: 'closed' });
    const exceeds = { text: `${fits.text}a` };
    expect(ours.evaluate(DECIDE, exceeds)).toEqual({
      kind: 'failed',
      detail: `the input exceeds ${MAX_INPUT_BYTES} bytes`,
    });
  });

  it('of the dearest kind fits below the memory ceiling', async () => {
    const zeros = Array(MAX_INPUT_BYTES / 2 - 10).fill(0);
    expect((await engine()).evaluate(DECIDE, { zeros })).toEqual({ kind: 'value', value: 'closed' });
  });
});

describe('a module that prints', () => {
  // (module (import "env" "memory" (memory 2)) (import "env" "opa_println" (func (param i32))))
  const text = (name: string) => [name.length, ...Buffer.from(name)];
  const imports = [2, ...text('env'), ...text('memory'), 2, 0, 2, ...text('env'), ...text('opa_println'), 0, 0];
  const printing = new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 5, 1, 0x60, 1, 0x7f, 0],
    ...[2, imports.length, ...imports],
  ]);

  it('would write to standard output through bare opa-wasm, and is refused by the engine', async () => {
    expect(WebAssembly.Module.imports(new WebAssembly.Module(printing)).map(({ name }) => name)).toContain(
      'opa_println',
    );
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    try {
      const opened = await openEngine(printing);
      expect(opened).toEqual({ ok: false, problem: expect.stringContaining('env.opa_println') });
      expect(log).not.toHaveBeenCalled();
    } finally {
      log.mockRestore();
    }
  });
});

describe('a module that needs JavaScript for a built-in function', () => {
  const YAML = 'package needy\n\ndecide := yaml.unmarshal(input.text)';

  it('runs it on untrusted text in bare opa-wasm', async () => {
    const instance = bare.loadPolicySync(await compiled(YAML, ['needy/decide']));
    expect(instance.evaluate({ text: 'a: 1' }, 'needy/decide')).toEqual([{ result: { a: 1 } }]);
  });

  it('is refused by the engine', async () => {
    expect(await openEngine(await compiled(YAML, ['needy/decide']))).toEqual({
      ok: false,
      problem: expect.stringContaining('yaml.unmarshal'),
    });
  });
});
