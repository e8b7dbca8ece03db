import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audgate, BILLING, createWorld, FILES, registryOf } from './audgate.ts';
import { inProcess } from './in-process.ts';

let world: Awaited<ReturnType<typeof createWorld>>;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

type Command = 'decide' | 'explain';

const argsOf = (command: Command, more: readonly string[]) => {
  const registry = more.includes('--registry') ? [] : ['--registry', world.registry];
  return [command, ...registry, '--server', FILES, ...more];
};
/** The same in this process, where a process of its own would show no more. */
const ask = (command: Command, token: string, ...more: string[]) => inProcess(argsOf(command, more), { stdin: token });
const askProcess = (command: Command, token: string, ...more: string[]) =>
  audgate(argsOf(command, more), { stdin: token });

describe('decide', () => {
  test('allows with 0, and prints the answer of the HTTP interface', async () => {
    const token = await world.token();
    const { code, stdout, stderr } = await askProcess('decide', token, '--tool', 'read_file', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ decision: 'allow', server: 'files', reasons: [], advice: {} });
    expect(stdout.endsWith('}\n')).toBe(true);
  });

  test('denies with 1', async () => {
    const { code, stdout } = await askProcess(
      'decide',
      await world.token({ aud: BILLING }),
      '--tool',
      'read_file',
      '--json',
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      decision: 'deny',
      reasons: [{ code: 'audience_mismatch', expected: [FILES], actual: [BILLING] }],
      challenge: { status: 401 },
    });
  });

  test('is indeterminate with 3 when the keys cannot be had, and still denies a foreign token', async () => {
    const { jwks: _, ...corp } = registryOf(world.key).issuers.corp;
    const keyless = {
      ...registryOf(world.key),
      // Port 9 (discard): nobody listens there.
      issuers: { corp: { ...corp, jwks_uri: 'http://127.0.0.1:9/jwks' } },
    };
    const registry = await world.write('keyless.json', JSON.stringify(keyless));
    const args = ['--registry', registry, '--tool', 'read_file', '--json'];
    const unsure = await askProcess('decide', await world.token(), ...args);
    expect(unsure.code).toBe(3);
    expect(JSON.parse(unsure.stdout)).toMatchObject({
      decision: 'indeterminate',
      reasons: [{ code: 'keys_unavailable' }],
    });
    const foreign = await askProcess('decide', await world.token({ aud: BILLING }), ...args);
    expect(foreign.code).toBe(1);
  });

  test('prints for people what is wrong and what to do next', async () => {
    const { stdout } = await ask('decide', await world.token({ aud: BILLING }), '--tool', 'read_file');
    expect(stdout).toMatch(/^deny files\n {2}audience_mismatch\n/);
    expect(stdout).toContain('www-authenticate: Bearer');
    expect(stdout).not.toContain('\u001b');
  });

  test.each([
    ['--tool', 'read_file', 'tools/call'],
    ['--prompt', 'p', 'prompts/get'],
    ['--uri', 'file:///a', 'resources/read'],
    ['--task', 't-1', 'tasks/get'],
  ])('%s stands for its method', async (flag, target, method) => {
    const { stdout } = await ask('explain', await world.token(), flag, target, '--json');
    expect(JSON.parse(stdout).input.call).toMatchObject({ method });
  });

  test('a method without target is asked by name', async () => {
    const { code } = await ask('decide', await world.token(), '--method', 'tools/list');
    expect(code).toBe(0);
  });

  test('decides for another time', async () => {
    const at = new Date(Date.now() + 3_600_000).toISOString();
    const { stdout } = await ask('decide', await world.token(), '--tool', 'read_file', '--at', at, '--json');
    expect(JSON.parse(stdout).reasons).toMatchObject([{ code: 'token_expired' }]);
  });

  test('says which scheme it does not know', async () => {
    const { stdout } = await ask('decide', await world.token(), '--tool', 'read_file', '--scheme', 'Basic', '--json');
    expect(JSON.parse(stdout).reasons).toMatchObject([{ code: 'scheme_unsupported' }]);
  });
});

describe('the token', () => {
  test('may end in one newline, and in no second one', async () => {
    const token = await world.token();
    expect((await askProcess('decide', `${token}\n`, '--tool', 'read_file')).code).toBe(0);
    const { code, stdout } = await ask('decide', `${token}\n\n`, '--tool', 'read_file', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout).reasons).toMatchObject([{ code: 'token_malformed' }]);
  });

  test('is missing when nothing stands there', async () => {
    const { code, stdout } = await ask('decide', '', '--tool', 'read_file', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout).reasons).toMatchObject([{ code: 'token_missing' }]);
  });

  test('is no argument', async () => {
    const token = await world.token();
    const { code } = await ask('decide', '', '--tool', 'read_file', token);
    expect(code).toBe(2);
  });

  test.each(['--json', undefined])('is never printed (%s)', async (json) => {
    for (const command of ['decide', 'explain'] as const) {
      const token = await world.token({ sign: 'foreign_key' });
      const { stdout, stderr } = await askProcess(command, token, '--tool', 'read_file', ...(json ? [json] : []));
      for (const segment of token.split('.')) expect(stdout + stderr).not.toContain(segment);
    }
  });
});

