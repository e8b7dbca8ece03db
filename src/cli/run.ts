/** The commands (contract 8). */
import { Command, CommanderError } from 'commander';
import { addDecide } from './decide.ts';
import { addDemo } from './demo.ts';
import { addDiff } from './diff.ts';
import { addExplain } from './explain.ts';
import { addHelp } from './help-issuer.ts';
import { EXIT, type Exit, type Host } from './host.ts';
import { addInit } from './init/add.ts';
import { addPolicy } from './policy/add.ts';
import { addProbe } from './probe/add.ts';
import { addReach } from './reach/add.ts';
import { addRegistry } from './registry/add.ts';
import { addReplay } from './replay.ts';
import { addRevoke } from './revoke.ts';
import { addServe } from './serve.ts';
import { print, shown } from './terminal.ts';
import { addWaivers } from './waivers.ts';

/** Runs one command to its end. Never rejects. @returns the exit code */
export async function run(host: Host): Promise<Exit> {
  let exit: Exit = EXIT.fine;
  const finish = async (work: Promise<Exit>) => {
    exit = await work;
  };
  const program = new Command('audgate')
    .description('Decides whether an access token was issued for the MCP server that it is used at.')
    .version(host.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      // No styles are used, and the library's own answer would look at the process.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(text.replace(/^error: /, 'audgate: ')),
    });
  for (const add of [
    addServe,
    addDemo,
    addDecide,
    addExplain,
    addInit,
    addRegistry,
    addPolicy,
    addReplay,
    addDiff,
    addWaivers,
    addRevoke,
    addReach,
    addProbe,
  ])
    add(program, host, finish);
  addHelp(program, host, finish);
  program.addHelpText('after', '\nExit codes: 0 allow or fine, 1 deny or problems, 2 wrong usage, 3 indeterminate.');

  try {
    await program.parseAsync([...host.argv], { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help that was not asked for (`audgate`, `audgate policy`) is wrong usage, though the library calls it help.
      return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
    }
    print(host.stderr, `audgate: unexpected failure: ${shown(error instanceof Error ? error.message : error)}`);
    return EXIT.indeterminate;
  }
}
