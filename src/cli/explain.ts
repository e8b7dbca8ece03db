/** `audgate explain`: one decision, and what every rule saw. */
import type { ExplainedCheck } from '../decision/explanation.ts';
import type { RuleOutcome } from '../decision/verdict.ts';
import { type AskOptions, addAskOptions, readQuestion } from './ask.ts';
import { exitOf, LOCAL } from './decide.ts';
import { openDecider } from './decider.ts';
import { EXIT, type Exit, type Host } from './host.ts';
import { type Add, examples } from './options.ts';
import { printDecision } from './print-decision.ts';
import { painter, print, printJson, type Style, shown, table } from './terminal.ts';

export const addExplain: Add = (program, host, finish) => {
  addAskOptions(program.command('explain'))
    .summary('decide one call, and show what every rule saw')
    .description('Decide one call, and show what every rule saw. The access token is read from standard input.')
    .addHelpText(
      'after',
      examples(
        'audgate explain --registry ./registry --server https://files.example.com/mcp --tool read_file < token.jwt',
        'audgate explain --registry ./registry --server https://files.example.com/mcp --tool read_file --at 2026-11-23T12:00:00Z < token.jwt',
      ),
    )
    .action((options: AskOptions) => finish(explain(options, host)));
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
    print(host.stdout, '', ...checks(explanation.checks, host));
  }
  return exitOf(explanation.would_decide);
}

const STYLES: Readonly<Record<RuleOutcome, Style>> = {
  satisfied: 'green',
  denied: 'red',
  not_satisfied: 'red',
  not_evaluated: 'dim',
};

function checks(all: readonly ExplainedCheck[], host: Host): readonly string[] {
  const paint = painter(host.stdout, host.env);
  const words = (values: ExplainedCheck['actual']) => values.map(shown).join(' ') || '-';
  const rows = all.map(({ rule, outcome, expected, actual, registry, rule_file }) => {
    return [rule, outcome, words(expected), words(actual), registry ?? '-', rule_file];
  });
  return table(host.stdout, ['RULE', 'OUTCOME', 'EXPECTED', 'ACTUAL', 'REGISTRY', 'RULE FILE'], rows, (line, index) => {
    const check = all[index];
    return paint(check === undefined ? 'bold' : STYLES[check.outcome], line);
  });
}
