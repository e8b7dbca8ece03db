/** docs/configuration.md: what it says stands in the schemas, and its example is one. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configurationPage } from '../../build/configuration-page.ts';
import { rowsOf } from '../../build/schema-rows.ts';
import { readConfig } from '../../src/config.ts';
import { PROJECT } from '../e2e/start.ts';
import { blocksOf } from '../readme/blocks.ts';

const PAGE = await readFile(join(PROJECT, 'docs/configuration.md'), 'utf8');

test('the page is what the schemas say now', () => {
  expect(PAGE, 'write it anew with `npm run generate`').toBe(configurationPage());
});

test('its example is a configuration', () => {
  const [example] = blocksOf(PAGE).filter(({ language }) => language === 'yaml');
  expect(readConfig(example?.text ?? 'no: example', '/etc/audgate/config.yaml')).toMatchObject({ ok: true });
});

test('every member has a row: of objects, maps, lists and alternatives', () => {
  const entry = { type: 'object', properties: { on: { type: 'boolean', default: false } } };
  const schema = {
    type: 'object',
    required: ['size'],
    properties: {
      size: { type: 'integer', minimum: 1, maximum: 9 },
      map: { type: 'object', additionalProperties: entry },
      list: { type: 'array', items: { anyOf: [entry, { type: 'object', properties: { off: {} } }] } },
    },
  };
  expect(rowsOf(schema).map(({ path }) => path)).toEqual([
    ...['size', 'map', 'map.NAME.on', 'list', 'list[].on', 'list[].off'],
  ]);
  expect(rowsOf(schema)[0]).toMatchObject({ required: true, range: '1 to 9', fallback: null });
  expect(rowsOf(schema)[2]).toMatchObject({ required: false, fallback: 'false' });
});
