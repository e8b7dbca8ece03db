/** Where a member of a record stands, found from the text of its record alone. */
import { expect, it } from 'vitest';
import { loadRegistryText } from '../../src/registry/load.ts';
import { NOW } from '../property/world.ts';

const YAML = `# one
issuers:
  corp:
    issuer: https://login.example.com
    algorithms: [ES256]
servers:
  billing: { resource: https://billing.example.com/mcp,
    issuers: [corp],
    max_lifetime_seconds: 900 }
  # a comment
  files:
    resource: https://files.example.com/mcp
    issuers:
      - corp
    max_lifetime_seconds: 900
    tools:
      read_file: { scopes: [files:read] }
      write_file:
        scopes:
          - files:read
          - files:write
`;

const JSON_TEXT = `{"issuers": {"corp": {
  "issuer": "https://login.example.com", "algorithms": ["ES256"]}},
"servers": {
"files": {"resource": "https://files.example.com/mcp",
"issuers": ["corp"],
  "max_lifetime_seconds":
    900, "tools": {
"read_file": {
"scopes": ["files:read"]}}}}}`;

function load(text: string) {
  const replaceKeySource = () => ({ kind: 'jwks' as const, keys: [] });
  const loaded = loadRegistryText(text, { file: 'r.yaml', now: NOW, replaceKeySource });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.registry;
}

it.each<[string, string, readonly (string | number)[], number]>([
  ['a record', YAML, ['servers', 'files'], 11],
  ['a member', YAML, ['servers', 'files', 'max_lifetime_seconds'], 15],
  ['an item', YAML, ['servers', 'files', 'issuers', 0], 14],
  ['a tool', YAML, ['servers', 'files', 'tools', 'read_file'], 17],
  ['its scopes', YAML, ['servers', 'files', 'tools', 'write_file', 'scopes'], 19],
  ['an item of them', YAML, ['servers', 'files', 'tools', 'write_file', 'scopes', 1], 21],
  ['a member that is not written', YAML, ['servers', 'files', 'actors'], 11],
  ['a tool that is not written', YAML, ['servers', 'files', 'tools', 'other'], 16],
  ['a member of a record in braces', YAML, ['servers', 'billing', 'max_lifetime_seconds'], 9],
  ['a member of an issuer', YAML, ['issuers', 'corp', 'algorithms'], 5],
  ['a record in JSON', JSON_TEXT, ['servers', 'files'], 4],
  ['a member in JSON', JSON_TEXT, ['servers', 'files', 'max_lifetime_seconds'], 6],
  ['a scope in JSON', JSON_TEXT, ['servers', 'files', 'tools', 'read_file', 'scopes'], 9],
  ['an issuer in JSON', JSON_TEXT, ['issuers', 'corp', 'algorithms'], 2],
])('%s', (_, text, [records, key, ...path], line) => {
  const registry = load(text);
  expect(records === 'issuers' || records === 'servers').toBe(true);
  const where = registry.whereIs(records === 'issuers' ? 'issuers' : 'servers', String(key), ...path);
  expect(where).toEqual({ file: 'r.yaml', line });
});

it('asks about a record that is not there: a bug', () => {
  expect(() => load(YAML).whereIs('servers', 'other')).toThrow('no record servers other');
});
