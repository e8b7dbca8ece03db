/**
 * The caller's own record of the call. Its form was checked where the request was read; what is checked again here is what
 * the decision stands on, because library and middleware come here too.
 */
import type { CallFacts, CallSource } from '../../decision/facts.ts';
import { ANY_CALL, LISTEN, PSEUDO_METHODS, TARGET_KINDS, type TargetKind, targetsOf } from '../../registry/method.ts';
import { type Defect, shown } from './malformed.ts';
import { argumentsDefect } from './params.ts';
import { type CallRead, type Mirror, refused } from './reading.ts';
import { listenDefect } from './subscription.ts';
import { methodDefect, takesArguments, targetDefect, withTarget } from './target.ts';

export function readRecord(source: Extract<CallSource, { kind: 'call' }>, customRules: boolean): CallRead {
  const { method } = source;
  const unnamed = methodDefect(method);
  if (unnamed !== null) return refused(unnamed);
  if (method === ANY_CALL) return refused(anyCall());
  const judged = takesArguments(method) ? source.arguments : undefined;
  const twins = judged !== undefined && customRules ? argumentsDefect(judged) : null;
  if (twins !== null) return refused(twins);

  const given = TARGET_KINDS.filter((kind) => source[kind] !== undefined);
  if (method === LISTEN) return readListen(source, given);
  const lists = (['lists', 'uris', 'tasks'] as const).filter((member) => source[member] !== undefined);
  if (lists.length > 0) return refused(otherTarget(`${method} without lists of targets`, lists));

  // A method that audgate does not know may come with one target: the registry opens no such operation.
  const kinds = targetsOf(method) ?? given;
  const [kind] = given;
  if (kinds.length === 0 && kind === undefined) return { ok: true, call: { method }, mirror: mirrorOf(method) };
  const target = kind === undefined ? undefined : source[kind];
  if (kind === undefined || target === undefined || given.length > 1 || !kinds.includes(kind)) {
    const wanted = kinds.length === 0 ? 'without target' : `with the target ${kinds.join(' or ')}`;
    return refused(otherTarget(`${method} ${wanted}`, given));
  }
  const wrong = targetDefect(method, kind, target, `call.${kind}`);
  if (wrong !== null) return refused(wrong);
  const call = withTarget(method, kind, target);
  // Where a method that is not MCP's keeps its target, nobody knows, nor what its header would repeat.
  return {
    ok: true,
    call: judged === undefined ? call : { ...call, arguments: judged },
    mirror: mirrorOf(method, kinds.length > 1 ? undefined : target, source.arguments),
  };
}

/** A gateway that says nothing of what is listened to could let anything through, so it says at least that it is nothing. */
function readListen(source: CallFacts, given: readonly TargetKind[]): CallRead {
  const { method, lists, uris, tasks } = source;
  if (given.length > 0 || (lists === undefined && uris === undefined && tasks === undefined))
    return refused(otherTarget(`${method} with lists, uris and tasks, [] where there are none`, given));
  const wrong = listenDefect({ lists, uris, tasks }, 'call');
  if (wrong !== null) return refused(wrong);
  const call = { method, ...(lists && { lists }), ...(uris && { uris }), ...(tasks && { tasks }) };
  return { ok: true, call, mirror: mirrorOf(method) };
}

/** A record has no `_meta`, and says of arguments what it wants to. */
function mirrorOf(method: string, name?: string, args: CallFacts['arguments'] = undefined): Mirror {
  const pseudo = PSEUDO_METHODS.includes(method);
  return { method: pseudo ? undefined : method, name, version: null, arguments: args ?? null };
}

function anyCall(): Defect {
  const remedy = 'Send the method that the client calls.';
  return { expected: 'call.method to be one method', found: shown(ANY_CALL), remedy };
}

function otherTarget(expected: string, given: readonly string[]): Defect {
  const found = given.length === 0 ? 'none' : given.join(' and ');
  return { expected, found, remedy: 'Send the one target that the method has.' };
}
