/** Writes `docs/issuers.md` from the issuer profiles; with `--check` only says whether it is up to date. */
import { readFile, writeFile } from 'node:fs/promises';
import { issuersPage } from './issuers-page.ts';

const PAGE = new URL('../docs/issuers.md', import.meta.url);
const page = issuersPage();

if (process.argv.includes('--check')) {
  const written = await readFile(PAGE, 'utf8').catch(() => '');
  if (written !== page) {
    console.error('docs/issuers.md does not say what src/registry/profile/ says: run `npm run generate`');
    process.exitCode = 1;
  }
} else await writeFile(PAGE, page);
