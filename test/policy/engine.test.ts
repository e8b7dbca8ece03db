import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../../src/policy/engine.ts';
import { policyOf } from '../../src/policy/judge.ts';
import { BREAKABLE, compiled, ENTRYPOINTS } from './compiled.ts';
import { question } from './questions.ts';

const opa: typeof import('@open-policy-agent/opa-wasm') = createRequire(import.meta.url)('@open-policy-agent/opa-wasm');

const DECIDE = 'breakable/decide';
const HOSTILE = { text: '\ud800' };
const OPEN = { kind: 'value', value: 'open' };

let wasm: Uint8Array<ArrayBuffer>;
const turn = () => new Promise((resume) => setImmediate(resume));

/** An engine that counts the instances it makes, and can make no more than `most`. */
async function counted(most = Number.POSITIVE_INFINITY): Promise<{ engine: Engine; made: () => number }> {
  let made = 0;
  const opened = await openEngine(wasm, (module) => {
    if (made === most) throw new RangeError('WebAssembly.Memory(): could not allocate memory');
    made += 1;
    return opa.loadPolicySync(module, { initial: 5, maximum: 1024 });
  });
  if (!opened.ok) throw new Error(opened.problem);
  return { engine: opened.engine, made: () => made };
}

beforeAll(async () => {
  wasm = await compiled(BREAKABLE, ENTRYPOINTS);
});

describe('instances', () => {
  it('are used again as long as nothing is thrown', async () => {
    const { engine, made } = await counted();
    for (let i = 0; i < 50; i++) expect(engine.evaluate(DECIDE, { allow: true })).toEqual(OPEN);
    expect(made()).toBe(1);
  });

  it('keep nothing of one evaluation for the next', async () => {
    const { engine } = await counted();
    engine.evaluate('breakable/echo', { secret: 1 });
    expect(engine.evaluate('breakable/echo', {})).toEqual({ kind: 'value', value: {} });
  });

  it('have two spares, made off the decision path and made anew when taken', async () => {
    const { engine, made } = await counted();
    for (let i = 0; i < 5; i++) await turn();
    expect(made()).toBe(3);
    engine.evaluate(DECIDE, HOSTILE);
    expect(engine.evaluate(DECIDE, { allow: true })).toEqual(OPEN);
    expect(made()).toBe(3);
    for (let i = 0; i < 5; i++) await turn();
    expect(made()).toBe(4);
  });

  it('are made on the decision path when the spares run out within one turn', async () => {
    const { engine, made } = await counted();
    for (let i = 0; i < 10; i++) expect(engine.evaluate(DECIDE, HOSTILE).kind).toBe('failed');
    expect(engine.evaluate(DECIDE, { allow: true })).toEqual(OPEN);
    expect(made()).toBe(11);
  });

  it('are unavailable only when none is left and none can be made, and come back', async () => {
    let refusing = false;
    const opened = await openEngine(wasm, (module) => {
      if (refusing) throw new RangeError('WebAssembly.Memory(): could not allocate memory');
      return opa.loadPolicySync(module);
    });
    if (!opened.ok) throw new Error(opened.problem);
    const { engine } = opened;
    refusing = true;
    expect(engine.evaluate(DECIDE, { allow: true })).toEqual(OPEN);
    engine.evaluate(DECIDE, HOSTILE);
    expect(engine.evaluate(DECIDE, { allow: true })).toEqual({
      kind: 'unavailable',
      detail: expect.stringContaining('could not allocate memory'),
    });
    await turn();
    refusing = false;
    expect(engine.evaluate(DECIDE, { allow: true })).toEqual(OPEN);
  });
});

