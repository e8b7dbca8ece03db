/** Everything that either of two records of a server may open, as calls that stand for it. */
import type { CallFacts } from '../../decision/facts.ts';
import { isJsonObject, type Json } from '../../json/value.ts';
import { callsOf } from '../../registry/lint/waiver.ts';
import {
  ANY_CALL,
  COMPLETE,
  LISTEN,
  METHODS_BY_TARGET,
  NOTIFICATIONS,
  OPEN_METHODS,
  TASK_METHODS,
} from '../../registry/method.ts';
import type { ServerRecord } from '../../registry/registry.ts';

export interface Asked {
  /** As it is named for people, and accepted by: METHOD, or METHOD TARGET. */
  readonly name: string;
  /** One of all calls that both records treat alike. */
  readonly call: CallFacts;
}

/** Behind a prefix, and as a tool that nobody lists: no registry has it. */
const OTHER = 'audgate~any';

/** @param servers the same server in two registries, or in one */
export function operationsOf(servers: readonly ServerRecord[]): readonly Asked[] {
  const names = (member: 'tools' | 'prompts' | 'resources' | 'methods') => [
    ...new Set(servers.flatMap(({ effective }) => namesOf(effective[member]))),
  ];
  const behind = (member: 'tools' | 'prompts') => [
    ...new Set(
      servers.flatMap(({ backends }) => backends.flatMap((one) => one[member].map((name) => `${one.prefix}${name}`))),
    ),
  ];
  const prefixes = new Set(servers.flatMap(({ backends }) => backends.map(({ prefix }) => prefix)));
  const prompts = [...new Set([...names('prompts'), ...behind('prompts')])];
  const found: Asked[] = [];
  const add = (call: CallFacts, target?: string) =>
    found.push({ name: target === undefined ? call.method : `${call.method} ${target}`, call });

  for (const [method, kind] of METHODS_BY_TARGET) {
    if (kind === 'tool') {
      for (const tool of [...names('tools'), ...behind('tools')]) add({ method, tool }, tool);
      for (const prefix of prefixes) add({ method, tool: `${prefix}${OTHER}` }, `${prefix}*`);
      add({ method, tool: OTHER }, '*');
    } else if (kind === 'prompt') for (const prompt of prompts) add({ method, prompt }, prompt);
    else for (const { uri, shown } of urisOf(names('resources'))) add({ method, uri }, shown);
  }
  for (const prompt of prompts) add({ method: COMPLETE, prompt }, prompt);
  for (const { uri, shown } of urisOf(names('resources'))) add({ method: COMPLETE, uri }, shown);
  for (const method of new Set([...OPEN_METHODS, LISTEN, ...names('methods')])) {
    if (METHODS_BY_TARGET.has(method) || method === COMPLETE) continue;
    if (TASK_METHODS.includes(method)) add({ method, task: OTHER });
    // To nothing in particular; what it may listen to is listed for other methods.
    else add(method === LISTEN ? { method, lists: [] } : { method });
  }
  found.push({ name: `${NOTIFICATIONS}*`, call: { method: `${NOTIFICATIONS}${OTHER}` } });
  if (servers.some(({ call_from }) => call_from === 'none')) add({ method: ANY_CALL });
  // A waiver may name what no list has: an unlisted tool, a resource below a prefix.
  for (const operation of new Set(servers.flatMap(({ waivers }) => waivers.flatMap((one) => one.operations))))
    for (const call of callsOf(operation)) found.push({ name: operation, call });
  return [...new Map(found.map((one) => [JSON.stringify(one), one])).values()];
}

function urisOf(entries: readonly string[]): readonly { readonly uri: string; readonly shown: string }[] {
  return entries.map((entry) => ({ uri: entry.endsWith('*') ? `${entry.slice(0, -1)}${OTHER}` : entry, shown: entry }));
}

function namesOf(entries: Json | undefined): readonly string[] {
  return isJsonObject(entries) ? Object.keys(entries) : [];
}
