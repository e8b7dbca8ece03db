/** `audgate init`: a policy repository that works at once. */
import { lstat, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { EXIT, type Exit, type Host } from '../host.ts';
import { type Add, examples } from '../options.ts';
import { painter, print, printJson, shown } from '../terminal.ts';
import { occupied } from './occupied.ts';
import { type Files, readTemplate } from './template.ts';

interface Flags {
  readonly json?: true;
}

export const addInit: Add = (program, host, finish) => {
  program
    .command('init')
    .description('Write a policy repository: a registry by owner, a custom rule, their tests, and a CI workflow.')
    .argument('<dir>', 'folder to write it into; nothing that is there is overwritten')
    .option('--json', 'print {"folder", "files": […], "problems": […]}')
    .addHelpText('after', examples('audgate init policy', 'audgate init policy --json'))
    .action((folder: string, flags: Flags) => finish(init(folder, flags, host)));
};

async function init(folder: string, { json }: Flags, host: Host): Promise<Exit> {
  let template: Files;
  let taken: readonly string[];
  let at: string;
  try {
    // Throws where the working folder was removed: below such a one, Node's recursive `mkdir` tries forever.
    at = resolve(folder);
    template = await readTemplate(host.version);
    // `lstat` of a path below a file fails, so the folder itself comes first.
    if (await isOther(at)) return complain(host, `${shown(folder)} is no folder; name another`);
    taken = await occupied(at, template.keys());
  } catch (error) {
    return complain(host, `nothing was written: ${reasonOf(error)}; check the path and its permissions`);
  }
  if (taken.length > 0) return refuse(folder, taken, json, host);
  try {
    await write(at, template);
  } catch (error) {
    return complain(
      host,
      `${shown(folder)} cannot be written (${reasonOf(error)}); what is there so far may be removed`,
    );
  }
  const files = [...template.keys()];
  if (json) printJson(host.stdout, { folder, files, problems: [] });
  else {
    print(host.stdout, ...files.map((file) => shown(join(folder, file))));
    print(host.stderr, `audgate: ${files.length} files written; README.md in ${shown(folder)} says what to run`);
  }
  return EXIT.fine;
}

/** Whether something stands there that is no folder. A link to one is fine: the user named it. */
async function isOther(folder: string): Promise<boolean> {
  const entry = await lstat(folder).catch((error: unknown) => {
    if (reasonOf(error) === 'ENOENT') return null;
    throw error;
  });
  return entry !== null && !entry.isDirectory() && !entry.isSymbolicLink();
}

function refuse(folder: string, taken: readonly string[], json: true | undefined, host: Host): Exit {
  const remedy = 'Move it away, or name a folder that does not hold it.';
  const problems = taken.map((file) => ({ file, message: 'It is there already, and is not overwritten.', remedy }));
  if (json) printJson(host.stdout, { folder, files: [], problems });
  else {
    const paint = painter(host.stdout, host.env);
    for (const { file, message } of problems) {
      print(host.stdout, `${paint('bold', `${shown(join(folder, file))}:`)} ${paint('red', 'error')}: ${message}`);
    }
    print(host.stdout, `    ${paint('dim', remedy)}`);
  }
  return EXIT.refused;
}

/** Whatever came to stand there since it was looked at is not overwritten either. */
async function write(folder: string, files: Files): Promise<void> {
  for (const [file, text] of files) {
    const path = join(folder, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { flag: 'wx' });
  }
}

function complain(host: Host, line: string): Exit {
  print(host.stderr, `audgate: ${line}`);
  return EXIT.usage;
}

const reasonOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown failure';
