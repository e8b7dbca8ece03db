/** Writes `schemas/*.schema.json` from the schemas that validate; with `--check` only says whether they are up to date. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { configJsonSchema } from '../src/config.ts';
import { policyInput } from '../src/decision/input.ts';
import { registryJsonSchema } from '../src/registry/schema.ts';
import { casesJsonSchema } from '../src/testing/schema.ts';

const FOLDER = new URL('../schemas/', import.meta.url);

const SCHEMAS: Readonly<Record<string, object>> = {
  registry: registryJsonSchema(),
  input: { title: 'audgate policy input', ...z.toJSONSchema(policyInput) },
  config: configJsonSchema(),
  cases: casesJsonSchema(),
};

const check = process.argv.includes('--check');
await mkdir(FOLDER, { recursive: true });
for (const [name, schema] of Object.entries(SCHEMAS)) {
  const file = new URL(`${name}.schema.json`, FOLDER);
  const text = `${JSON.stringify(schema, null, 2)}\n`;
  // `opa check --schema` ignores oneOf without a word, so that a misspelt reference would pass.
  if (text.includes('"oneOf"')) throw new Error(`${name}.schema.json says oneOf; write the alternatives as z.union`);
  if (!check) await writeFile(file, text);
  else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    console.error(`schemas/${name}.schema.json is not what the code says: run \`npm run generate\``);
    process.exitCode = 1;
  }
}
