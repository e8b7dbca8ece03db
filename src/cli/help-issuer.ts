/** `audgate help`: the help of a command, or of a make of issuer (`audgate help issuer NAME`). */
import type { Command } from 'commander';
import { nearestName } from '../json/nearest.ts';
import { factsOf, named, profileJson } from '../registry/profile/describe.ts';
import { PROFILE_NAMES, type Profile, type Topic } from '../registry/profile/profile.ts';
import { PROFILES } from '../registry/profile/profiles.ts';
import { additionOf, listingOf, withResource } from '../registry/profile/remedy.ts';
import { EXIT, type Exit, type Host } from './host.ts';
import { type Add, examples } from './options.ts';
import { type Paint, painter, print, printJson, shown, table } from './terminal.ts';

interface Flags {
  readonly json?: true;
}

const ISSUER = 'issuer';

export const addHelp: Add = (program, host, finish) => {
  // The library's own help command takes no second word.
  program.helpCommand(false);
  program
    .command('help')
    .description('Print the help of a command, or how to make an issuer bind its tokens: help issuer NAME.')
    .argument('[command...]', `a command, or ${ISSUER} and the name of a profile; ${ISSUER} alone lists them`)
    .option('--json', `with ${ISSUER}: print the profile, or {"profiles": […]}`)
    .addHelpText('after', examples('audgate help serve', 'audgate help issuer', 'audgate help issuer keycloak'))
    .action((words: readonly string[], flags: Flags) => finish(help(words, flags, program, host)));
};

async function help(words: readonly string[], flags: Flags, program: Command, host: Host): Promise<Exit> {
  const [first, name, ...more] = words;
  if (first !== ISSUER && flags.json) {
    print(host.stderr, `audgate: --json belongs to help ${ISSUER}`);
    return EXIT.usage;
  }
  if (first !== ISSUER) return helpOf(words, program);
  if (more.length > 0) {
    print(host.stderr, `audgate: help ${ISSUER} takes one name; it got ${more.length + 1}`);
    return EXIT.usage;
  }
  if (name === undefined) {
    list(flags, host);
    return EXIT.fine;
  }
  const profile = Object.values(PROFILES).find((one) => one.name === name);
  if (profile === undefined) {
    const near = nearestName(name, PROFILE_NAMES);
    const hint = near === undefined ? `the profiles are ${PROFILE_NAMES.join(', ')}` : `the nearest is ${near}`;
    print(host.stderr, `audgate: there is no profile ${shown(JSON.stringify(name))}; ${hint}`);
    return EXIT.usage;
  }
  if (flags.json) printJson(host.stdout, profileJson(profile));
  else print(host.stdout, ...page(profile, painter(host.stdout, host.env)));
  return EXIT.fine;
}

/** Ends as the library's own help does, by throwing what `run` reads. */
function helpOf(words: readonly string[], program: Command): never {
  let command = program;
  for (const word of words) {
    const found = command.commands.find((one) => one.name() === word);
    if (found === undefined) return command.help({ error: true });
    command = found;
  }
  return command.help();
}

function list(flags: Flags, host: Host): void {
  const profiles = Object.values(PROFILES);
  if (flags.json) {
    printJson(host.stdout, { profiles: profiles.map(({ name, title }) => ({ name, title })) });
    return;
  }
  const rows = profiles.map(({ name, title, client, scopes }) => [
    name,
    title,
    client.join(' or '),
    scopes.map(({ claim }) => claim).join(' or '),
  ]);
  print(host.stdout, ...table(host.stdout, ['PROFILE', 'ISSUER', 'CLIENT IN', 'SCOPES IN'], rows));
}

const HEADINGS: Readonly<Record<Topic, string>> = {
  audience: 'How it is made to issue tokens for one server',
  lifetime: 'How its tokens are made shorter',
  type: 'What its tokens say they are',
};

function page(profile: Profile, paint: Paint): readonly string[] {
  const width = Math.max(...factsOf(profile).map(([what]) => what.length));
  const lines = [
    paint('bold', `${profile.title} (profile: ${profile.name})`),
    '',
    ...factsOf(profile).map(([what, where]) => `  ${what.padEnd(width)}  ${where}`),
  ];
  for (const topic of ['audience', 'lifetime', 'type'] as const) {
    const { sentence, steps } = withResource(profile.remedies[topic], 'RESOURCE');
    lines.push('', paint('bold', HEADINGS[topic]), `  ${sentence}`);
    lines.push(...steps.map(({ where, set }, at) => `  ${at + 1}. ${where}: ${set}`));
  }
  const addition = additionOf(profile, 'ISS');
  if (addition !== undefined) {
    lines.push('', paint('bold', 'How it is made to name no audience besides'), `  ${addition.sentence}`);
    lines.push(...addition.steps.map(({ where, set }, at) => `  ${at + 1}. ${where}: ${set}`));
    lines.push(`  ${listingOf(addition)}`);
  }
  lines.push('', paint('bold', 'What to know'), ...profile.limits.map((limit) => `  - ${named(limit)}`));
  return [...lines, '', paint('bold', 'Sources'), ...profile.sources.map((source) => `  ${source}`)];
}
