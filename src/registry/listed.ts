/** All that the registry lists of a server, each with the operation that it is: for lists of what a token opens. */
import type { CallFacts } from '../decision/facts.ts';
import type { OperationInput } from '../decision/input.ts';
import { isJsonObject, type Json } from '../json/value.ts';
import { LISTEN, OPEN_METHODS, TASK_METHODS } from './method.ts';
import type { ServerRecord } from './registry.ts';

export interface ListedOperation {
  /** `unlisted`: any tool that the registry does not list; its name, without the `*` at its end, is how such tools begin. */
  readonly kind: 'tool' | 'unlisted' | 'prompt' | 'resource' | 'method';
  /** As registered; of a server behind a hub, as the hub's clients name it. */
  readonly name: string;
  readonly operation: OperationInput;
}

/** No tool can be registered so, and no waiver name it. */
export const UNLISTED = '*';

/** In the registry's order. What is listed but open to nobody is left out. */
export function listedOperations(server: ServerRecord): readonly ListedOperation[] {
  const { tools, prompts, resources, methods } = server.effective;
  const found: ListedOperation[] = [];
  const add = (kind: ListedOperation['kind'], name: string, call: CallFacts) => {
    const operation = server.operation(call);
    if (operation !== undefined) found.push({ kind, name, operation });
  };
  for (const tool of namesOf(tools)) add('tool', tool, { method: 'tools/call', tool });
  add('unlisted', UNLISTED, { method: 'tools/call', tool: UNLISTED });
  for (const { prefix, tools: behind } of server.backends) {
    for (const name of [...behind, UNLISTED]) {
      const tool = `${prefix}${name}`;
      add(name === UNLISTED ? 'unlisted' : 'tool', tool, { method: 'tools/call', tool });
    }
  }
  const offered = server.backends.flatMap(({ prefix, prompts: behind }) => behind.map((name) => `${prefix}${name}`));
  for (const prompt of [...namesOf(prompts), ...offered]) add('prompt', prompt, { method: 'prompts/get', prompt });
  // An entry that ends in * stands for what begins so, itself among it.
  for (const uri of namesOf(resources)) add('resource', uri, { method: 'resources/read', uri });
  // A subscription to nothing in particular needs the method alone; what it listens to is listed above.
  for (const method of new Set([...OPEN_METHODS, LISTEN, ...namesOf(methods)])) {
    // Open by its name or not at all; of methods whose targets are listed here, their targets say it.
    add('method', method, TASK_METHODS.includes(method) ? { method, task: 'any' } : { method });
  }
  return found;
}

function namesOf(entries: Json | undefined): readonly string[] {
  return isJsonObject(entries) ? Object.keys(entries) : [];
}
