/** What operations ask of the user's authentication: together where a call is more than one, and never less. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CallFacts } from '../../src/decision/facts.ts';
import { strictest } from '../../src/registry/authentication.ts';
import { protectedResourceMetadata } from '../../src/registry/metadata.ts';
import { type Bent, problemsIn, refused, registryOf, registryText, serverOf, told } from './example.ts';

const SERVER = serverOf({
  server: `
methods:
  tools/call: { authentication: { acr_values: [phr, mfa], max_age_seconds: 3600 } }
  ping: { authentication: { max_age_seconds: 60 } }
  tasks/get: { authentication: { acr_values: [mfa] } }
  subscriptions/listen: { authentication: { acr_values: [mfa, pwd] } }
tools:
  pay: { authentication: { acr_values: [mfa, phr], max_age_seconds: 300 } }
  read: {}
  never: { authentication: { acr_values: [pwd] } }
prompts: { greet: { authentication: { max_age_seconds: 10 } } }
resources: { "file:///docs/*": { authentication: { acr_values: [pwd, mfa] } } }
unlisted_tools: { scopes: [], authentication: { max_age_seconds: 5 } }`,
});
const asked = (call: CallFacts, server = SERVER) => server.operation(call)?.authentication;

describe('an operation asks', () => {
  test.each<[string, CallFacts, unknown]>([
    ['nothing', { method: 'tools/list' }, undefined],
    ['what its method does', { method: 'ping' }, { max_age_seconds: 60 }],
    [
      'what its method does, if its target asks nothing',
      { method: 'tools/call', tool: 'read' },
      { acr_values: ['phr', 'mfa'], max_age_seconds: 3600 },
    ],
    ['what both do', { method: 'tools/call', tool: 'pay' }, { acr_values: ['phr', 'mfa'], max_age_seconds: 300 }],
    [
      'what no token shows, where both take nothing in common',
      { method: 'tools/call', tool: 'never' },
      { acr_values: [], max_age_seconds: 3600 },
    ],
    [
      'of unlisted tools what the registry says of them',
      { method: 'tools/call', tool: 'other' },
      { acr_values: ['phr', 'mfa'], max_age_seconds: 5 },
    ],
    ['of a prompt the same to get it', { method: 'prompts/get', prompt: 'greet' }, { max_age_seconds: 10 }],
    ['and to complete it', { method: 'completion/complete', prompt: 'greet' }, { max_age_seconds: 10 }],
    [
      'of a resource below a prefix',
      { method: 'resources/read', uri: 'file:///docs/a' },
      { acr_values: ['pwd', 'mfa'] },
    ],
    ['of a task', { method: 'tasks/get', task: 't' }, { acr_values: ['mfa'] }],
    [
      'of a stream what each of its targets does',
      { method: 'subscriptions/listen', uris: ['file:///docs/a'], tasks: ['t'] },
      { acr_values: ['mfa'] },
    ],
    ['of a stream of nothing what the method does', { method: 'subscriptions/listen' }, { acr_values: ['mfa', 'pwd'] }],
  ])('%s', (_, call, expected) => expect(asked(call)).toEqual(expected));

  test('of any call what all of them do, whatever base_scopes says', () => {
    const tools =
      'tools: { a: { authentication: { acr_values: [mfa, phr] } }, b: { authentication: { max_age_seconds: 9 } } }';
    const unlisted = 'unlisted_tools: { scopes: [], authentication: { acr_values: [phr] } }';
    for (const base of ['', '\nbase_scopes: []'])
      expect(asked({ method: '*' }, serverOf({ server: `call_from: none${base}\n${tools}` }))).toEqual({
        acr_values: ['mfa', 'phr'],
        max_age_seconds: 9,
      });
    expect(asked({ method: '*' }, serverOf({ server: `call_from: none\n${tools}\n${unlisted}` }))).toEqual({
      acr_values: ['phr'],
      max_age_seconds: 9,
    });
  });
});

const entries = fc.array(
  fc.record({
    authentication: fc.option(
      fc.record(
        { acr_values: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }), max_age_seconds: fc.nat(3) },
        { requiredKeys: [], noNullPrototype: true },
      ),
      { nil: undefined },
    ),
  }),
  { maxLength: 4 },
);

test('together they take exactly what each of them takes', () => {
  const takes = (one: ReturnType<typeof strictest>, acr: string, age: number) =>
    (one?.acr_values?.includes(acr) ?? true) && age <= (one?.max_age_seconds ?? age);
  fc.assert(
    fc.property(entries, fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(4), (all, acr, age) => {
      const listed = all.map(({ authentication }) => (authentication === undefined ? {} : { authentication }));
      expect(takes(strictest(listed), acr, age)).toBe(
        all.every(({ authentication }) => takes(authentication, acr, age)),
      );
    }),
    { seed: 9470 },
  );
});

describe('what the lint refuses', () => {
  test.each<[Bent, string, string]>([
    [{ server: 'tools: { a: { authentication: ~ } }' }, '/servers/files/tools/a/authentication 12:35', 'mapping'],
    [{ server: 'tools: { a: { authentication: {} } }' }, '/servers/files/tools/a/authentication 12:35', 'or both'],
    [{ server: 'tools: { a: { authentication: mfa } }' }, '/servers/files/tools/a/authentication 12:35', 'mapping'],
    [
      { server: 'tools: { a: { authentication: { acr_values: [] } } }' },
      '/servers/files/tools/a/authentication/acr_values 12:49',
      'one or more',
    ],
    [
      { server: 'tools: { a: { authentication: { acr_values: ["a b"] } } }' },
      '/servers/files/tools/a/authentication/acr_values/0 12:50',
      'without space',
    ],
    [
      { server: 'prompts: { a: { authentication: { max_age_seconds: -1 } } }' },
      '/servers/files/prompts/a/authentication/max_age_seconds 12:56',
      'whole number',
    ],
    [
      { server: 'methods: { ping: { authentication: { max_age_seconds: 31536001 } } }' },
      '/servers/files/methods/ping/authentication/max_age_seconds 12:59',
      '31536000',
    ],
    [
      { server: 'unlisted_tools: { scopes: [], authentication: { max_age: 5 } }' },
      '/servers/files/unlisted_tools/authentication/max_age 12:53',
      'no field "max_age"',
    ],
    [{ server: 'authorization_details_types: payment' }, '/servers/files/authorization_details_types 12:34', 'list'],
    [{ server: 'authorization_details_types: [""]' }, '/servers/files/authorization_details_types/0 12:35', 'type of'],
  ])('%o', (bent, place, says) => refused(bent, place, says));
});

describe('what the lint warns of', () => {
  test.each<[string, string, string]>([
    [
      'a method and a tool without a value in common',
      'methods: { tools/call: { authentication: { acr_values: [pwd] } } }\ntools: { a: { authentication: { acr_values: [mfa] } } }',
      'tools/a/authentication/acr_values',
    ],
    [
      'a method and unlisted tools',
      'methods: { tools/call: { authentication: { acr_values: [pwd] } } }\nunlisted_tools: { scopes: [x], authentication: { acr_values: [mfa] } }',
      'unlisted_tools/authentication/acr_values',
    ],
    [
      'a stream and a resource',
      'methods: { subscriptions/listen: { authentication: { acr_values: [pwd] } } }\nresources: { "a:*": { authentication: { acr_values: [mfa] } } }',
      'resources/a:*/authentication/acr_values',
    ],
    [
      'any call',
      'call_from: none\nbase_scopes: [x]\ntools: { a: { authentication: { acr_values: [pwd] } }, b: { authentication: { acr_values: [mfa] } } }',
      'call_from',
    ],
    [
      'a value twice',
      'tools: { a: { authentication: { acr_values: [mfa, mfa] } } }',
      'tools/a/authentication/acr_values/1',
    ],
    ['a type twice', 'authorization_details_types: [a, b, a]', 'authorization_details_types/2'],
  ])('%s', (_, server, path) => {
    const problems = problemsIn(registryText({ server }));
    expect(problems.map((problem) => told(problem).split(' ').slice(0, 2))).toEqual([
      ['warning', `/servers/files/${path}`],
    ]);
  });

  test('not of what has one', () => {
    const server =
      'call_from: none\nbase_scopes: [x]\nmethods: { tools/call: { authentication: { acr_values: [pwd, mfa] } } }\ntools: { a: { authentication: { acr_values: [mfa] } } }';
    expect(problemsIn(registryText({ server }))).toEqual([]);
  });
});

describe('types of authorization details', () => {
  const registry = registryOf(registryText({ server: 'authorization_details_types: [b, a, b]' }));
  const files = registry.servers.get('files');

  test('are told to clients (RFC 9728 §2), if there are any', () => {
    const told = (server = files) => server && protectedResourceMetadata(server, registry);
    expect(told()).toMatchObject({ authorization_details_types_supported: ['b', 'a'] });
    expect(told(SERVER)).not.toHaveProperty('authorization_details_types_supported');
  });

  test('are told to policy once each, and shown as written', () => {
    expect(files?.inputFor('corp').authorization_details_types).toEqual(['b', 'a']);
    expect(files?.effective.authorization_details_types).toEqual(['b', 'a', 'b']);
  });

  test('that are none are absent there', () => {
    expect(SERVER.inputFor('corp')).not.toHaveProperty('authorization_details_types');
  });
});
