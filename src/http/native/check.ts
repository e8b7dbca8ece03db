/** What no single member of a request shows: how many calls it holds, and whether the call has its target. */
import type { JsonProblem } from '../../json/locate.ts';
import { isJsonObject } from '../../json/value.ts';

const SOURCES = ['call', 'message', 'body'] as const;
const TARGETS = ['tool', 'prompt', 'uri', 'task'] as const;

/** Methods that the registry knows (contract 1), with the member that names their target; null: they have none. */
const TARGET_OF: ReadonlyMap<string, (typeof TARGETS)[number] | null> = new Map([
  ['tools/call', 'tool'],
  ['prompts/get', 'prompt'],
  ['resources/read', 'uri'],
  ['resources/subscribe', 'uri'],
  ['resources/unsubscribe', 'uri'],
  ['initialize', null],
  ['ping', null],
  ['server/discover', null],
  ['logging/setLevel', null],
  ['tools/list', null],
  ['prompts/list', null],
  ['resources/list', null],
  ['resources/templates/list', null],
]);

/** @param request the body as it was read; its members may be mistyped, which is said elsewhere */
export function contradictions(request: unknown): readonly JsonProblem[] {
  if (!isJsonObject(request)) return [];
  const problems: JsonProblem[] = [];
  const sources = SOURCES.filter((name) => Object.hasOwn(request, name));
  if (sources.length > 1) {
    problems.push({
      pointer: '',
      message: `holds ${sources.join(' and ')}: send exactly one of ${SOURCES.join(', ')}`,
    });
  }
  const { call } = request;
  if (!isJsonObject(call) || typeof call.method !== 'string') return problems;
  const { method } = call;
  const wanted = method.startsWith('notifications/') ? null : TARGET_OF.get(method);
  if (wanted === undefined) return problems;
  const expected = wanted === null ? 'no target' : `its target in ${wanted} alone`;
  for (const name of TARGETS) {
    if (name !== wanted && Object.hasOwn(call, name)) {
      problems.push({ pointer: `/call/${name}`, message: `does not belong to this method: it takes ${expected}` });
    }
  }
  if (wanted !== null && !Object.hasOwn(call, wanted)) {
    problems.push({ pointer: `/call/${wanted}`, message: `is missing: this method takes ${expected}` });
  }
  return problems;
}
