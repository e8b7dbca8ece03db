/** Writes `docs/policy/reference.md` and `recipes.md`; with `--check` only says whether they are up to date. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { policyReferencePage } from './policy-reference-page.ts';
import { recipesPage } from './recipes-page.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

for (const [page, text] of [
  ['docs/policy/reference.md', policyReferencePage(ROOT)],
  ['docs/policy/recipes.md', recipesPage(ROOT)],
] as const) {
  const file = new URL(`../${page}`, import.meta.url);
  if (!process.argv.includes('--check')) await writeFile(file, text);
  else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    console.error(`${page} does not say what the schema and the METADATA of policies say: run \`npm run generate\``);
    process.exitCode = 1;
  }
}
