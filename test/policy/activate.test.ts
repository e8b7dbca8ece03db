import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { activate } from '../../src/policy/activate.ts';
import { digestOf } from '../../src/policy/bundle.ts';
import { compile } from '../../src/policy/compile.ts';
import { CORE_ENTRYPOINTS } from '../../src/policy/core.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { parentOf, probesOf } from '../../src/policy/probes.ts';
import { readFolder, type Sources } from '../../src/policy/sources.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { compiled, opaForTests } from './compiled.ts';
import { NOW } from './questions.ts';
import { registryOf, VARIED } from './registries.ts';

const now = () => NOW * 1000;
const policies = fileURLToPath(new URL('../../policies', import.meta.url));

let released: Policy;
let sources: Sources;
let capabilities: string;
let varied: Registry;

async function policyOf(wasm: Uint8Array<ArrayBuffer>, custom: Uint8Array<ArrayBuffer> | null = null): Promise<Policy> {
  const loaded = await loadPolicy({
    core: { wasm, manifest: { rules: [] } },
    allowModifiedCore: true,
    custom: custom && { wasm: custom, digest: digestOf(custom), rules: [{ name: 'closed', file: 'closed.rego' }] },
    onAlarm: () => {},
  });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.policy;
}

/** The core with one rule replaced by what is said of it here. */
async function coreWith(rule: string, satisfied: string, denials: string): Promise<Policy> {
  const file = `audgate/rules/${rule}/${rule}.rego`;
  expect(sources.has(file)).toBe(true);
  const text = `package audgate.rules.${rule}

satisfied := ${satisfied}

denials := ${denials}

used := set()

expected := []

actual := []
`;
  const built = await compile(await opaForTests(), {
    sources: new Map([...sources, [file, text]]),
    capabilities,
    entrypoints: CORE_ENTRYPOINTS,
  });
  if (!built.ok) throw new Error(built.output);
  return policyOf(built.wasm);
}

const problemsOf = async (registry: Registry, policy: Policy): Promise<readonly string[]> => {
  const activation = await activate(registry, policy, { now });
  return activation.ok ? [] : activation.problems;
};

beforeAll(async () => {
  sources = (await readFolder(`${policies}/core`)).rego;
  capabilities = await readFile(`${policies}/capabilities.json`, 'utf8');
  released = await policyOf(new Uint8Array(await readFile(`${policies}/core.wasm`)));
  varied = registryOf(VARIED);
});

describe('the released core', () => {
  it('passes at servers of every kind', async () => {
    expect(await activate(varied, released, { now })).toEqual({ ok: true });
  });

  it('passes at a registry of one server, and at one of none', async () => {
    expect(await activate(registryOf({ files: {} }), released, { now })).toEqual({ ok: true });
    expect(await activate(registryOf({}), released, { now })).toEqual({ ok: true });
  });

  it('passes beside a custom rule that refuses every probe', async () => {
    const custom = await compiled(
      'package custom\n\ndecide := {"rules": ["closed"], "satisfied": [], "denials": [{"rule": "closed", "code": "closed"}]}\n',
      ['custom/decide'],
    );
    const policy = await policyOf(new Uint8Array(await readFile(`${policies}/core.wasm`)), custom);
    expect(await activate(registryOf({ files: {} }), policy, { now })).toEqual({ ok: true });
  });
});

