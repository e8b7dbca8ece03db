/** One JSON-RPC request or notification (JSON-RPC 2.0 §4), as MCP narrows it: `params` is an object, `id` never null. */
import type { CallFacts } from '../../decision/facts.ts';
import type { Reason } from '../../decision/reason.ts';
import { isJsonObject, type Json, type JsonObject } from '../../json/value.ts';
import { METHODS_BY_TARGET } from '../../registry/method.ts';
import { type Defect, kindOf, malformed, shown } from './malformed.ts';
import { findImpostor, findMetaImpostor, findTwinsWithin, type Impostor } from './names.ts';
import { methodDefect, takesArguments, targetDefect, withTarget } from './target.ts';

/** `name` is what an Mcp-Name header must repeat: the call's target, also where the facts leave it out. */
export type CallRead =
  | { readonly ok: true; readonly call: CallFacts; readonly name: string | undefined }
  | { readonly ok: false; readonly reason: Reason };

/** Characters of an id that an answer repeats; JSON-RPC sets no limit, and a longer id is answered as null. */
const MAX_ID_LENGTH = 255;

/**
 * @param message a value from the strict reader
 * @param customRules whether `arguments` will be judged, and must then read alike for everyone
 */
export function readMessage(message: Json, customRules: boolean): CallRead {
  if (!isJsonObject(message)) return refused(noMessage(message));
  const envelope = envelopeDefect(message);
  if (envelope !== null) return refused(envelope);
  const method = member(message, 'method');
  if (typeof method !== 'string') return refused(methodDefect(method) ?? noMessage(message));
  const params = Object.hasOwn(message, 'params') ? message.params : {};
  if (!isJsonObject(params)) return refused(noParams(params));
  const names = paramsDefect(params);
  if (names !== null) return refused(names);
  return readParams(method, params, customRules);
}

/** The message's `id`, for an error body that answers it; undefined where there is none that can be repeated. */
export function readId(message: Json): string | number | undefined {
  const id = isJsonObject(message) ? member(message, 'id') : undefined;
  if (typeof id === 'string') return id.length <= MAX_ID_LENGTH && id.isWellFormed() ? id : undefined;
  return Number.isSafeInteger(id) ? (id as number) : undefined;
}

/** Two members of `arguments` that fold alike, while custom rules exist. */
export function argumentsDefect(args: JsonObject): Defect | null {
  const twins = findTwinsWithin(args);
  return twins === null ? null : impostorDefect(twins, 'arguments', 'Name each argument once, whatever its case.');
}

function readParams(method: string, params: JsonObject, customRules: boolean): CallRead {
  // Other methods are read by their name alone: completion, subscriptions and tasks come with a later version.
  const kind = METHODS_BY_TARGET.get(method);
  const place = kind === 'uri' ? 'uri' : 'name';
  const target = kind === undefined ? undefined : member(params, place);
  const name = typeof target === 'string' ? target : undefined;
  const wrong = kind === undefined ? null : targetDefect(method, kind, target, `params.${place}`);
  if (wrong !== null) return refused(wrong);

  // A message without arguments has none, and says so (contract 6).
  const args = Object.hasOwn(params, 'arguments') ? params.arguments : {};
  if (takesArguments(method) && !isJsonObject(args)) return refused(noArguments(method, args));
  const judged = takesArguments(method) && isJsonObject(args) ? args : undefined;
  const twins = judged !== undefined && customRules ? argumentsDefect(judged) : null;
  if (twins !== null) return refused(twins);

  // A call as a task answers with a task, whose results other methods fetch later. This version opens none of these, so
  // the facts hold no target that the registry could know. It has no id before the server gives it one.
  if (Object.hasOwn(params, 'task')) return { ok: true, call: { method, task: '' }, name };
  const call = kind === undefined || name === undefined ? { method } : withTarget(method, kind, name);
  return { ok: true, call: judged === undefined ? call : { ...call, arguments: judged }, name };
}

/** What is wrong with the message's own members, `params` aside. */
function envelopeDefect(message: JsonObject): Defect | null {
  const impostor = findImpostor(message, 'root');
  if (impostor !== null) return impostorDefect(impostor, 'the message');
  const version = member(message, 'jsonrpc');
  if (version !== '2.0') {
    const found = typeof version === 'string' ? shown(version) : kindOf(version);
    return { expected: 'jsonrpc to be "2.0"', found, remedy: 'Send a JSON-RPC 2.0 message.' };
  }
  for (const name of ['result', 'error']) {
    if (!Object.hasOwn(message, name)) continue;
    const remedy = 'Responses are not supported by this version; a request has neither result nor error.';
    return { expected: 'one JSON-RPC request or notification', found: `a response (member ${name})`, remedy };
  }
  if (Object.hasOwn(message, 'id') && !isId(message.id)) {
    const found = typeof message.id === 'number' ? 'another number' : kindOf(message.id);
    const remedy = 'Send a request with its id, or a notification without the member.';
    return { expected: 'id to be a string or an integer', found, remedy };
  }
  return methodDefect(member(message, 'method'));
}

/** Names in `params`, `params._meta` and `params.ref`. */
function paramsDefect(params: JsonObject): Defect | null {
  const impostor = findImpostor(params, 'params');
  if (impostor !== null) return impostorDefect(impostor, 'params');
  const meta = member(params, '_meta');
  const inMeta = isJsonObject(meta) ? findMetaImpostor(meta) : null;
  if (inMeta !== null) return impostorDefect(inMeta, 'params._meta');
  const ref = member(params, 'ref');
  const inRef = isJsonObject(ref) ? findImpostor(ref, 'ref') : null;
  return inRef === null ? null : impostorDefect(inRef, 'params.ref');
}

function noMessage(message: Json): Defect {
  const batch = Array.isArray(message);
  return {
    expected: 'one JSON-RPC request or notification, an object',
    found: batch ? 'a batch (an array)' : kindOf(message),
    remedy: batch
      ? 'Send each message by itself: MCP has no batches.'
      : 'Send the JSON-RPC message that the client sent.',
  };
}

function noParams(params: Json | undefined): Defect {
  const remedy = 'Send parameters by name, or leave params out.';
  return { expected: 'params to be an object', found: kindOf(params), remedy };
}

function noArguments(method: string, args: Json | undefined): Defect {
  const remedy = 'Send an object, or leave arguments out when there are none.';
  return { expected: `params.arguments of ${method} to be an object`, found: kindOf(args), remedy };
}

function impostorDefect(impostor: Impostor, place: string, remedy = 'Write member names exactly as MCP does.'): Defect {
  const { name, taken_for } = impostor;
  if (taken_for === null)
    return { expected: `member names of ${place} without control characters`, found: shown(name), remedy };
  return {
    expected: `no member of ${place} that equals ${shown(taken_for)} only after case folding`,
    found: shown(name),
    remedy,
    evidence: { expected: [taken_for], actual: [name] },
  };
}

function isId(id: Json | undefined): boolean {
  return typeof id === 'string' || Number.isSafeInteger(id);
}

/** Own members only: what the text did not hold is not there. */
function member(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function refused(defect: Defect): CallRead {
  return { ok: false, reason: malformed(defect) };
}
