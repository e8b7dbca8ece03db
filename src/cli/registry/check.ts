/** `audgate registry check`: every problem of a registry at once. */
import { Option } from 'commander';
import { checkRegistry } from '../../registry/check.ts';
import { EXIT, type Exit, type Host } from '../host.ts';
import { type Add, examples } from '../options.ts';
import { allThere } from '../paths.ts';
import { printProblems } from '../problems.ts';
import { painter, print, printJson } from '../terminal.ts';
import { annotationOf } from './annotate.ts';

interface Flags {
  readonly json?: true;
  readonly format?: 'github';
}

export const addCheck: Add = (group, host, finish) => {
  group
    .command('check')
    .description('Find every problem of a registry, by file, line and column. Warnings alone end with 0.')
    .argument('<path>', 'registry file or folder')
    .option('--json', 'print {"problems": […]}')
    .addOption(
      new Option('--format <name>', 'github: workflow commands, which annotate the lines of a pull request')
        .choices(['github'])
        .conflicts('json'),
    )
    .addHelpText(
      'after',
      examples(
        'audgate registry check ./registry',
        'audgate registry check ./registry --json',
        'audgate registry check ./registry --format github',
      ),
    )
    .action((path: string, flags: Flags) => finish(check(path, flags, host)));
};

async function check(path: string, flags: Flags, host: Host): Promise<Exit> {
  if (!(await allThere(host, [{ path, as: 'the registry' }]))) return EXIT.usage;
  const { problems, missing } = await checkRegistry(path, { now: Math.floor(host.now() / 1000) });
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  if (flags.json) {
    printJson(host.stdout, { problems });
  } else if (flags.format === 'github') {
    print(host.stdout, ...problems.map(annotationOf));
  } else {
    const paint = painter(host.stdout, host.env);
    printProblems(host, 'stdout', problems);
    const counts = `${counted(errors, 'error')}, ${counted(problems.length - errors, 'warning')}`;
    print(host.stdout, paint(errors > 0 ? 'red' : 'green', counts));
  }
  if (missing) return EXIT.usage;
  return errors > 0 ? EXIT.refused : EXIT.fine;
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
