/** The policy repository that `audgate init` writes: the files of `templates/repository`, and the schemas that they name. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Beside `src/` and `dist/` alike. */
const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url));

/** Copied, so that editors find them before anything is installed. */
const SCHEMAS = ['registry.schema.json', 'cases.schema.json'];

/** Relative path with `/` → text, sorted by path. */
export type Files = ReadonlyMap<string, string>;

/**
 * @param version of audgate, which the repository's CI installs
 * @throws when the package was installed without its templates
 */
export async function readTemplate(version: string): Promise<Files> {
  const folder = join(PACKAGE, 'templates/repository');
  const files: [string, string][] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const text = await readFile(path, 'utf8');
    files.push([nameOf(path.slice(folder.length + 1)), text.replaceAll('AUDGATE_VERSION', version)]);
  }
  for (const schema of SCHEMAS) {
    files.push([`schemas/${schema}`, await readFile(join(PACKAGE, 'schemas', schema), 'utf8')]);
  }
  return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `dot-github/x` → `.github/x`: npm takes a file called .gitignore for its own, and leaves it out of a package. */
const nameOf = (path: string): string =>
  path
    .split(/[\\/]/)
    .map((name) => name.replace(/^dot-/, '.'))
    .join('/');
