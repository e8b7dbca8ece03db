/** Writes `docs/frameworks.md` from the data file of references; with `--check` only says whether it is up to date. */
import { readFile, writeFile } from 'node:fs/promises';
import { frameworksPage } from './frameworks-page.ts';

const PAGE = new URL('../docs/frameworks.md', import.meta.url);
const page = frameworksPage();

if (process.argv.includes('--check')) {
  const written = await readFile(PAGE, 'utf8').catch(() => '');
  if (written !== page) {
    console.error('docs/frameworks.md does not say what src/decision/frameworks.ts says: run `npm run generate`');
    process.exitCode = 1;
  }
} else await writeFile(PAGE, page);