describe('an answer', () => {
  it('that is undefined is a failure', async () => {
    const { engine } = await counted();
    expect(engine.evaluate('breakable/absent', {})).toEqual({ kind: 'failed', detail: 'the result is undefined' });
  });

  it('of an unknown entrypoint is a failure', async () => {
    const { engine } = await counted();
    expect(engine.evaluate('breakable/nowhere', {}).kind).toBe('failed');
    expect(engine.evaluate('constructor', {}).kind).toBe('failed');
  });

  it.each([
    ['no list', { result: 'open' }],
    ['two results', [{ result: 'open' }, { result: 'open' }]],
    ['no result in it', [{ expressions: [] }]],
    ['null in it', [null]],
  ])('with %s is a failure', async (_, results) => {
    const opened = await openEngine(wasm, (module) => {
      const instance = opa.loadPolicySync(module);
      instance.evaluate = () => results;
      return instance;
    });
    expect(opened.ok && opened.engine.evaluate(DECIDE, {}).kind).toBe('failed');
  });

  it('keeps numbers, letters of any script and members named like JavaScript’s own', async () => {
    const { engine } = await counted();
    const value = JSON.parse(
      '{"n": 9007199254740991, "f": 1.5, "t": "Ünïcødé 🗝", "__proto__": {"x": 1}, "constructor": 2}',
    );
    const answer = engine.evaluate('breakable/echo', value);
    expect(answer.kind === 'value' && JSON.stringify(sorted(answer.value))).toBe(JSON.stringify(sorted(value)));
  });
});

function sorted(value: object | unknown): unknown {
  return Object.entries(value ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

describe('bytes that are no policy', () => {
  it.each([
    ['nothing', new Uint8Array()],
    ['text', new TextEncoder().encode('package x')],
    ['an empty module', new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])],
  ])('(%s) are refused', async (_, bytes) => {
    expect(await openEngine(bytes)).toEqual({ ok: false, problem: expect.any(String) });
  });

  it('(a module cut short) are refused', async () => {
    expect(await openEngine(wasm.slice(0, wasm.length / 2))).toMatchObject({ ok: false });
  });

  it('(a module of an older ABI) are refused', async () => {
    const opened = await openEngine(wasm, (module) => {
      const instance = opa.loadPolicySync(module);
      instance.minorVersion = 1;
      return instance;
    });
    expect(opened).toEqual({ ok: false, problem: expect.stringContaining('1.2') });
  });
});

describe('a judgement without instances', () => {
  const engines = async (coreAnswers: boolean, customAnswers: boolean) => {
    const core = `package audgate.decision

decide := {"allow": input.context.caller == "good", "denials": denials, "required_scopes": [], "advice": {"waivers": []}}

denials := [{"code": "token_expired"} | input.context.caller != "good"]

explain := {"checks": []}
`;
    const custom = `package custom

decide := {"rules": ["a"], "satisfied": ["a"], "denials": denials}

denials := [{"rule": "a", "code": "no"} | input.context.caller == "denied_by_custom"]
`;
    const dead: Engine = { entrypoints: [], evaluate: () => ({ kind: 'unavailable', detail: 'none' }) };
    const open = async (rego: string, entrypoints: readonly string[]) => {
      const opened = await openEngine(await compiled(rego, entrypoints));
      if (!opened.ok) throw new Error(opened.problem);
      return opened.engine;
    };
    const alive = {
      core: await open(core, ['audgate/decision/decide', 'audgate/decision/explain']),
      custom: await open(custom, ['custom/decide']),
    };
    return policyOf({
      core: { engine: coreAnswers ? alive.core : dead, digest: 'sha256:0', modified: false, rules: [] },
      custom: {
        engine: customAnswers ? alive.custom : dead,
        digest: 'sha256:0',
        rules: [{ name: 'a', file: 'a.rego' }],
      },
      onAlarm: () => {},
    });
  };
  const ask = async (caller: string, [coreAnswers, customAnswers]: readonly [boolean, boolean]) =>
    (await engines(coreAnswers, customAnswers)).judge(question({ context: { caller } }), { claims: {} });

  it('is nobody’s knowledge', async () => {
    expect(await ask('good', [false, true])).toEqual({ kind: 'unavailable' });
    expect(await ask('good', [true, false])).toEqual({ kind: 'unavailable' });
    expect(await ask('good', [false, false])).toEqual({ kind: 'unavailable' });
    expect(await ask('good', [true, true])).toMatchObject({ kind: 'allow' });
  });

  it('is a deny where the other module denies: nobody can turn a certain deny into an outage', async () => {
    expect(await ask('bad', [true, false])).toMatchObject({ kind: 'deny', denials: [{ code: 'token_expired' }] });
    expect(await ask('denied_by_custom', [false, true])).toMatchObject({
      kind: 'deny',
      denials: [],
      custom: [{ rule: 'a', code: 'no' }],
    });
  });
});
