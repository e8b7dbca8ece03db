/** Writes `docs/configuration.md` from the schemas; with `--check` only says whether it is up to date. */
import { readFile, writeFile } from 'node:fs/promises';
import { configurationPage } from './configuration-page.ts';

const PAGE = new URL('../docs/configuration.md', import.meta.url);
const page = configurationPage();

if (process.argv.includes('--check')) {
  const written = await readFile(PAGE, 'utf8').catch(() => '');
  if (written !== page) {
    console.error('docs/configuration.md does not say what the schemas say: run `npm run generate`');
    process.exitCode = 1;
  }
} else await writeFile(PAGE, page);
