/** What a method and its target may look like; which methods have one, the registry knows (contract 1). */
import type { CallFacts } from '../../decision/facts.ts';
import { hasControl } from '../../json/control.ts';
import type { TargetKind } from '../../registry/method.ts';
import { type Defect, kindOf, shown } from './malformed.ts';

/** Characters of a method: many times the longest that MCP defines. */
const MAX_METHOD_LENGTH = 255;

/** Whether the method carries arguments that custom rules judge (contract 6). */
export function takesArguments(method: string): boolean {
  return method === 'tools/call' || method === 'prompts/get';
}

export function withTarget(method: string, kind: TargetKind, target: string): CallFacts {
  if (kind === 'tool') return { method, tool: target };
  return kind === 'prompt' ? { method, prompt: target } : { method, uri: target };
}

export function methodDefect(method: unknown): Defect | null {
  const expected = `method to be a non-empty string of at most ${MAX_METHOD_LENGTH} characters, none of them a control character`;
  const remedy = 'Send the name of an MCP method.';
  if (typeof method !== 'string') return { expected, found: kindOf(method), remedy };
  if (method === '') return { expected, found: 'an empty string', remedy };
  if (method.length > MAX_METHOD_LENGTH) return { expected, found: `${method.length} characters`, remedy };
  return isPlain(method) ? null : { expected, found: shown(method), remedy };
}

/**
 * @param place how the sender calls the member: `params.name` or `call.tool`
 *
 * A control character in a URI is let through to the registry, where it matches exact entries only (contract 1). Tools may
 * be open unlisted, so there it ends here.
 */
export function targetDefect(method: string, kind: TargetKind, target: unknown, place: string): Defect | null {
  const expected = `${place} of ${method} to be a non-empty string without control characters`;
  const remedy = `Send the exact ${kind === 'uri' ? 'URI of the resource' : `name of the ${kind}`}.`;
  if (typeof target !== 'string') return { expected, found: kindOf(target), remedy };
  if (target === '') return { expected, found: 'an empty string', remedy };
  if (kind === 'uri' ? target.isWellFormed() : isPlain(target)) return null;
  return { expected, found: shown(target), remedy };
}

function isPlain(text: string): boolean {
  return !hasControl(text) && text.isWellFormed();
}
