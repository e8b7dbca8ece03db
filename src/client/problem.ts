/** Why there is no answer. Texts of audgate's own problems pass; whatever else came in is never repeated. */

export interface ClientProblem {
  /**
   * `question`: it cannot be asked, or audgate refused it as ill-formed. `caller`: audgate does not know the key, or the
   * caller may not ask. `answer`: what came back is no decision, of audgate or of whatever listens there. All of them mean:
   * refuse the call.
   */
  readonly kind: 'question' | 'caller' | 'unreachable' | 'timeout' | 'answer';
  /** For people. Holds no token and no key. */
  readonly message: string;
  /** HTTP status, where there was one. */
  readonly status?: number;
  /** What audgate finds wrong with the question: JSON pointers, and no values. */
  readonly problems?: readonly { readonly pointer: string; readonly message: string }[];
}

const URN = /^urn:audgate:problem:([a-z_]{1,64})$/;

/**
 * @param status of an answer that is no decision
 * @param value of its body; undefined where it is no JSON
 * @param secrets that no text of the answer may hold, whoever wrote it
 */
export function problemOf(status: number, value: unknown, secrets: readonly string[]): ClientProblem {
  const [, name] = URN.exec(textAt(value, 'type') ?? '') ?? [];
  if (name === undefined) return notAudgates(status, 'no decision and no problem of audgate');
  const clean = (text: string) =>
    secrets.some((secret) => secret !== '' && text.includes(secret)) ? '(hidden)' : text;
  const kind = status === 401 || status === 403 || status === 421 ? 'caller' : status < 500 ? 'question' : 'answer';
  const listed: unknown = typeof value === 'object' && value !== null && 'problems' in value ? value.problems : [];
  const problems = (Array.isArray(listed) ? listed : []).map((one: unknown) => ({
    pointer: clean(textAt(one, 'pointer') ?? ''),
    message: clean(textAt(one, 'message') ?? ''),
  }));
  return {
    kind,
    message: `audgate answered ${status} ${name}: ${clean(textAt(value, 'detail') ?? '')}`,
    status,
    ...(problems.length > 0 && { problems }),
  };
}

export function notAudgates(status: number, what: string): ClientProblem {
  return {
    kind: 'answer',
    message: `The answer with status ${status} is ${what}. See what listens at this URL, and refuse the call.`,
    status,
  };
}

function textAt(value: unknown, name: string): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  const found: unknown = Reflect.get(value, name);
  return typeof found === 'string' ? found : undefined;
}
