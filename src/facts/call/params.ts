/** The targets in the `params` of each method of MCP, revisions 2025-03-26 to 2026-07-28, and of the tasks extension. */
import type { CallFacts } from '../../decision/facts.ts';
import { isJsonObject, type Json, type JsonObject } from '../../json/value.ts';
import { COMPLETE, LISTEN, METHODS_BY_TARGET, TASK_METHODS } from '../../registry/method.ts';
import { impostorDefect } from './impostor.ts';
import { type Defect, kindOf, shown } from './malformed.ts';
import { findTwinsWithin } from './names.ts';
import { readFilter } from './subscription.ts';
import { takesArguments, targetDefect, withTarget } from './target.ts';

/** `name` is what an Mcp-Name header must repeat. */
export type ParamsRead =
  | { readonly ok: true; readonly call: CallFacts; readonly name?: string }
  | { readonly ok: false; readonly defect: Defect };

/** @param params names that could be taken for others were refused before */
export function readParams(method: string, params: JsonObject, customRules: boolean): ParamsRead {
  if (method === COMPLETE) return readReference(member(params, 'ref'));
  if (method === LISTEN) return readListen(params);
  if (TASK_METHODS.includes(method)) {
    const task = member(params, 'taskId');
    const wrong = targetDefect(method, 'task', task, 'params.taskId');
    if (wrong !== null || typeof task !== 'string') return refused(wrong ?? notText('params.taskId', task));
    return { ok: true, call: { method, task }, name: task };
  }
  const kind = METHODS_BY_TARGET.get(method);
  if (kind === undefined) return { ok: true, call: { method } };
  const place = kind === 'uri' ? 'uri' : 'name';
  const target = member(params, place);
  const wrong = targetDefect(method, kind, target, `params.${place}`);
  if (wrong !== null || typeof target !== 'string') return refused(wrong ?? notText(`params.${place}`, target));
  const call = withTarget(method, kind, target);
  if (!takesArguments(method)) return { ok: true, call, name: target };

  // A message without arguments has none, and says so (contract 6).
  const args = Object.hasOwn(params, 'arguments') ? params.arguments : {};
  if (!isJsonObject(args)) return refused(noObject(method, 'arguments', args));
  const twins = customRules ? argumentsDefect(args) : null;
  if (twins !== null) return refused(twins);
  // Revision 2025-11-25: the answer is then a task, whose result other methods fetch. The tool decides all the same.
  const task = method === 'tools/call' && Object.hasOwn(params, 'task') ? params.task : {};
  if (!isJsonObject(task)) return refused(noObject(method, 'task', task));
  return { ok: true, call: { ...call, arguments: args }, name: target };
}

/** Two members of `arguments` that fold alike, while custom rules exist. */
export function argumentsDefect(args: JsonObject): Defect | null {
  const twins = findTwinsWithin(args);
  return twins === null ? null : impostorDefect(twins, 'arguments', 'Name each argument once, whatever its case.');
}

/** What is completed is an argument of a prompt, or a variable of a resource's URI template. */
function readReference(ref: Json | undefined): ParamsRead {
  if (!isJsonObject(ref)) return refused(noObject(COMPLETE, 'ref', ref));
  const type = member(ref, 'type');
  if (type !== 'ref/prompt' && type !== 'ref/resource') {
    const found = typeof type === 'string' ? shown(type) : kindOf(type);
    const remedy = 'Send a reference to one prompt or one resource.';
    return refused({ expected: 'params.ref.type to be ref/prompt or ref/resource', found, remedy });
  }
  const [kind, place, other] =
    type === 'ref/prompt' ? (['prompt', 'name', 'uri'] as const) : (['uri', 'uri', 'name'] as const);
  // A server that goes by members rather than by the type would complete the other.
  if (Object.hasOwn(ref, other)) {
    const remedy = 'Send a reference to one prompt or one resource.';
    return refused({ expected: `params.ref of type ${type} without ${other}`, found: `the member ${other}`, remedy });
  }
  const target = member(ref, place);
  const wrong = targetDefect(COMPLETE, kind, target, `params.ref.${place}`);
  if (wrong !== null || typeof target !== 'string') return refused(wrong ?? notText(`params.ref.${place}`, target));
  return { ok: true, call: withTarget(COMPLETE, kind, target) };
}

function readListen(params: JsonObject): ParamsRead {
  const filter = readFilter(member(params, 'notifications'));
  return 'expected' in filter ? refused(filter) : { ok: true, call: { method: LISTEN, ...filter } };
}

function noObject(method: string, name: string, found: Json | undefined): Defect {
  const remedy = 'Send an object, or leave it out where there is none.';
  return { expected: `params.${name} of ${method} to be an object`, found: kindOf(found), remedy };
}

function notText(place: string, found: Json | undefined): Defect {
  return { expected: `${place} to be a string`, found: kindOf(found), remedy: 'Send the target of the method.' };
}

/** Own members only: what the text did not hold is not there. */
function member(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function refused(defect: Defect): ParamsRead {
  return { ok: false, defect };
}
