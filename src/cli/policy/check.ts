/** `audgate policy check`: whether custom rules keep to the form that cannot fail open. */
import { checkPolicies } from '../../policy/custom.ts';
import { EXIT, type Exit, type Host } from '../host.ts';
import { type Add, examples } from '../options.ts';
import { allThere } from '../paths.ts';
import { painter, print, printJson } from '../terminal.ts';
import { hasErrors, printRegoProblems } from './problems.ts';
import { toolchain } from './toolchain.ts';

interface Flags {
  readonly json?: true;
}

export const addCheck: Add = (group, host, finish) => {
  group
    .command('check')
    .description('Check custom rules: their form, their references, and strictly against the schema of the input.')
    .argument('<dir>', 'folder of Rego files')
    .option('--json', 'print {"problems": […], "rules": […]}')
    .addHelpText('after', examples('audgate policy check ./rules', 'audgate policy check ./rules --json'))
    .action((folder: string, flags: Flags) => finish(check(folder, flags, host)));
};

async function check(folder: string, flags: Flags, host: Host): Promise<Exit> {
  if (!(await allThere(host, [{ path: folder, as: 'the folder', kind: 'folder' }]))) return EXIT.usage;
  const tools = await toolchain(host);
  if (tools === null) return EXIT.usage;
  const { problems, rules } = await checkPolicies(tools, folder);
  if (flags.json) {
    printJson(host.stdout, { problems, rules });
  } else {
    const paint = painter(host.stdout, host.env);
    printRegoProblems(host, 'stdout', folder, problems);
    if (problems.length === 0) print(host.stdout, paint('green', `rules ${rules.join(', ') || '(none)'}: no problems`));
  }
  return hasErrors(problems) ? EXIT.refused : EXIT.fine;
}
