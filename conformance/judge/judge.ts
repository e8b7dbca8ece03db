/** What came of one case, held against what may come of it. */
import type { CallFrom, Case, Expectation, GatewayName, Request } from '../cases/case.ts';
import { TOKENS, type TokenName, type TokenRecipe } from '../cases/tokens.ts';
import type { Outcome } from '../wire/exchange.ts';
import { ISS } from '../world/issuer.ts';
import type { Arrival } from '../world/upstream.ts';
import { challengeProblems } from './challenge.ts';
import { type Allowed, allowed } from './departures.ts';
import { folded, identityProblems } from './identity.ts';

/** One request of a case as it went. */
export interface Sent {
  readonly request: Request;
  readonly id: string;
  /** The bytes that must arrive. */
  readonly message: Buffer;
  readonly outcome: Outcome;
}

export interface Run {
  readonly case: Case;
  readonly sent: readonly Sent[];
  /** Whatever arrived upstream and names this case. */
  readonly arrivals: readonly JudgedArrival[];
}

export interface JudgedArrival extends Arrival {
  /** Status of audgate's own answer about this very request. 200: it may arrive. */
  readonly audgate: number;
}

export interface Result {
  readonly name: string;
  readonly ok: boolean;
  /** Why it is otherwise than the case expects, and still right for this gateway. */
  readonly departure: string | null;
  /** Statuses as they came: `401`, `200, 401`, `closed`. */
  readonly observed: string;
  /** The same where any refusal will do as `refused`: whether a client still reads the status before the end is chance. */
  readonly outcome: string;
  /** Something reached a server that audgate does not let it reach: worse than any wrong answer. */
  readonly breach: boolean;
  readonly problems: readonly string[];
}

export interface Bench {
  readonly gateway: GatewayName | null;
  readonly callFrom: CallFrom;
  readonly origin: string;
  /** The gateway's own key, which nobody else may learn. */
  readonly key: string;
}

export function judge(run: Run, bench: Bench): Result {
  const breaches = breachesOf(run, bench);
  const options = allowed(run.case, bench.callFrom, bench.gateway).map((option) => ({
    expects: option.map(({ expect }) => expect),
    because: option.find(({ because }) => because !== null)?.because ?? null,
    problems: option.flatMap((one, at) => departsFrom(one, run, at, bench)),
  }));
  // The first that fits; else what is wrong is told by the first, which is the case's own.
  const fits = options.find(({ problems }) => problems.length === 0);
  const chosen = fits ?? options[0];
  const problems = [...new Set([...breaches, ...(chosen?.problems ?? [])])];
  return {
    name: run.case.name,
    ok: problems.length === 0,
    departure: problems.length === 0 ? (fits?.because ?? null) : null,
    observed: run.sent.map(({ outcome }) => observed(outcome)).join(', '),
    outcome: run.sent.map(({ outcome }, at) => summed(outcome, chosen?.expects[at])).join(', '),
    breach: breaches.length > 0,
    problems,
  };
}

/** The rule above all: nothing arrives that audgate, asked about that very request, does not allow; no key leaves. */
function breachesOf({ sent, arrivals }: Run, { key }: Bench): readonly string[] {
  const ids = new Set(sent.map(({ id }) => id));
  const seen = new Map<string, number>();
  const problems: string[] = [];
  for (const arrival of arrivals) {
    const { id, server, audgate, method, target } = arrival;
    const what = `${method} ${target} at ${server}`;
    if (audgate !== 200) problems.push(`${what} arrived, which audgate does not allow (${audgate})`);
    if (id === null || !ids.has(id)) problems.push(`${what} arrived, which no client sent as a request of its own`);
    else seen.set(id, (seen.get(id) ?? 0) + 1);
    if (!arrival.whole) problems.push(`${what} arrived without its end`);
    if (JSON.stringify([arrival.headers, arrival.trailers]).includes(key))
      problems.push(`the gateway's key arrived at ${server}`);
  }
  for (const [id, times] of seen) if (times > 1) problems.push(`${id} arrived ${times} times`);
  for (const { outcome } of sent)
    if (outcome.kind === 'answered' && JSON.stringify([outcome.headers, outcome.body]).includes(key))
      problems.push("the client was told the gateway's key");
  return problems;
}

