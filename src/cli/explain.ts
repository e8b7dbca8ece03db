/** `audgate explain`: one decision, what every rule saw, and the smallest changes that would allow it. */

import { TARGET_KINDS } from '../registry/method.ts';
import { type AskOptions, addAskOptions, readQuestion } from './ask.ts';
import { exitOf, LOCAL } from './decide.ts';
import { openDecider } from './decider.ts';
import { explainRecord } from './explain-record.ts';
import { EXIT, type Exit, type Host } from './host.ts';
import { type Add, examples, once } from './options.ts';
import { printDecision } from './print-decision.ts';
import { printExplanation } from './print-explanation.ts';
import { printJson } from './terminal.ts';

interface ExplainOptions extends AskOptions {
  readonly record?: string;
}

/** What a record says itself. */
const QUESTION = ['server', 'method', ...TARGET_KINDS, 'arguments', 'message', 'scheme', 'at'];

export const addExplain: Add = (program, host, finish) => {
  const command = addAskOptions(program.command('explain'));
  // A record says itself which server was asked about.
  command.options.find(({ long }) => long === '--server')?.makeOptionMandatory(false);
  command
    .addOption(
      once(
        '--record <file>',
        'one line of the decision log to explain, in place of a question; - reads standard input',
      ).conflicts(QUESTION),
    )
    .summary('decide one call, show what every rule saw, and what would allow it')
    .description(
      'Decide one call, and show what every rule saw, the line of the registry that made it so, and the smallest changes that\n' +
        'would allow it, from each side. The access token is read from standard input. With --record, one recorded decision\n' +
        'is decided again, at its time, by this registry, as far as the record holds what was judged.',
    )
    .addHelpText(
      'after',
      examples(
        'audgate explain --registry ./registry --server https://files.example.com/mcp --tool read_file < token.jwt',
        'audgate explain --registry ./registry --server https://files.example.com/mcp --tool read_file --at 2026-11-23T12:00:00Z < token.jwt',
        'grep DECISION-ID decisions.log | audgate explain --registry ./registry --bundle rules.tar.gz --record -',
      ),
    )
    .action((options: ExplainOptions) => {
      const { record } = options;
      if (record !== undefined) return finish(explainRecord(record, options, host));
      if (options.server === undefined) command.error("error: required option '--server <resource>' not specified");
      return finish(explain(options, host));
    });
};

async function explain(options: AskOptions, host: Host): Promise<Exit> {
  const question = await readQuestion(options, host);
  if (question === null) return EXIT.usage;
  const opened = await openDecider(options, question.at, host);
  if (!opened.ok) return opened.exit;
  const { service } = opened;
  const explanation = await service.explain(question.ask, undefined, LOCAL);
  service.close();
  if (options.json) {
    printJson(host.stdout, explanation);
  } else {
    printDecision(explanation.would_decide, host);
    printExplanation(explanation, host);
  }
  return exitOf(explanation.would_decide);
}
