/**
 * `audgate/client`: asks audgate over HTTP or a Unix socket. Whatever goes wrong is a value that is no allow; a question is
 * asked once and never again, because a repeated one would replay a proof.
 */
import type { Allowed } from '../decision/allowed.ts';
import type { Decision } from '../decision/decision.ts';
import type { Explanation } from '../decision/explanation.ts';
import type { IssuanceDecision, IssuanceQuestion } from '../decision/issuance.ts';
import type { AllowedQuestion, DecideQuestion, ExplainQuestion } from '../decision/question.ts';
import { type ClientProblem, notAudgates, problemOf } from './problem.ts';
import { isAllowed, isDecision, isExplanation } from './read.ts';
import { answers, isIssuance } from './read-issuance.ts';
import { type Fetch, post, type TransportParts } from './transport.ts';

export type { Allowed, Opened } from '../decision/allowed.ts';
export type { Challenge } from '../decision/challenge.ts';
export type { Allow, Decision, Deny, Indeterminate, Principal } from '../decision/decision.ts';
export type { ExplainedCheck, Explanation } from '../decision/explanation.ts';
export type { Bound, Grant, IssuanceDecision, IssuanceQuestion, Issue } from '../decision/issuance.ts';
export type { AllowedQuestion, DecideQuestion, ExplainQuestion, QuestionedCall } from '../decision/question.ts';
export type { Reason } from '../decision/reason.ts';
export type { ClientProblem } from './problem.ts';
export type { Fetch } from './transport.ts';

export interface ClientParts {
  /** `http(s)://HOST[:PORT][/PATH]`, or `unix:/PATH` of a socket. */
  readonly url: string;
  /** Of this caller, for `X-Audgate-Key`. None where no callers are configured. */
  readonly key?: string;
  /** Milliseconds until the whole answer must be there, 1 to 60,000. */
  readonly timeout_ms: number;
  /** In place of the global one. */
  readonly fetch?: Fetch;
}

/** No decision was to be had. Refuse the call. */
export interface Undecided {
  readonly decision: 'indeterminate';
  readonly reasons: readonly [];
  readonly problem: ClientProblem;
}

/** Opens nothing. */
export type Unlisted = Undecided & Pick<Allowed, 'tools' | 'unlisted_tools' | 'prompts' | 'resources' | 'methods'>;

/** Nothing here throws or rejects, whatever the network and whoever answers do. */
export interface Client {
  /** Let a call through only if `decision` is `'allow'`; never keep an allow for another call. */
  decide(question: DecideQuestion): Promise<Decision | Undecided>;
  /** What a token opens, to filter lists by. */
  allowed(question: AllowedQuestion): Promise<Allowed | Unlisted>;
  explain(question: ExplainQuestion): Promise<Explanation | { readonly problem: ClientProblem }>;
  /** For an authorization server: issue only if `decision` is `'allow'`, and then no more than `issue` states. */
  issuance(question: IssuanceQuestion): Promise<IssuanceDecision | Undecided>;
}

/** Milliseconds; nobody waits longer for a decision. */
const MAX_TIMEOUT = 60_000;
/** In the place of a host, which a socket has none of; audgate serves loopback names without callers. */
const SOCKET_ORIGIN = 'http://localhost';

/** @throws TypeError when a part is ill-formed: a mistake of the program that calls */
export function createClient({ url, key, timeout_ms, fetch }: ClientParts): Client {
  const { base, transport } = place(url, fetch);
  if (!Number.isInteger(timeout_ms) || timeout_ms < 1 || timeout_ms > MAX_TIMEOUT)
    throw new TypeError(`timeout_ms must be an integer from 1 to ${MAX_TIMEOUT}`);
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key))
    throw new TypeError('key must be visible ASCII, as it stands in a header');
  const headers = { 'content-type': 'application/json', ...(key !== undefined && { 'x-audgate-key': key }) };
  const parts: TransportParts = { fetch: transport, headers, timeout_ms };

  async function ask<T>(
    path: string,
    question: AllowedQuestion | IssuanceQuestion,
    is: (value: unknown) => value is T,
    /** Statuses under which the answer is one. */
    fits: (value: T, status: number) => boolean,
  ): Promise<{ readonly value: T } | { readonly problem: ClientProblem }> {
    const body = write(question);
    if (body === null) return { problem: UNWRITABLE };
    const answered = await post(`${base}${path}`, body, parts);
    if (!answered.ok) return { problem: answered.problem };
    const { status, value } = answered;
    if (is(value) && fits(value, status)) return { value };
    if (status === 200) return { problem: notAudgates(status, 'no decision in the agreed form') };
    return { problem: problemOf(status, value, ['token' in question ? (question.token ?? '') : '', key ?? '']) };
  }

  return {
    async decide(question) {
      const found = await ask('/v1/decide', question, isDecision, fitsStatus);
      return 'value' in found ? found.value : undecided(found.problem);
    },
    async allowed(question) {
      const found = await ask('/v1/allowed', question, isAllowed, fitsStatus);
      return 'value' in found ? found.value : { ...undecided(found.problem), ...NOTHING };
    },
    async explain(question) {
      const found = await ask('/v1/explain', question, isExplanation, (_, status) => status === 200);
      return 'value' in found ? found.value : found;
    },
    async issuance(question) {
      const fits = (value: IssuanceDecision, status: number) => fitsStatus(value, status) && answers(value, question);
      const found = await ask('/v1/issuance/decide', question, isIssuance, fits);
      return 'value' in found ? found.value : undecided(found.problem);
    },
  };
}

const NOTHING = { tools: [], unlisted_tools: false, prompts: [], resources: [], methods: [] } as const;

const undecided = (problem: ClientProblem): Undecided => ({ decision: 'indeterminate', reasons: [], problem });

/** 200 for allow and deny, 503 for indeterminate (contract 2): an allow under any other status is not audgate's. */
const fitsStatus = ({ decision }: Pick<Decision | IssuanceDecision, 'decision'>, status: number) =>
  status === (decision === 'indeterminate' ? 503 : 200);

const UNWRITABLE: ClientProblem = {
  kind: 'question',
  message: 'The question cannot be written as JSON: it holds a number that is none, or itself. Refuse the call.',
};

/** @returns null for what JSON would carry as something else: an infinite number as null, which is less than any limit */
function write(question: AllowedQuestion | IssuanceQuestion): string | null {
  try {
    return JSON.stringify(question, (_, value: unknown) => {
      if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('not finite');
      return value;
    });
  } catch {
    return null;
  }
}

function place(url: string, given: Fetch | undefined): { readonly base: string; readonly transport: Fetch } {
  if (url.startsWith('unix:/')) {
    const path = url.slice('unix:'.length);
    const overUnix: Fetch = async (...request) => (await import('./unix.ts')).fetchOverUnix(path)(...request);
    return { base: SOCKET_ORIGIN, transport: given ?? overUnix };
  }
  const parsed = URL.parse(url);
  const isPlain = parsed !== null && parsed.username === '' && parsed.password === '' && !/[?#]/.test(url);
  if (!isPlain || !/^https?:$/.test(parsed.protocol))
    throw new TypeError('url must be http(s)://HOST[:PORT][/PATH] without user, query and fragment, or unix:/PATH');
  return { base: parsed.href.replace(/\/$/, ''), transport: given ?? ((...request) => globalThis.fetch(...request)) };
}
