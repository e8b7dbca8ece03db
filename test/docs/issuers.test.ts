/** docs/issuers.md: what it says stands in the profiles, and its example is a registry's issuer. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { issuersPage } from '../../build/issuers-page.ts';
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
