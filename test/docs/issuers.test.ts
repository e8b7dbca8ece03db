/** docs/issuers.md: what it says stands in the profiles, and its example is a registry's issuer. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { issuersPage } from '../../build/issuers-page.ts';
import { readConfig } from '../../src/config.ts';
import { loadRegistryText } from '../../src/registry/load.ts';
import { issuerSchema } from '../../src/registry/schema.ts';
import { PROJECT } from '../e2e/start.ts';
import { blocksOf } from '../readme/blocks.ts';

const PAGE = await readFile(join(PROJECT, 'docs/issuers.md'), 'utf8');

test('the page is what the profiles say now', () => {
  expect(PAGE, 'write it anew with `npm run generate`').toBe(issuersPage());
});

test('its example is an issuer', () => {
  const [example] = blocksOf(PAGE).filter(({ language }) => language === 'yaml');
  expect(issuerSchema.safeParse(parse(example?.text ?? '').issuers.corp).success).toBe(true);
});

test('its key sources are read as they stand there, by registry and configuration', () => {
  const examples = blocksOf(PAGE)
    .filter(({ language }) => language === 'yaml')
    .map(({ text }) => text);
  const issuers = examples.filter((text) => text.startsWith('issuers:'));
  const kinds = issuers.map((text) => {
    const loaded = loadRegistryText(text, { now: 0, file: 'docs/issuers.md' });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    return [...loaded.registry.issuers.values()].map(({ key_source }) => key_source.kind).join();
  });
  expect(kinds).toEqual(['jwks_uri', 'discovery', 'introspection']);
  const configured = examples.filter((text) => text.startsWith('introspection:'));
  expect(configured.map((text) => readConfig(text, 'config.yaml').ok)).toEqual([true]);
});
