/** The question of `audgate decide` and `audgate explain`: options and standard input as the body of the HTTP request. */
import type { Command, Option } from 'commander';
import type { Ask } from '../decide/ask.ts';
import { contradictions } from '../http/native/check.ts';
import { toAsk } from '../http/native/read.ts';
import { EXPLAIN_NOTES, explainRequest } from '../http/native/schema.ts';
import { mismatches } from '../json/mismatch.ts';
import { readJson } from '../json/read.ts';
import type { Json, JsonObject } from '../json/value.ts';
import { TARGET_KINDS, targetsOf } from '../registry/method.ts';
import type { Host } from './host.ts';
import { once } from './options.ts';
import { print, shown } from './terminal.ts';
import { addVerification, type VerificationFlags } from './verification.ts';

/** Levels of nesting in arguments or a message, the same as of a request. */
const MAX_DEPTH = 32;
/** Bytes of standard input that are read: far more than any token that is not refused for its size. */
export const MAX_TOKEN_BYTES = 1024 * 1024;

export interface AskOptions extends VerificationFlags {
  /** Absent: the bundle's own. */
  readonly registry?: string;
  readonly bundle?: string;
  readonly server: string;
  readonly method?: string;
  readonly tool?: string;
  readonly prompt?: string;
  readonly uri?: string;
  readonly task?: string;
  readonly arguments?: string;
  readonly message?: string;
  readonly scheme?: string;
  readonly at?: string;
  readonly revoked?: string;
  readonly json?: true;
}

export interface Question {
  readonly ask: Ask;
  /** Milliseconds since the epoch; undefined: now. */
  readonly at: number | undefined;
}

export function addAskOptions(command: Command): Command {
  command
    .addOption(once('--registry <path>', 'registry file or folder; without, the one that the bundle holds'))
    .addOption(once('--bundle <file>', 'bundle of custom rules, from audgate policy build'));
  return addVerification(command)
    .addOption(once('--server <resource>', 'registered resource of the server that is called').makeOptionMandatory())
    .addOption(once('--method <name>', 'MCP method; by default the one that the target belongs to'))
    .addOption(target('--tool <name>', 'tool that is called'))
    .addOption(target('--prompt <name>', 'prompt that is got or, with --method, completed'))
    .addOption(target('--uri <uri>', 'resource that is read or, with --method, subscribed to'))
    .addOption(target('--task <id>', 'task that is asked about or, with --method, cancelled'))
    .addOption(once('--arguments <json>', 'arguments of the tool or prompt, a JSON object').conflicts(['uri', 'task']))
    .addOption(
      once(
        '--message <json>',
        'the client’s whole JSON-RPC message, in place of method and target; for subscriptions/listen',
      ).conflicts(['method', 'arguments', ...TARGET_KINDS]),
    )
    .addOption(once('--scheme <name>', 'authentication scheme of the token (default: Bearer)'))
    .addOption(once('--at <time>', 'time to decide for, RFC 3339 (default: now)'))
    .addOption(once('--revoked <file>', 'file of revoked tokens, as it stands now'))
    .option('--json', 'print the answer as the HTTP interface gives it');
}

const VALUES = { tool: 'NAME', prompt: 'NAME', uri: 'URI', task: 'ID' } as const;
const DEFAULT_METHODS = {
  tool: 'tools/call',
  prompt: 'prompts/get',
  uri: 'resources/read',
  task: 'tasks/get',
} as const;

/** A call has one. */
function target(flags: string, description: string): Option {
  const option = once(flags, description);
  return option.conflicts(TARGET_KINDS.filter((name) => name !== option.attributeName()));
}

/** @returns null when the command was used wrongly; why stands on standard error then */
export async function readQuestion(options: AskOptions, host: Host): Promise<Question | null> {
  const complain = (message: string) => {
    print(host.stderr, `audgate: ${message}`);
    return null;
  };
  const asked = readCall(options);
  if ('wrong' in asked) return complain(asked.wrong);
  const request = {
    server: options.server,
    ...(options.scheme !== undefined && { scheme: options.scheme }),
    ...(options.at !== undefined && { at: options.at }),
    ...asked,
  };
  const parsed = explainRequest.safeParse(request);
  const problems = [
    ...mismatches(explainRequest, request, parsed.error?.issues ?? [], EXPLAIN_NOTES),
    ...contradictions(request),
  ];
  if (!parsed.success || problems.length > 0) {
    for (const { pointer, message } of problems) {
      const missing = TARGET_KINDS.find((name) => pointer === `/call/${name}` && options[name] === undefined);
      const option = `--${pointer.split('/').at(-1)}`;
      const method = shown(options.method ?? '');
      const kinds = targetsOf(options.method ?? '') ?? [];
      const wanted = kinds.map((kind) => `--${kind} ${VALUES[kind]}`).join(' or ');
      if (missing) complain(`give ${wanted}: ${method} takes ${kinds.length > 1 ? 'one of them' : 'it'}`);
      else if (pointer === '/call/uris') complain(`${method} has many targets: give the client’s message in --message`);
      else complain(`${option} ${message}`);
    }
    return null;
  }
  const { at, ...question } = parsed.data;
  const token = await readToken(host);
  if (token === null) return complain(`standard input is longer than ${MAX_TOKEN_BYTES} bytes, which is no token`);
  return { ask: { ...toAsk(question), token }, at: at === undefined ? undefined : Date.parse(at) };
}

type Asked = { readonly call: JsonObject } | { readonly message: Json } | { readonly wrong: string };

function readCall(options: AskOptions): Asked {
  if (options.message !== undefined) {
    const message = strict('message', options.message);
    return message.ok ? { message: message.value } : message;
  }
  const target = TARGET_KINDS.find((name) => options[name] !== undefined);
  const method = options.method ?? (target && DEFAULT_METHODS[target]);
  if (method === undefined)
    return { wrong: 'give --method, a target (--tool, --prompt, --uri or --task), or the whole --message' };
  if (options.arguments !== undefined && target === undefined)
    return { wrong: '--arguments belongs to --tool or --prompt' };
  const given = options.arguments === undefined ? undefined : strict('arguments', options.arguments);
  if (given?.ok === false) return given;
  return {
    call: { method, ...(target && { [target]: options[target] }), ...(given && { arguments: given.value }) },
  };
}

function strict(option: string, text: string) {
  const read = readJson(text, { depth: MAX_DEPTH });
  if (read.ok) return { ok: true, value: read.value } as const;
  const [first] = read.problems;
  const wrong = `--${option} is no strict JSON: ${first?.pointer || 'the text'} ${first?.message ?? ''}`;
  return { ok: false, wrong } as const;
}

/**
 * From standard input and never from an argument, which every process of the machine can read.
 * @returns null: it is longer than any token
 */
export async function readToken(host: Host): Promise<string | null> {
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