describe('every call that HTTP can ask about can be asked about here', () => {
  const asked = async (...args: string[]) => {
    const { stdout, stderr } = await ask('explain', await world.token(), ...args, '--json');
    expect(stderr).toBe('');
    return JSON.parse(stdout).input.call;
  };
  test.each([
    [['--method', 'tasks/cancel', '--task', 't-1'], { method: 'tasks/cancel', task: 't-1' }],
    [['--method', 'completion/complete', '--prompt', 'p'], { method: 'completion/complete', prompt: 'p' }],
    [['--method', 'http/get'], { method: 'http/get' }],
    [['--prompt', 'p', '--arguments', '{"a":"b"}'], { method: 'prompts/get', prompt: 'p' }],
  ])('%j', async (args, call) => {
    expect(await asked(...args)).toMatchObject(call);
  });

  test('as the client’s own message, also what names several targets', async () => {
    const params = { notifications: { resourceSubscriptions: ['file:///a', 'file:///b'] } };
    const message = { jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params };
    const call = await asked('--message', JSON.stringify(message));
    expect(call).toMatchObject({ method: 'subscriptions/listen', uris: ['file:///a', 'file:///b'] });
  });

  test('and who names none is told how', async () => {
    const said = async (...args: string[]) => (await ask('decide', 'x', ...args)).stderr;
    expect(await said('--method', 'tasks/get')).toContain('give --task ID: tasks/get takes it');
    expect(await said('--method', 'completion/complete')).toContain('give --prompt NAME or --uri URI: ');
    expect(await said('--method', 'subscriptions/listen')).toContain('give the client’s message in --message');
  });
});

test.each([
  ['a message beside a method', ['--message', '{}', '--method', 'tools/list']],
  ['a message that is no JSON', ['--message', '{']],
  ['a task and a tool', ['--task', 'a', '--tool', 'b']],
  ['neither method nor target', []],
  ['two targets', ['--tool', 'a', '--prompt', 'b']],
  ['a method that takes another target', ['--method', 'resources/read', '--tool', 'a']],
  ['a method that lacks its target', ['--method', 'tools/call']],
  ['arguments without a tool', ['--method', 'tools/list', '--arguments', '{}']],
  ['arguments that are no object', ['--tool', 'a', '--arguments', '[]']],
  ['arguments with a member twice', ['--tool', 'a', '--arguments', '{"a":1,"a":2}']],
  ['a time that is none', ['--tool', 'a', '--at', 'tomorrow']],
  ['a scheme that is none', ['--tool', 'a', '--scheme', 'Bearer x']],
])('%s is wrong usage', async (_what, args) => {
  const { code, stdout, stderr } = await ask('decide', 'x', ...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^audgate: /);
});

test('a registry with problems ends with 1, and each is told by file, line and column', async () => {
  const registry = await world.write(
    'bad.yaml',
    'issuers: {}\nservers:\n  files:\n    resource: files\n    tols: {}\n',
  );
  const { code, stdout, stderr } = await ask('decide', 'x', '--registry', registry, '--tool', 'a');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/bad\.yaml:4:15: error: \/servers\/files\/resource /);
  expect(stderr).toMatch(/bad\.yaml:5:5: error: .*tools/s);
});

describe('explain', () => {
  test('shows every rule, and ends as decide does', async () => {
    const { code, stdout } = await askProcess(
      'explain',
      await world.token({ aud: BILLING }),
      '--tool',
      'read_file',
      '--json',
    );
    expect(code).toBe(1);
    const { would_decide, checks, input, digests } = JSON.parse(stdout);
    expect(would_decide).toMatchObject({ decision: 'deny' });
    expect(checks.map(({ rule, outcome }: { rule: string; outcome: string }) => [rule, outcome])).toContainEqual([
      'audience',
      'denied',
    ]);
    expect(input).toMatchObject({ call: { tool: 'read_file' } });
    expect(digests).toMatchObject({ custom: null });
  });

  test('prints a table whose cells are parted by tabs where a program reads', async () => {
    const { code, stdout } = await ask('explain', await world.token(), '--tool', 'read_file');
    expect(code).toBe(0);
    const rows = stdout.split('\n').map((line) => line.split('\t'));
    expect(rows).toContainEqual(['RULE', 'OUTCOME', 'EXPECTED', 'ACTUAL', 'REGISTRY', 'RULE FILE']);
    expect(rows.find(([rule]) => rule === 'audience')).toMatchObject({ 1: 'satisfied', length: 6 });
  });

  test('names what would allow the call: numbered for people, a table for programs', async () => {
    const token = await world.token({ claims: { scope: '' } });
    const piped = (await ask('explain', token, '--tool', 'read_file')).stdout;
    const rows = piped.split('\n').map((line) => line.split('\t'));
    expect(rows).toContainEqual(['NO', 'SIDE', 'ALLOWS', 'WITH', 'REGISTRY', 'CHANGE', 'WHY']);
    expect(rows.find(([number]) => number === '1')).toMatchObject({ 1: 'client', 2: 'tried', 3: '-', length: 7 });
    expect(rows).toContainEqual(['MCP02:2025', 'Privilege Escalation via Scope Creep', 'scope_insufficient']);
    const { stdout } = await inProcess(argsOf('explain', ['--tool', 'read_file']), {
      stdin: token,
      terminals: ['stdout'],
      env: { NO_COLOR: '1' },
    });
    expect(stdout).toMatch(
      /^1 {2}client {2}tried: allows\n {3}Ask \S+ for a token with scope="files:read"\.\n {3}The operation/m,
    );
    expect(stdout).not.toContain('\t');
  });
});
