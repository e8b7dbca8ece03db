/** What a method and its target may look like; which methods have one, the registry knows (contract 1). */
import type { CallFacts } from '../../decision/facts.ts';
import { hasControl } from '../../json/control.ts';
import { ANY_CALL, PSEUDO_METHODS, type TargetKind } from '../../registry/method.ts';
import { type Defect, kindOf, shown } from './malformed.ts';

/** Characters of a method: many times the longest that MCP defines. */
const MAX_METHOD_LENGTH = 255;

/** Whether the method carries arguments that custom rules judge (contract 6). */
export function takesArguments(method: string): boolean {
  return method === 'tools/call' || method === 'prompts/get';
}

export function withTarget(method: string, kind: TargetKind, target: string): CallFacts {
  switch (kind) {
    case 'tool':
      return { method, tool: target };
    case 'prompt':
      return { method, prompt: target };
    case 'uri':
      return { method, uri: target };
    case 'task':
      return { method, task: target };
  }
}

export function methodDefect(method: unknown): Defect | null {
  const expected = `method to be a non-empty string of at most ${MAX_METHOD_LENGTH} characters, none of them a control character`;
  const remedy = 'Send the name of an MCP method.';
  if (typeof method !== 'string') return { expected, found: kindOf(method), remedy };
  if (method === '') return { expected, found: 'an empty string', remedy };
  if (method.length > MAX_METHOD_LENGTH) return { expected, found: `${method.length} characters`, remedy };
  return isPlain(method) ? null : { expected, found: shown(method), remedy };
}

/** The same of a method that a client wrote: it cannot name what stands for requests without a message. */
export function clientMethodDefect(method: unknown): Defect | null {
  const defect = methodDefect(method);
  if (defect !== null || typeof method !== 'string') return defect;
  if (method !== ANY_CALL && !PSEUDO_METHODS.includes(method)) return null;
  const remedy = 'Send the name of an MCP method.';
  return {
    expected: 'method to be one of MCP',
    found: `${shown(method)}, which stands for what is no message`,
    remedy,
  };
}

const EXACT: Readonly<Record<TargetKind, string>> = {
  tool: 'name of the tool',
  prompt: 'name of the prompt',
  uri: 'URI of the resource',
  task: 'id of the task',
};

/**
 * @param place how the sender calls the member: `params.name` or `call.tool`
 *
 * A control character in a URI is let through to the registry, where it matches exact entries only (contract 1). Tools may
 * be open unlisted, so there it ends here.
 */
export function targetDefect(method: string, kind: TargetKind, target: unknown, place: string): Defect | null {
  const expected = `${place} of ${method} to be a non-empty string without control characters`;
  const remedy = `Send the exact ${EXACT[kind]}.`;
  if (typeof target !== 'string') return { expected, found: kindOf(target), remedy };
  if (target === '') return { expected, found: 'an empty string', remedy };
  if (kind === 'uri' ? target.isWellFormed() : isPlain(target)) return null;
  return { expected, found: shown(target), remedy };
}

function isPlain(text: string): boolean {
  return !hasControl(text) && text.isWellFormed();
}
