/** What no single member of a request shows: how many calls it holds, and whether the call has its target. */
import type { JsonProblem } from '../../json/locate.ts';
import { isJsonObject, type JsonObject } from '../../json/value.ts';
import { LISTEN, TARGET_KINDS, targetsOf } from '../../registry/method.ts';
import type { KnownCaller } from '../callers/identify.ts';

const SOURCES = ['call', 'message', 'body'] as const;
/** What a subscription names its targets in. */
const LISTS = ['lists', 'uris', 'tasks'] as const;

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
  const { call, scheme, http } = request;
  // RFC 9449 §4.3: a proof is for one method, and only the gateway knows which its client used.
  if (
    typeof scheme === 'string' &&
    scheme.toLowerCase() === 'dpop' &&
    !(isJsonObject(http) && Object.hasOwn(http, 'method'))
  )
    problems.push({
      pointer: '/http/method',
      message: 'is needed with scheme DPoP: hand on the method of the client’s request, which its proof names',
    });
  if (isJsonObject(call) && typeof call.method === 'string') problems.push(...misplaced(call.method, call));
  return problems;
}

/** What this asker may not say: a certificate counts only where its forwarding was configured. @param request as above */
export function unforwarded(
  request: unknown,
  { client_certificates: form }: Pick<KnownCaller, 'client_certificates'>,
): readonly JsonProblem[] {
  if (form !== 'none' || !isJsonObject(request)) return [];
  const { proof } = request;
  return isJsonObject(proof) && Object.hasOwn(proof, 'client_certificate')
    ? [{ pointer: '/proof/client_certificate', message: UNFORWARDED }]
    : [];
}

export const UNFORWARDED =
  'is only for callers that forward their clients’ certificates: configure client_certificates: json for this caller, or leave it out';

function misplaced(method: string, call: JsonObject): readonly JsonProblem[] {
  const kinds = targetsOf(method);
  if (kinds === undefined) return [];
  const given = [...TARGET_KINDS, ...LISTS].filter((name) => Object.hasOwn(call, name));
  const foreign = (expected: string, belongs: (name: string) => boolean) =>
    given
      .filter((name) => !belongs(name))
      .map((name) => ({
        pointer: `/call/${name}`,
        message: `does not belong to this method: it takes ${expected}`,
      }));
  if (method === LISTEN) {
    const listed = (name: string) => LISTS.some((list) => list === name);
    const problems = foreign('lists, uris and tasks', listed);
    if (given.some(listed)) return problems;
    return [
      ...problems,
      {
        pointer: '/call/uris',
        message: 'is missing: this method takes lists, uris and tasks, [] where there are none',
      },
    ];
  }
  const [kind] = kinds;
  if (kind === undefined) return foreign('no target', () => false);
  const expected = `its target in ${kinds.join(' or ')} alone`;
  const right = given.filter((name) => kinds.some((one) => one === name));
  const problems = foreign(expected, (name) => kinds.some((one) => one === name));
  if (right.length === 1) return problems;
  const message =
    right.length === 0 ? `is missing: this method takes ${expected}` : `is one too many: this method takes ${expected}`;
  return [...problems, { pointer: `/call/${right[1] ?? kind}`, message }];
}
