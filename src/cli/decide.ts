/** `audgate decide`: one decision, in process. */
import type { Decision } from '../decision/decision.ts';
import { type AskOptions, addAskOptions, readQuestion } from './ask.ts';
import { openDecider } from './decider.ts';
import { EXIT, type Exit, type Host } from './host.ts';
import { type Add, examples } from './options.ts';
import { printDecision } from './print-decision.ts';
import { printJson } from './terminal.ts';

/** Whoever runs the command asks about any server. */
export const LOCAL = { name: 'local', servers: '*' } as const;

export const addDecide: Add = (program, host, finish) => {
  addAskOptions(program.command('decide'))
    .summary('decide one call')
    .description('Decide one call. The access token is read from standard input.')
    .addHelpText(
      'after',
      examples(
        'audgate decide --registry ./registry --server https://files.example.com/mcp --tool read_file < token.jwt',
        'audgate decide --registry ./registry --server https://files.example.com/mcp --method tools/list --json < token.jwt',
        'audgate decide --registry ./registry --server https://files.example.com/mcp --method completion/complete --prompt summary < token.jwt',
        `audgate decide --registry ./registry --server https://files.example.com/mcp --message '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' < token.jwt`,
      ),
    )
    .action((options: AskOptions) => finish(decide(options, host)));
};

async function decide(options: AskOptions, host: Host): Promise<Exit> {
  const question = await readQuestion(options, host);
  if (question === null) return EXIT.usage;
  const opened = await openDecider(options, question.at, host);
  if (!opened.ok) return opened.exit;
  const { service } = opened;
  const decision = await service.decide(question.ask, LOCAL);
  service.close();
  if (options.json) printJson(host.stdout, decision);
  else printDecision(decision, host);
  return exitOf(decision);
}

export function exitOf({ decision }: Decision): Exit {
  if (decision === 'allow') return EXIT.fine;
  return decision === 'deny' ? EXIT.refused : EXIT.indeterminate;
}
