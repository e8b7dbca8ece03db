/** One JSON-RPC message (JSON-RPC 2.0 §4, §5), as MCP narrows it: `params` is an object, `id` never null, no batches. */
import { isJsonObject, type Json, type JsonObject } from '../../json/value.ts';
import { impostorDefect } from './impostor.ts';
import { type Defect, kindOf, shown } from './malformed.ts';
import { findImpostor, findMetaImpostor } from './names.ts';
import { readParams } from './params.ts';
import { type CallRead, type Mirror, refused } from './reading.ts';
import { clientMethodDefect } from './target.ts';

/** Characters of an id that an answer repeats; JSON-RPC sets no limit, and a longer id is answered as null. */
const MAX_ID_LENGTH = 255;

const VERSION = 'io.modelcontextprotocol/protocolVersion';

/**
 * @param message a value from the strict reader
 * @param customRules whether `arguments` will be judged, and must then read alike for everyone
 */
export function readMessage(message: Json, customRules: boolean): CallRead {
  if (!isJsonObject(message)) return refused(noMessage(message));
  const envelope = envelopeDefect(message);
  if (envelope !== null) return refused(envelope);
  if (isResponse(message)) return readResponse(message);
  const method = member(message, 'method');
  const unnamed = clientMethodDefect(method);
  if (unnamed !== null || typeof method !== 'string') return refused(unnamed ?? noMessage(message));
  const params = Object.hasOwn(message, 'params') ? message.params : {};
  if (!isJsonObject(params)) return refused(noParams(params));
  const names = paramsDefect(params);
  if (names !== null) return refused(names);
  const read = readParams(method, params, customRules);
  if (!read.ok) return refused(read.defect);
  const { call, name } = read;
  const mirror: Mirror = {
    method,
    name,
    // The revision asks for it in requests; for notifications it defines no headers.
    version: { sent: versionOf(params), required: Object.hasOwn(message, 'id') },
    arguments: call.arguments ?? null,
  };
  return { ok: true, call, mirror };
}

/** The message's `id`, for an error body that answers it; undefined where there is none that can be repeated. */
export function readId(message: Json): string | number | undefined {
  const id = isJsonObject(message) ? member(message, 'id') : undefined;
  if (typeof id === 'string') return id.length <= MAX_ID_LENGTH && id.isWellFormed() ? id : undefined;
  return Number.isSafeInteger(id) ? (id as number) : undefined;
}

function isResponse(message: JsonObject): boolean {
  return Object.hasOwn(message, 'result') || Object.hasOwn(message, 'error');
}

/** The client's answer to a request of the server (until revision 2025-11-25); what it answers, nobody here knows. */
function readResponse(message: JsonObject): CallRead {
  const more = ['method', 'params'].find((name) => Object.hasOwn(message, name));
  const both = Object.hasOwn(message, 'result') && Object.hasOwn(message, 'error');
  if (more !== undefined || both) {
    const found = more === undefined ? 'both' : `a response with the member ${more}`;
    const remedy = 'A request has neither result nor error, and a response has one of them and its id.';
    return refused({ expected: 'one JSON-RPC request, notification or response', found, remedy });
  }
  const place = Object.hasOwn(message, 'result') ? 'result' : 'error';
  const content = message[place];
  if (!isJsonObject(content)) {
    const remedy = 'Send the response as MCP has it.';
    return refused({ expected: `${place} of the response to be an object`, found: kindOf(content), remedy });
  }
  if (!Object.hasOwn(message, 'id')) {
    const remedy = 'Send the id of the request that it answers.';
    return refused({ expected: 'id of the response', found: 'none', remedy });
  }
  const version = { sent: undefined, required: false };
  return {
    ok: true,
    call: { method: 'rpc/response' },
    mirror: { method: undefined, name: undefined, version, arguments: null },
  };
}

/** What is wrong with the members that every message has. */
function envelopeDefect(message: JsonObject): Defect | null {
  const impostor = findImpostor(message, 'root');
  if (impostor !== null) return impostorDefect(impostor, 'the message');
  const version = member(message, 'jsonrpc');
  if (version !== '2.0') {
    const found = typeof version === 'string' ? shown(version) : kindOf(version);
    return { expected: 'jsonrpc to be "2.0"', found, remedy: 'Send a JSON-RPC 2.0 message.' };
  }
  if (Object.hasOwn(message, 'id') && !isId(message.id)) {
    const found = typeof message.id === 'number' ? 'another number' : kindOf(message.id);
    const remedy = 'Send a request with its id, or a notification without the member.';
    return { expected: 'id to be a string or an integer', found, remedy };
  }
  return null;
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

function versionOf(params: JsonObject): Json | undefined {
  const meta = member(params, '_meta');
  return isJsonObject(meta) ? member(meta, VERSION) : undefined;
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

function isId(id: Json | undefined): boolean {
  return typeof id === 'string' || Number.isSafeInteger(id);
}

/** Own members only: what the text did not hold is not there. */
function member(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
