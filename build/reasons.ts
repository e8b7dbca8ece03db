/** Writes `docs/reasons.md` from the registry of reason codes; with `--check` only says whether it is up to date. */
import { readFile, writeFile } from 'node:fs/promises';
import { reasonsPage } from './reasons-page.ts';

const PAGE = new URL('../docs/reasons.md', import.meta.url);
const page = reasonsPage();

if (process.argv.includes('--check')) {
  const written = await readFile(PAGE, 'utf8').catch(() => '');
  if (written !== page) {
    console.error('docs/reasons.md does not say what src/decision/reasons.ts says: run `npm run generate`');
    process.exitCode = 1;
  }
} else await writeFile(PAGE, page);