describe('a core whose rule is always satisfied is found by the tokens that it lets pass:', () => {
  const files = {
    files: {
      tools: { read_file: { scopes: ['files:read'] }, remove: { authentication: { acr_values: ['mfa'] } } },
      authorization_details_types: ['audgate-probe'],
    },
    billing: {},
  };

  it.each([
    ['issuer', ['an issuer that the server does not list']],
    [
      'audience',
      ["another server's audience", "this and another server's audience", 'no audience', 'the parent URL as audience'],
    ],
    ['lifetime', ['an end in the past', 'an issue time ahead', 'too long a life']],
    ['scope', ["none of the operation's scopes"]],
    ['authentication', ['nothing about how the user was authenticated']],
    ['authorization_details', ['authorization details that the server does not know']],
  ])('%s', async (rule, names) => {
    const problems = await problemsOf(registryOf(files), await coreWith(rule, 'true', 'set()'));
    const ofFiles = problems.filter((problem) => problem.startsWith('Server "files"'));
    expect(ofFiles.map((problem) => /a token with (.*) must be denied by a rule/.exec(problem)?.[1])).toEqual(names);
  });

  it('also at a server where a sender constraint is required', async () => {
    const registry = registryOf({ bound: { sender_constraint: 'any', tools: { read: { scopes: ['bound:read'] } } } });
    expect(await problemsOf(registry, await coreWith('scope', 'true', 'set()'))).toEqual([
      expect.stringMatching(/none of the operation's scopes.*allow/),
    ]);
  });

  it.each([
    ['none', ['a binding that nothing proves', 'the binding to another key than the proof’s']],
    ['dpop', ['a binding that nothing proves', 'the binding to another key than the proof’s', 'no binding']],
    ['mtls', ['a binding that nothing proves', 'the binding to another key than the proof’s', 'no binding']],
    ['any', ['a binding that nothing proves', 'the binding to another key than the proof’s', 'no binding']],
  ])('sender_constraint, where it is %s', async (sender_constraint, names) => {
    const problems = await problemsOf(
      registryOf({ bound: { sender_constraint } }),
      await coreWith('sender_constraint', 'true', 'set()'),
    );
    expect(problems.map((problem) => /a token with (.*) must be denied by a rule/.exec(problem)?.[1])).toEqual(names);
  });

  it('a core that lets no proof count does not let a right token pass', async () => {
    const registry = registryOf({ bound: { sender_constraint: 'mtls' } });
    const core = await coreWith('sender_constraint', 'false', '{{"code": "token_not_bound"}}');
    expect(await problemsOf(registry, core)).toEqual([
      expect.stringMatching(/all that it needs must pass.*token_not_bound/),
    ]);
  });
});

describe('what a server asks of authentication', () => {
  const asking = (authentication: object) => ({ scopes: ['files:write'], authentication });

  it.each([
    ['ways', { tools: { pay: asking({ acr_values: ['mfa', 'phr'] }) } }],
    ['how recently', { tools: { pay: asking({ max_age_seconds: 0 }) } }],
    ['both, of any call', { call_from: 'none', tools: { pay: asking({ acr_values: ['mfa'], max_age_seconds: 60 }) } }],
    ['also of what is open to all', { methods: { ping: { authentication: { acr_values: ['mfa'] } } } }],
    [
      'what nobody can show, of one operation',
      {
        methods: { 'tools/call': { authentication: { acr_values: ['pwd'] } } },
        tools: { pay: asking({ acr_values: ['mfa'] }) },
      },
    ],
  ])('(%s) is passed by the right token', async (_, files) => {
    expect(await activate(registryOf({ files }), released, { now })).toEqual({ ok: true });
  });
});

describe('a core that refuses everything', () => {
  it.each([
    ['delegation', 'rule_not_satisfied', 'false', 'set()'],
    ['operation', 'method_unknown', 'true', '{{"code": "method_unknown"}}'],
  ])('(%s: %s) is found by the right token, at every server', async (rule, code, satisfied, denials) => {
    const problems = await problemsOf(varied, await coreWith(rule, satisfied, denials));
    const told = problems.filter((problem) => problem.includes('must pass'));
    // files has two issuers.
    expect(told).toHaveLength(varied.servers.size + 1);
    for (const problem of told) expect(problem).toMatch(new RegExp(`deny \\(.*${code}`));
  });

  it('tells no more than 50 problems', async () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`s${i}`, {}]));
    const problems = await problemsOf(registryOf(many), await coreWith('delegation', 'false', 'set()'));
    expect(problems).toHaveLength(50);
  });
});

describe('the check', () => {
  it('gives others their turn when a slice of work is over', async () => {
    const servers = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`s${i}`, {}]));
    const registry = registryOf(servers);
    const turnsDuring = async (millisecondsEach: number) => {
      let clock = 0;
      let turns = 0;
      let running = true;
      const count = () => {
        turns += 1;
        if (running) setImmediate(count);
      };
      setImmediate(count);
      const elapsed = () => {
        clock += millisecondsEach;
        return clock;
      };
      await activate(registry, released, { now, elapsed });
      running = false;
      return turns;
    };
    expect(await turnsDuring(0)).toBe(0);
    expect(await turnsDuring(1)).toBeGreaterThanOrEqual(3);
    expect(await turnsDuring(100)).toBeGreaterThanOrEqual(19);
  });
});

