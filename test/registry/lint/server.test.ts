import { describe, expect, test } from 'vitest';
import { type Bent, problemsIn, refused, registryOf, registryText, told } from '../example.ts';

describe('servers', () => {
  test.each<[Bent, string, string]>([
    [{ resource: 'prompts: {}' }, '/servers/files/resource 8:3', 'resource is missing'],
    [{ issuers: 'prompts: {}' }, '/servers/files/issuers 8:3', 'issuers is missing'],
    [{ issuers: 'issuers: []' }, '/servers/files/issuers 10:14', 'one or more'],
    [{ issuers: 'issuers: [crp]' }, '/servers/files/issuers/0 10:15', 'nearest is "corp"'],
    [{ issuers: 'issuers: corp' }, '/servers/files/issuers 10:14', 'a list'],
    [{ lifetime: 'prompts: {}' }, '/servers/files/max_lifetime_seconds 8:3', 'is missing'],
    [{ lifetime: 'max_lifetime_seconds: 0' }, '/servers/files/max_lifetime_seconds 11:27', '1 to 3600'],
    [{ lifetime: 'max_lifetime_seconds: 3601' }, '/servers/files/max_lifetime_seconds 11:27', '1 to 3600'],
    [{ lifetime: 'max_lifetime_seconds: "900"' }, '/servers/files/max_lifetime_seconds 11:27', 'a string where a'],
    [{ lifetime: 'max_lifetime_second: 900' }, '/servers/files/max_lifetime_second 11:5', ''],
    [{ server: 'advertised_scopes: ["a b"]' }, '/servers/files/advertised_scopes/0 12:25', 'RFC 6749'],
    [{ server: "advertised_scopes: ['a\"']" }, '/servers/files/advertised_scopes/0 12:25', 'RFC 6749'],
    [{ server: `advertised_scopes: [${'s'.repeat(256)}]` }, '/servers/files/advertised_scopes/0 12:25', '255'],
    [{ server: 'sender_constraint: dpopp' }, '/servers/files/sender_constraint 12:24', 'nearest is "dpop"'],
    [{ server: 'actors: al' }, '/servers/files/actors 12:13', 'none, any, or a list'],
    [{ server: 'actors: [""]' }, '/servers/files/actors/0 12:14', 'act.sub'],
    [{ server: 'call_from: header' }, '/servers/files/call_from 12:16', 'nearest is "headers"'],
    [{ server: 'call_from: none\nbase_scopes: a' }, '/servers/files/base_scopes 13:18', 'a list is expected'],
    [{ server: 'call_from: none\nbase_scopes: ["a b"]' }, '/servers/files/base_scopes/0 13:19', 'RFC 6749'],
    [{ server: 'hub: {}' }, '/servers/files/hub/backends 12:5', 'backends'],
    [{ server: 'scope_implies: { a: [a] }' }, '/servers/files/scope_implies/a 12:22', 'circle: a → a'],
    [{ server: 'scope_implies: { a: [b], b: [c], c: [b] }' }, '/servers/files/scope_implies/b 12:30', 'b → c → b'],
    [{ server: 'scope_implies: { a: b }' }, '/servers/files/scope_implies/a 12:25', 'a list is expected'],
    [{ server: 'methods: { "*": {} }' }, '/servers/files/methods/* 12:16', 'exact name'],
    [{ server: 'methods: { "notifications/*": {} }' }, '/servers/files/methods/notifications~1* 12:16', 'exact name'],
    [{ server: 'methods: { "tools/call x": {} }' }, '/servers/files/methods/tools~1call x 12:16', 'exact name'],
    [{ server: 'tools: { "read_*": {} }' }, '/servers/files/tools/read_* 12:14', 'exact name of a tool'],
    [{ server: 'tools: { "": {} }' }, '/servers/files/tools/ 12:14', 'exact name of a tool'],
    [{ server: 'tools: { "a\\tb": {} }' }, '/servers/files/tools/a\tb 12:14', 'exact name of a tool'],
    [{ server: 'tools: { a: ~ }' }, '/servers/files/tools/a 12:17', 'empty where a mapping'],
    [{ server: 'tools: { a: { scopes: x } }' }, '/servers/files/tools/a/scopes 12:27', 'a list is expected'],
    [{ server: 'tools: { a: { scopes: ["x\\\\"] } }' }, '/servers/files/tools/a/scopes/0 12:28', 'RFC 6749'],
    [{ server: 'tools: { a: { labels: { x: .inf } } }' }, '/servers/files/tools/a/labels/x 12:32', 'JSON readers'],
    [{ server: 'labels: { x: 1e400 }' }, '/servers/files/labels/x 12:18', 'JSON readers'],
    [{ server: 'labels: { x: 9007199254740993 }' }, '/servers/files/labels/x 12:18', 'JSON readers'],
    [{ server: 'labels: { x: "\\ud800" }' }, '/servers/files/labels/x 12:18', 'surrogate'],
    [{ server: 'labels: { __proto__: 1 }' }, '/servers/files/labels/__proto__ 12:15', 'no name'],
    [{ server: 'prompts: { "a*": {} }' }, '/servers/files/prompts/a* 12:16', 'exact name of a prompt'],
    [
      { server: 'resources: { "file:///*/x": {} }' },
      '/servers/files/resources/file:~1~1~1*~1x 12:18',
      'before its end',
    ],
    [{ server: 'resources: { "file:///**": {} }' }, '/servers/files/resources/file:~1~1~1** 12:18', 'before its end'],
    [{ server: 'unlisted_tools: allow' }, '/servers/files/unlisted_tools 12:21', 'not deny, or'],
    [{ server: 'unlisted_tools: {}' }, '/servers/files/unlisted_tools/scopes 12:5', 'scopes is missing'],
    [{ server: 'lables: {}' }, '/servers/files/lables 12:5', 'nearest is "labels"'],
    [{ server: 'tools: { a: { scope: [x] } }' }, '/servers/files/tools/a/scope 12:19', 'nearest is "scopes"'],
  ])('%o', (bent, place, says) => {
    if (bent.lifetime?.startsWith('max_lifetime_second:')) {
      const problems = problemsIn(registryText(bent));
      expect(problems.map(told)).toEqual(['error /servers/files/max_lifetime_seconds 8:3', `error ${place}`]);
      expect(problems[1]?.message).toContain('the nearest is "max_lifetime_seconds"');
    } else refused(bent, place, says);
  });

  test.each(['*', 'file://*', 'file:///*', 'docs/*', 'urn:*', 'https://files.example.com/*'])(
    'a resource prefix may be %s',
    (pattern) => {
      const text = registryText({ server: `resources: { "${pattern}": {} }` });
      expect(problemsIn(text)).toEqual([]);
      const uri = `${pattern.slice(0, -1)}x`;
      const operation = registryOf(text).servers.get('files')?.operation({ method: 'resources/read', uri });
      expect(operation?.name).toBe(`resources/read ${uri}`);
    },
  );

  test.each([
    ['https://files*', 'authority open'],
    ['https:*', 'authority open'],
    ['wss://files.example*', 'authority open'],
    ['file:///a/../*', 'nothing'],
  ])('the prefix %s is only warned of', (pattern, says) => {
    const problems = problemsIn(registryText({ server: `resources: { "${pattern}": {} }` }));
    expect(problems.map(({ severity, message }) => [severity, message.includes(says)])).toEqual([['warning', true]]);
  });

  test('a scope may imply none', () => {
    expect(problemsIn(registryText({ server: 'scope_implies: { a: [], b: [a] }' }))).toEqual([]);
  });

  test('a list that names a value twice is only warned of', () => {
    const problems = problemsIn(registryText({ issuers: 'issuers: [corp, corp]' }));
    expect(problems.map(told)).toEqual(['warning /servers/files/issuers/1 10:21']);
  });

  test('a bare origin is warned of: clients add the slash', () => {
    const problems = problemsIn(registryText({ resource: 'resource: https://files.example.com' }));
    expect(problems.map(told)).toEqual(['warning /servers/files/resource 9:15']);
    expect(problems[0]?.remedy).toContain('"https://files.example.com/"');
  });

  test('so is one with a query, where the slash goes before it', () => {
    const problems = problemsIn(registryText({ resource: 'resource: https://files.example.com?x=a/b' }));
    expect(problems.map(told)).toEqual(['warning /servers/files/resource 9:15']);
    expect(problems[0]?.remedy).toContain('"https://files.example.com/?x=a/b"');
  });
});

