/** What no single member of a request shows: how many calls it holds, and whether the call has its target. */
import type { JsonProblem } from '../../json/locate.ts';
import { isJsonObject } from '../../json/value.ts';
import { METHODS_BY_TARGET, NOTIFICATIONS, OPEN_METHODS, type TargetKind } from '../../registry/method.ts';

const SOURCES = ['call', 'message', 'body'] as const;
/** Not `task`: a call as a task is well-formed, and the decision refuses it as `method_unknown` (contract 1). */
const TARGETS = ['tool', 'prompt', 'uri'] as const;

/** Which member names the method's target: null where it has none, undefined where audgate does not know the method. */
function targetOf(method: string): TargetKind | null | undefined {
  const isOpen = method.startsWith(NOTIFICATIONS) || OPEN_METHODS.includes(method);
  return isOpen ? null : METHODS_BY_TARGET.get(method);
}

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
  const wanted = targetOf(method);
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
