/** The question of `audgate decide` and `audgate explain`: options and standard input as the body of the HTTP request. */
import type { Command } from 'commander';
import type { Ask } from '../decide/ask.ts';
import { contradictions } from '../http/native/check.ts';
import { toAsk } from '../http/native/read.ts';
import { EXPLAIN_NOTES, explainRequest } from '../http/native/schema.ts';
import { mismatches } from '../json/mismatch.ts';
import { readJson } from '../json/read.ts';
import type { Host } from './host.ts';
import { once } from './options.ts';
import { print, shown } from './terminal.ts';

/** Levels of nesting in arguments, the same as of a request. */
const MAX_DEPTH = 32;
/** Bytes of standard input that are read: far more than any token that is not refused for its size. */
const MAX_TOKEN_BYTES = 1024 * 1024;

export interface AskOptions {
  readonly registry: string;
  readonly bundle?: string;
  readonly server: string;
  readonly method?: string;
  readonly tool?: string;
  readonly prompt?: string;
  readonly uri?: string;
  readonly arguments?: string;
  readonly scheme?: string;
  readonly at?: string;
  readonly json?: true;
}

export interface Question {
  readonly ask: Ask;
  /** Milliseconds since the epoch; undefined: now. */
  readonly at: number | undefined;
}

export function addAskOptions(command: Command): Command {
  return command
    .addOption(once('--registry <path>', 'registry file or folder').makeOptionMandatory())
    .addOption(once('--bundle <file>', 'bundle of custom rules, from audgate policy build'))
    .addOption(once('--server <resource>', 'registered resource of the server that is called').makeOptionMandatory())
    .addOption(once('--method <name>', 'MCP method; by default the one that the target belongs to'))
    .addOption(once('--tool <name>', 'tool that is called').conflicts(['prompt', 'uri']))
    .addOption(once('--arguments <json>', 'arguments of the tool, a JSON object').conflicts(['prompt', 'uri']))
    .addOption(once('--prompt <name>', 'prompt that is got').conflicts(['tool', 'uri']))
    .addOption(once('--uri <uri>', 'resource that is read').conflicts(['tool', 'prompt']))
    .addOption(once('--scheme <name>', 'authentication scheme of the token (default: Bearer)'))
    .addOption(once('--at <time>', 'time to decide for, RFC 3339 (default: now)'))
    .option('--json', 'print the answer as the HTTP interface gives it');
}

const VALUES = { tool: 'NAME', prompt: 'NAME', uri: 'URI' } as const;
const DEFAULT_METHODS = { tool: 'tools/call', prompt: 'prompts/get', uri: 'resources/read' } as const;

/** @returns null when the command was used wrongly; why stands on standard error then */
export async function readQuestion(options: AskOptions, host: Host): Promise<Question | null> {
  const complain = (message: string) => {
    print(host.stderr, `audgate: ${message}`);
    return null;
  };
  const target = (['tool', 'prompt', 'uri'] as const).find((name) => options[name] !== undefined);
  const method = options.method ?? (target && DEFAULT_METHODS[target]);
  if (method === undefined) return complain('give --method, or a target: --tool, --prompt or --uri');
  if (options.arguments !== undefined && target !== 'tool') return complain('--arguments belongs to --tool');

  const given = options.arguments === undefined ? undefined : readJson(options.arguments, { depth: MAX_DEPTH });
  if (given?.ok === false) {
    const [first] = given.problems;
    return complain(`--arguments is no strict JSON: ${first?.pointer || 'the text'} ${first?.message ?? ''}`);
  }
  const request = {
    server: options.server,
    ...(options.scheme !== undefined && { scheme: options.scheme }),
    ...(options.at !== undefined && { at: options.at }),
    call: {
      method,
      ...(target && { [target]: options[target] }),
      ...(given && { arguments: given.value }),
    },
  };
  const parsed = explainRequest.safeParse(request);
  const problems = [
    ...mismatches(explainRequest, request, parsed.error?.issues ?? [], EXPLAIN_NOTES),
    ...contradictions(request),
  ];
  if (!parsed.success || problems.length > 0) {
    for (const { pointer, message } of problems) {
      const missing = (['tool', 'prompt', 'uri'] as const).find(
        (name) => pointer === `/call/${name}` && options[name] === undefined,
      );
      const option = `--${pointer.split('/').at(-1)}`;
      complain(missing ? `give ${option} ${VALUES[missing]}: ${shown(method)} takes it` : `${option} ${message}`);
    }
    return null;
  }
  const { at, ...asked } = parsed.data;
  const token = await readToken(host);
  if (token === null) return complain(`standard input is longer than ${MAX_TOKEN_BYTES} bytes, which is no token`);
  return { ask: { ...toAsk(asked), token }, at: at === undefined ? undefined : Date.parse(at) };
}

/** From standard input and never from an argument, which every process of the machine can read. */
async function readToken(host: Host): Promise<string | null> {
  if (host.stdin.isTTY === true) {
    print(host.stderr, 'audgate: paste the access token, then press Enter and Ctrl-D');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of host.stdin) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_TOKEN_BYTES) return null;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8').replace(/\n$/, '');
}
