/** Completion, subscriptions, tasks, what is no message, and any call: what opens them, and what they need. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CallFacts } from '../../src/decision/facts.ts';
import { problemsIn, registryText, serverOf, told } from './example.ts';

const LISTED = `
scope_implies: { files:admin: [files:read] }
methods:
  completion/complete: { scopes: [complete], labels: { by: method } }
  subscriptions/listen: { scopes: [listen], labels: { by: method } }
  resources/subscribe: { scopes: [subscribe] }
  resources/list: { scopes: [list] }
  tasks/get: { scopes: [task] }
  tasks/cancel: {}
  tasks/list: { scopes: [tasks] }
  http/get: { scopes: [stream] }
  rpc/response: {}
tools:
  read_file: { scopes: [files:read] }
prompts:
  greet: { scopes: [files:read], labels: { by: prompt } }
resources:
  "file:///docs/*": { scopes: [docs], labels: { risk: low } }
  "file:///secret": { scopes: [secret], labels: { risk: high } }`;
const SERVER = serverOf({ server: LISTED });
const BARE = serverOf({ server: 'resources: { "file:///docs/*": {} }' });
const needs = (call: CallFacts, server = SERVER) => server.operation(call)?.scopes;
const method = 'subscriptions/listen';

describe('a completion', () => {
  const complete = (target: Partial<CallFacts>) => SERVER.operation({ method: 'completion/complete', ...target });
  test('needs what its prompt or resource needs', () => {
    expect(complete({ prompt: 'greet' })).toEqual({
      name: 'completion/complete greet',
      scopes: ['complete', 'files:read'],
      implied_by: { complete: [], 'files:read': ['files:admin'] },
      labels: { by: 'prompt' },
    });
    expect(complete({ uri: 'file:///docs/{path}' })?.scopes).toEqual(['complete', 'docs']);
  });
  test('is open without an entry of its own, for what is listed', () => {
    expect(needs({ method: 'completion/complete', uri: 'file:///docs/a' }, BARE)).toEqual([]);
  });
  test.each<Partial<CallFacts>>([
    {},
    { prompt: 'other' },
    { uri: 'file:///etc/{path}' },
    { uri: 'greet' },
    { prompt: 'file:///docs/a' },
    { tool: 'read_file' },
    { prompt: 'greet', uri: 'file:///docs/a' },
    { prompt: 'greet', tool: 'read_file' },
    { prompt: 'greet', uris: ['file:///docs/a'] },
  ])('of %j is not open', (target) => expect(complete(target)).toBeUndefined());
});

describe('tasks', () => {
  test('are open where the method is listed, whatever their id', () => {
    expect(SERVER.operation({ method: 'tasks/get', task: 't1' })).toMatchObject({
      name: 'tasks/get',
      scopes: ['task'],
    });
    expect(SERVER.operation({ method: 'tasks/cancel', task: 't2' })).toMatchObject({
      name: 'tasks/cancel',
      scopes: [],
    });
    expect(needs({ method: 'tasks/list' })).toEqual(['tasks']);
  });
  test.each<CallFacts>([
    { method: 'tasks/result', task: 't1' },
    { method: 'tasks/update', task: 't1' },
    { method: 'tasks/get' },
    { method: 'tasks/list', task: 't1' },
    { method: 'tools/call', task: 't1' },
    { method: 'tools/call', tool: 'read_file', task: 't1' },
    { method: 'ping', task: 't1' },
  ])('%j is not open', (call) => expect(SERVER.operation(call)).toBeUndefined());
});

describe('what is no message', () => {
  test('is open where it is listed', () => {
    expect(SERVER.operation({ method: 'http/get' })).toMatchObject({ name: 'http/get', scopes: ['stream'] });
    expect(needs({ method: 'rpc/response' })).toEqual([]);
    expect(needs({ method: 'http/delete' })).toBeUndefined();
    expect(needs({ method: 'http/get', tool: 'read_file' })).toBeUndefined();
  });
});

describe('a subscription', () => {
  const operation = (targets: Partial<CallFacts>) => SERVER.operation({ method, ...targets });

  test('needs what each of its targets needs', () => {
    const targets = {
      lists: ['tools/list', 'resources/list'],
      uris: ['file:///docs/a', 'file:///secret'],
      tasks: ['t'],
    };
    expect(operation(targets)).toEqual({
      name: 'subscriptions/listen tools/list resources/list file:///docs/a file:///secret t',
      scopes: ['listen', 'list', 'subscribe', 'docs', 'secret', 'task'],
      implied_by: { listen: [], list: [], subscribe: [], docs: [], secret: [], task: [] },
      labels: { by: 'method', risk: ['low', 'high'] },
    });
    expect(operation({ uris: ['file:///docs/a', 'file:///docs/b'] })?.labels).toEqual({ by: 'method', risk: 'low' });
    expect(operation({ lists: [], uris: [], tasks: [] })).toMatchObject({ name: method, scopes: ['listen'] });
    expect(operation({ lists: ['prompts/list'] })).toMatchObject({
      name: `${method} prompts/list`,
      scopes: ['listen'],
    });
  });

  test('is open without an entry of its own, for what is listed', () => {
    expect(needs({ method, uris: ['file:///docs/a'], lists: ['tools/list'] }, BARE)).toEqual([]);
    expect(needs({ method, tasks: ['t'] }, BARE)).toBeUndefined();
  });

  test.each<Partial<CallFacts>>([
    { uris: ['file:///docs/a', 'file:///etc'] },
    { uris: ['file:///docs/../etc'] },
    { lists: ['roots/list'] },
    { lists: ['tools/call'] },
    { uri: 'file:///docs/a' },
    { uris: ['file:///docs/a'], tool: 'read_file' },
    { tasks: ['t'], task: 't' },
  ])('of %j is not open', (targets) => expect(operation(targets)).toBeUndefined());

  test('of many says which are not open', () => {
    expect(SERVER.unlisted({ method, uris: ['x:1', 'file:///secret', 'x:2'], tasks: ['t'] })).toEqual({
      uris: ['x:1', 'x:2'],
      tasks: [],
    });
    expect(BARE.unlisted({ method, uris: ['file:///docs/a'], tasks: ['t', 'u'] })).toEqual({
      uris: [],
      tasks: ['t', 'u'],
    });
    expect(BARE.unlisted({ method })).toEqual({ uris: [], tasks: [] });
  });

  test('with one unlisted URI among any is never open, and needs no less than each of them alone', () => {
    const listed = fc.constantFrom<string[]>('file:///secret', 'file:///docs/a', 'file:///docs/b/c');
    const foreign = fc.constantFrom<string[]>(
      'file:///Secret',
      'file:///docs',
      'file:///secret/',
      'file:///docs/%2e%2e/x',
      '*',
    );
    fc.assert(
      fc.property(fc.array(listed), foreign, fc.nat(), (uris, other, at) => {
        expect(operation({ uris: uris.toSpliced(at % (uris.length + 1), 0, other) })).toBeUndefined();
        const all = operation({ uris })?.scopes;
        for (const uri of uris)
          expect(all).toEqual(expect.arrayContaining(needs({ method: 'resources/subscribe', uri }) ?? ['none']));
      }),
    );
  });
});

describe('any call', () => {
  const any = { method: '*' };
  test('needs every scope that a call could need', () => {
    expect(needs(any)?.toSorted()).toEqual(
      ['complete', 'docs', 'files:read', 'list', 'listen', 'secret', 'stream', 'subscribe', 'task', 'tasks'].toSorted(),
    );
    expect(SERVER.operation(any)).toMatchObject({
      name: '*',
      implied_by: { 'files:read': ['files:admin'] },
    });
    expect(needs(any, serverOf({ server: 'unlisted_tools: { scopes: [a] }' }))).toEqual(['a']);
    expect(needs(any, BARE)).toEqual([]);
  });
  test('or the base scopes, where the registry lists them', () => {
    expect(needs(any, serverOf({ server: `call_from: none\nbase_scopes: [base]${LISTED}` }))).toEqual(['base']);
    expect(needs(any, serverOf({ server: `call_from: none\nbase_scopes: []${LISTED}` }))).toEqual([]);
  });
  test('has the labels of every one, so that no rule about one of them is left out', () => {
    expect(SERVER.operation(any)?.labels).toEqual({ by: ['method', 'prompt'], risk: ['low', 'high'] });
  });
  test('has no target', () => {
    expect(needs({ method: '*', tool: 'read_file' })).toBeUndefined();
    expect(needs({ method: '*', uris: [] })).toBeUndefined();
  });
});

describe('call_from and base_scopes', () => {
  test.each(['body', 'headers', 'none'])('%s is in force and shown', (from) => {
    const server = serverOf({ server: `call_from: ${from}` });
    expect([server.call_from, server.effective.call_from, 'base_scopes' in server.effective]).toEqual([
      from,
      from,
      false,
    ]);
  });
  test('base_scopes are shown, and make another digest', () => {
    expect(serverOf({ server: 'call_from: none\nbase_scopes: []' }).effective).toMatchObject({ base_scopes: [] });
  });
  test('base_scopes without call_from: none is warned about', () => {
    const warned = (server: string) => problemsIn(registryText({ server })).map(told);
    expect(warned('base_scopes: [a]')).toEqual(['warning /servers/files/base_scopes 12:5']);
    expect(warned('call_from: headers\nbase_scopes: [a]')).toEqual(['warning /servers/files/base_scopes 13:5']);
    expect(warned('call_from: none\nbase_scopes: [a]')).toEqual([]);
    // Whatever the server offers, listed or not, is then open to each token for it.
    const open = ['warning /servers/files/call_from 12:16'];
    expect(warned('call_from: none')).toEqual(open);
    expect(warned('call_from: none\ntools: { a: {} }')).toEqual(open);
    expect(warned('call_from: none\ntools: { a: { scopes: [a] } }')).toEqual([]);
    expect(warned('call_from: none\nunlisted_tools: { scopes: [a] }')).toEqual([]);
    expect(warned('call_from: none\nbase_scopes: []')).toEqual([]);
  });
});

describe('a waiver', () => {
  const dead = (operation: string) =>
    problemsIn(
      registryText({
        server: `${LISTED.slice(1)}
waivers:
  - what: lifetime
    issuer: corp
    client_id: c
    owner: o
    reason: r
    until: 2027-01-15T00:00:00Z
    max_lifetime_seconds: 3600
    operations: [${JSON.stringify(operation)}]`,
      }),
    ).map(({ severity, message }) => `${severity}: ${message}`);

  test.each([
    'completion/complete greet',
    'completion/complete file:///docs/{path}',
    'tasks/get',
    'http/get',
    'rpc/response',
    'subscriptions/listen',
    'subscriptions/listen file:///secret file:///docs/a',
    'subscriptions/listen file:///secret t1',
    'subscriptions/listen tools/list',
    'subscriptions/listen tools/list prompts/list file:///secret t1',
  ])('for %s covers it', (operation) => expect(dead(operation)).toEqual([]));

  test.each(['completion/complete other', 'tasks/result', 'http/delete'])(
    'for %s covers nothing there',
    (operation) => {
      expect(dead(operation)).toEqual([expect.stringMatching(/^warning: .*covers nothing/)]);
    },
  );
});

describe('labels of each operation that a call is at once', () => {
  const each = (call: Partial<CallFacts>) => SERVER.eachLabels({ method, ...call });

  test('stay apart, so that no target lends its labels to another that has none', () => {
    const by = 'method';
    expect(each({ uris: ['file:///docs/a', 'file:///docs/b', 'file:///secret'] })).toEqual([
      { by, risk: 'low' },
      { by, risk: 'high' },
    ]);
    expect(each({ uris: ['file:///secret'], lists: ['tools/list'], tasks: ['t'] })).toEqual([
      { by },
      { by, risk: 'high' },
    ]);
    expect(each({})).toEqual([{ by }]);
  });

  test('are for any call those of all that is open, and none for what nobody labels', () => {
    expect(SERVER.eachLabels({ method: '*' })).toEqual([
      {},
      { by: 'method' },
      { by: 'prompt' },
      { risk: 'low' },
      { risk: 'high' },
      { by: 'method', risk: 'low' },
      { by: 'method', risk: 'high' },
    ]);
  });

  test('are nothing apart where a call is one operation', () => {
    expect(SERVER.eachLabels({ method: 'resources/read', uri: 'file:///secret' })).toBeUndefined();
    expect(SERVER.eachLabels({ method: 'completion/complete', prompt: 'greet' })).toBeUndefined();
  });
});
