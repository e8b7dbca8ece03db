/** The generated schema says the same as the loader, and the worked example is right by both. */
import { readdir, readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadRegistry, loadRegistryText } from '../../src/registry/load.ts';
import { registryJsonSchema } from '../../src/registry/schema.ts';
import { NOW, registryText } from './example.ts';

const EXAMPLE = new URL('../../registry/', import.meta.url);
const accepts = new Ajv2020({ strict: false }).compile(registryJsonSchema());

test('the committed schema is the generated one', async () => {
  const committed = await readFile(new URL('../../schemas/registry.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(committed)).toEqual(registryJsonSchema());
});

test.each(['registry', 'input'])('%s says anyOf, never oneOf, which OPA ignores', async (name) => {
  const text = await readFile(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8');
  expect(text).toContain('"anyOf"');
  expect(text).not.toContain('"oneOf"');
});

test('the worked example loads without a warning, and tells editors its schema', async () => {
  expect(await loadRegistry(EXAMPLE.pathname, { now: NOW })).toMatchObject({ ok: true, warnings: [] });
  for (const name of await readdir(EXAMPLE)) {
    const text = await readFile(new URL(name, EXAMPLE), 'utf8');
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=../schemas/registry.schema.json');
    expect(accepts(parse(text))).toBe(true);
  }
});

describe('what the loader refuses for its form, an editor refuses too', () => {
  test.each([
    { lifetime: 'max_lifetime_seconds: 3601' },
    { server: 'lables: {}' },
    { server: 'tools: { a: { scopes: ["a b"] } }' },
    { server: 'tools: { "a*": {} }' },
    { server: 'audiences: [7]' },
    { server: 'actors: al' },
    { server: 'unlisted_tools: allow' },
    { server: 'waivers: [{ what: observe }]' },
    { algorithms: 'algorithms: [none]' },
    { issuer: 'profile: azure' },
    { server: 'call_from: header' },
    { server: 'base_scopes: a' },
  ])('%o', (bent) => {
    const text = registryText(bent);
    expect(loadRegistryText(text, { now: NOW, file: 'r' }).ok).toBe(false);
    expect(accepts(parse(text))).toBe(false);
    expect(accepts(parse(registryText()))).toBe(true);
  });
});