describe('after a reload', () => {
  const files = { files: { tools: { read_file: { scopes: ['files:read'] } } }, billing: {}, mail: {} };
  /** Registry keys of the servers that the core was asked about, in their order. */
  async function asked(registry: Registry, former: Registry | undefined, by: Policy = released): Promise<string[]> {
    const seen = new Set<string>();
    const policy: Policy = {
      ...by,
      judge(input, custom) {
        seen.add(input.registered.server.key);
        return by.judge(input, custom);
      },
    };
    const parts = { now, former: former && { registry: former, policy: by } };
    expect(await activate(registry, policy, parts)).toEqual({ ok: true });
    return [...seen];
  }

  it('only what changed is asked about, and always the first server', async () => {
    const before = registryOf(files);
    expect(await asked(before, undefined)).toEqual(['billing', 'files', 'mail']);
    expect(await asked(registryOf(files), before)).toEqual(['billing']);
    const scoped = { ...files, files: { tools: { read_file: { scopes: ['files:all'] } } } };
    expect(await asked(registryOf(scoped), before)).toEqual(['billing', 'files']);
    expect(await asked(registryOf({ ...files, news: {} }), before)).toEqual(['billing', 'news']);
    expect(await asked(registryOf({ ...files, mail: { max_lifetime_seconds: 60 } }), before)).toEqual([
      'billing',
      'mail',
    ]);
  });

  it('all of an issuer that changed are asked about', async () => {
    const before = registryOf(files);
    const corp = before.issuers.get('corp');
    if (corp === undefined) throw new Error('the registry lacks corp');
    const changed = { ...before, issuers: new Map([...before.issuers, ['corp', { ...corp, extra_audiences: ['x'] }]]) };
    expect(await asked(registryOf(files), changed)).toEqual(['billing', 'files', 'mail']);
    const moved = {
      ...before,
      issuers: new Map([...before.issuers, ['corp', { ...corp, source: { file: 'r', line: 9 } }]]),
    };
    expect(await asked(registryOf(files), moved)).toEqual(['billing']);
  });

  it('all are asked about with another core, and each time with a modified one', async () => {
    const before = registryOf(files);
    const other: Policy = { ...released, core: { ...released.core, digest: 'sha256:other' } };
    const parts = { now, former: { registry: before, policy: other } };
    let judged = 0;
    const counting: Policy = {
      ...released,
      judge(...question) {
        judged += 1;
        return released.judge(...question);
      },
    };
    await activate(before, counting, parts);
    const all = judged;
    judged = 0;
    await activate(before, counting, { now });
    expect(all).toBe(judged);
    const modified: Policy = { ...released, core: { ...released.core, modified: true } };
    expect(await asked(before, before, modified)).toEqual(['billing', 'files', 'mail']);
  });
});

describe('a probe', () => {
  it('is of a client that no waiver of the server names', () => {
    const files = varied.servers.get('files');
    const corp = varied.issuers.get('corp');
    if (files === undefined || corp === undefined) throw new Error('the registry lacks files or corp');
    const { right, wrong } = probesOf(files, corp, 'https://billing.example.com/mcp', NOW);
    for (const { token } of [right, ...wrong]) expect(token.client_id).toBe('audgate-probe-');
  });

  it.each([
    ['https://files.example.com/mcp', 'https://files.example.com'],
    ['https://files.example.com/mcp/', 'https://files.example.com'],
    ['https://files.example.com/a/b', 'https://files.example.com/a'],
    ['https://files.example.com/a/b?x=/c', 'https://files.example.com/a'],
    ['https://files.example.com:8443/mcp', 'https://files.example.com:8443'],
    ['http://[::1]:8080/mcp', 'http://[::1]:8080'],
    ['https://files.example.com', null],
    ['https://files.example.com/', null],
    ['https://files.example.com?x=/y', null],
  ])('of the parent of %s names %s', (resource, parent) => {
    expect(parentOf(resource)).toBe(parent);
  });
});