test('what a file says beside issuers and servers is refused', () => {
  const problems = problemsIn('server: {}\n"$schema": x\n');
  expect(problems.map(told)).toEqual(['error /server 1:1']);
  expect(problems[0]?.message).toContain('the nearest is "servers"');
  expect(problemsIn('servers: { "a b": 1 }').map(told)).toEqual(['error /servers/a b 1:12', 'error /servers/a b 1:19']);
  expect(problemsIn('[]').map(told)).toEqual(['error  1:1']);
});

test('everything wrong in one record is said at once, and in the order of the file', () => {
  const problems = problemsIn(
    registryText({
      iss: '"login example"',
      algorithms: 'algorithms: [none]',
      resource: 'resource: https://Files.example.com/mcp',
      lifetime: 'max_lifetime_seconds: 9000',
      server: 'audiences: [api://x, 7]\nlables: {}\ntools: { a: { scope: [] } }\nscope_implies: { a: [a] }',
    }),
  );
  expect(problems.map(told)).toEqual([
    'error /issuers/corp/issuer 3:13',
    'error /issuers/corp/algorithms/0 5:18',
    'error /servers/files/resource 9:15',
    'error /servers/files/max_lifetime_seconds 11:27',
    'error /servers/files/audiences/0 12:17',
    'error /servers/files/audiences/1 12:26',
    'error /servers/files/lables 13:5',
    'error /servers/files/tools/a/scope 14:19',
    'error /servers/files/scope_implies/a 15:22',
  ]);
});
