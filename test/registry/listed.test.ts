/** All that a server's record lists, for lists of what a token opens. */
import { expect, test } from 'vitest';
import { listedOperations } from '../../src/registry/listed.ts';
import { serverOf } from './example.ts';

const listed = (server: string) =>
  listedOperations(serverOf({ server })).map(({ kind, name, operation }) => [
    kind,
    name,
    operation.name,
    operation.scopes,
  ]);
const OPEN = [
  ...['initialize', 'ping', 'server/discover', 'logging/setLevel'],
  ...['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'],
  'subscriptions/listen',
];
const open = OPEN.map((method) => ['method', method, method, []]);

test('a server that lists nothing opens the methods of the default table', () => {
  expect(listed('tools: {}')).toEqual(open);
});

test('tools, prompts and resources stand with their methods, in the registry’s order', () => {
  const found = listed(`
methods: { tools/call: { scopes: [use] } }
tools: { write_file: { scopes: [w] }, read_file: {} }
prompts: { greet: { scopes: [g] } }
resources: { "file:///docs/*": { scopes: [d] }, "memo:one": {} }`);
  expect(found.filter(([kind]) => kind !== 'method')).toEqual([
    ['tool', 'write_file', 'tools/call write_file', ['use', 'w']],
    ['tool', 'read_file', 'tools/call read_file', ['use']],
    ['prompt', 'greet', 'prompts/get greet', ['g']],
    ['resource', 'file:///docs/*', 'resources/read file:///docs/*', ['d']],
    ['resource', 'memo:one', 'resources/read memo:one', []],
  ]);
});

test('tools that are not listed stand for themselves, under a name that no tool can have', () => {
  const found = listed('tools: { read_file: {} }\nunlisted_tools: { scopes: [u] }');
  expect(found.filter(([kind]) => kind === 'unlisted')).toEqual([['unlisted', '*', 'tools/call *', ['u']]]);
});

test('methods of the registry are added; those that are open by their targets are not', () => {
  const found = listed(`
methods:
  ping: { scopes: [p] }
  vendor/stats: { scopes: [v] }
  tasks/get: { scopes: [t] }
  http/get: {}
  tools/call: { scopes: [use] }
  completion/complete: {}
  subscriptions/listen: { scopes: [l] }`);
  const needed: Readonly<Record<string, readonly string[]>> = { ping: ['p'], 'subscriptions/listen': ['l'] };
  expect(found).toEqual([
    ...open.map(([kind, name, operation, scopes]) => [kind, name, operation, needed[String(name)] ?? scopes]),
    ['method', 'vendor/stats', 'vendor/stats', ['v']],
    ['method', 'tasks/get', 'tasks/get', ['t']],
    ['method', 'http/get', 'http/get', []],
  ]);
});

test('a pattern that no URI can fit is left out', () => {
  expect(listed('resources: { "file:///a//*": {} }').filter(([kind]) => kind === 'resource')).toEqual([]);
});
