/** `audgate policy build`: custom rules → a bundle for `--bundle`. */
import { writeFile } from 'node:fs/promises';
import { buildPolicies } from '../../policy/custom.ts';
import { EXIT, type Exit, type Host } from '../host.ts';
import { type Add, examples, once } from '../options.ts';
import { allThere } from '../paths.ts';
import { print, shown } from '../terminal.ts';
import { printRegoProblems } from './problems.ts';
import { toolchain } from './toolchain.ts';

interface Flags {
  readonly output: string;
}

export const addBuild: Add = (group, host, finish) => {
  group
    .command('build')
    .description('Check custom rules and build them into an OPA bundle. Nothing with a problem is built.')
    .argument('<dir>', 'folder of Rego files')
    .addOption(once('-o, --output <file>', 'bundle to write').makeOptionMandatory())
    .addHelpText('after', examples('audgate policy build ./rules -o rules.tar.gz'))
    .action((folder: string, flags: Flags) => finish(build(folder, flags, host)));
};

async function build(folder: string, { output }: Flags, host: Host): Promise<Exit> {
  if (!(await allThere(host, [{ path: folder, as: 'the folder', kind: 'folder' }]))) return EXIT.usage;
  const tools = await toolchain(host);
  if (tools === null) return EXIT.usage;
  print(host.stderr, 'audgate: checking and building …');
  const built = await buildPolicies(tools, folder);
  if (!built.ok) {
    printRegoProblems(host, 'stderr', folder, built.problems);
    return EXIT.refused;
  }
  try {
    await writeFile(output, built.bytes);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown failure';
    print(host.stderr, `audgate: ${shown(output)} cannot be written (${code}); choose another with -o`);
    return EXIT.usage;
  }
  print(host.stdout, `${shown(output)} ${built.digest}`, `rules ${built.rules.join(', ')}`);
  return EXIT.fine;
}