function departsFrom({ expect }: Allowed, run: Run, at: number, bench: Bench): readonly string[] {
  const sent = run.sent[at];
  if (sent === undefined) return ['it was not sent'];
  const arrivals = run.arrivals.filter(({ id }) => id === sent.id);
  if (expect.or_refused === true && arrivals.length === 0 && isRefusal(sent.outcome)) return [];
  return [...answerProblems(expect, sent, bench), ...arrivalProblems(expect, sent, arrivals, run.case)];
}

function answerProblems(expect: Expectation, { request, outcome }: Sent, { origin }: Bench): readonly string[] {
  if (expect.status === 'refused') return isRefusal(outcome) ? [] : [`expected a refusal, found ${observed(outcome)}`];
  if (outcome.kind !== 'answered' || outcome.status !== expect.status)
    return [
      `expected ${expect.status}, found ${observed(outcome)}${outcome.kind === 'unreadable' ? `: ${outcome.why}` : ''}`,
    ];
  const server = request.target?.startsWith('/billing') === true ? 'billing' : 'files';
  const needs = expect.scope ?? `${server}:read`;
  const holds = expect.holds?.replaceAll('{origin}', origin);
  return [
    ...challengeProblems(expect.challenge, outcome, { origin, server, needs }),
    ...(holds === undefined || outcome.body.includes(holds) ? [] : [`expected a body that holds ${holds}`]),
  ];
}

function arrivalProblems(
  expect: Expectation,
  sent: Sent,
  arrivals: readonly JudgedArrival[],
  one: Case,
): readonly string[] {
  const [wanted = 'none', refuses] = expect.upstream.split(' ');
  const [arrival] = arrivals;
  if (wanted === 'none') return arrival === undefined ? [] : [`expected at no server, arrived at ${arrival.server}`];
  if (arrival === undefined) return [`expected at ${wanted}, arrived nowhere`];
  if (arrival.server !== wanted) return [`expected at ${wanted}, arrived at ${arrival.server}`];
  const { token = 'right' } = sent.request;
  const recipe: TokenRecipe = TOKENS[(token ?? 'right') as TokenName];
  const identity = {
    issuer: ISS,
    subject: one.subject ?? 'user-1',
    client_id: 'client-1',
    scopes: String(recipe.claims?.scope ?? 'files:read'),
    actor: '',
    server: wanted,
  };
  return [
    ...(arrival.refused === (refuses !== undefined)
      ? []
      : [`the server itself ${arrival.refused ? 'refused' : 'accepted'} it`]),
    ...(arrival.body.equals(sent.message)
      ? []
      : [`expected the body's ${sent.message.length} bytes as they were sent, found ${arrival.body.length} others`]),
    ...arrival.headers.flatMap(([name]) =>
      folded(name) === 'content-encoding' && name.toLowerCase() !== 'content-encoding'
        ? [`${name} arrived, which some servers read as Content-Encoding, and audgate did not`]
        : [],
    ),
    ...identityProblems(arrival, identity, expect),
  ];
}

function isRefusal(outcome: Outcome): boolean {
  if (outcome.kind === 'closed') return true;
  if (outcome.kind !== 'answered') return false;
  const { status } = outcome;
  return (status >= 400 && status < 500) || status === 501 || status === 505;
}

function summed(outcome: Outcome, expect: Expectation | undefined): string {
  const exact = outcome.kind === 'answered' && outcome.status === expect?.status;
  const any = expect?.status === 'refused' || expect?.or_refused === true;
  return any && !exact && isRefusal(outcome) ? 'refused' : observed(outcome);
}

const observed = (outcome: Outcome) => (outcome.kind === 'answered' ? String(outcome.status) : outcome.kind);
