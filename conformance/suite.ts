/** Runs cases through one gateway, one after the other, and judges them once everything has arrived that will. */
import { type CallFrom, type Case, each, type GatewayName } from './cases/case.ts';
import { type JudgedArrival, judge, type Result, type Sent } from './judge/judge.ts';
import { exchange, type Step } from './wire/exchange.ts';
import { write } from './wire/write.ts';
import { askDirectly } from './world/audgate.ts';
import type { Issuer } from './world/issuer.ts';
import type { HostPort } from './world/listen.ts';
import { placesAt } from './world/registry.ts';
import type { Arrival, Upstream } from './world/upstream.ts';

export interface Stage {
  /** Null: not one of the project's own. */
  readonly gateway: GatewayName | null;
  /** The gateway's URL, without a path. */
  readonly url: string;
  readonly callFrom: CallFrom;
  readonly issuer: Issuer;
  readonly upstreams: readonly Upstream[];
  readonly audgate: { readonly at: HostPort; readonly key: string };
}

/** Milliseconds for one case. A gateway that waits longer for what never comes is told as silent. */
const DEADLINE_MS = 8_000;
/** Milliseconds after the last answer until nothing arrives any more: retries and hidden requests come late. */
const SETTLE_MS = 300;

/** @param progress called before each case */
export async function runSuite(
  stage: Stage,
  cases: readonly Case[],
  progress: (name: string, at: number) => void = () => {},
): Promise<readonly Result[]> {
  const { url, audgate } = stage;
  const { hostname, port, protocol, host } = new URL(url);
  const tls = protocol === 'https:';
  const address = { host: hostname, port: Number(port === '' ? (tls ? 443 : 80) : port), tls };
  const tokens = await stage.issuer.tokens(placesAt(url));
  const names = new Map([...tokens, ['host', host], ['origin', url], ['key', audgate.key]]);

  const runs: { readonly case: Case; readonly sent: readonly Sent[] }[] = [];
  for (const [at, one] of cases.entries()) {
    progress(one.name, at);
    const requests = each(one.send).map((request, nth) => {
      const id = `case-${at + 1}-${nth + 1}`;
      return { request, id, written: write(request, names, id) };
    });
    const steps: Step[] = requests.map(({ request, written }) => ({ written, pipelined: request.pipelined === true }));
    const outcomes = await exchange(address, steps, DEADLINE_MS);
    const sent = requests.map(({ request, id, written }, nth): Sent => {
      return { request, id, message: written.message, outcome: outcomes[nth] ?? { kind: 'silent' } };
    });
    runs.push({ case: one, sent });
  }
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));

  const arrivals = await Promise.all(
    stage.upstreams.flatMap((upstream) => upstream.arrivals()).map((arrival) => asked(arrival, audgate)),
  );
  const bench = { gateway: stage.gateway, callFrom: stage.callFrom, origin: url, key: audgate.key };
  const results = runs.map((run, at) => {
    const mine = arrivals.filter(({ id }) => id === `case-${at + 1}` || id?.startsWith(`case-${at + 1}-`) === true);
    return judge({ ...run, arrivals: mine }, bench);
  });
  const strays = arrivals.filter(({ id }) => id === null);
  return strays.length === 0 ? results : [...results, strayed(strays)];
}

async function asked(arrival: Arrival, { at, key }: Stage['audgate']): Promise<JudgedArrival> {
  const told = /^(authorization|content-type|content-encoding|mcp-.*)$/i;
  // What the server could not read is not what audgate was asked about.
  if (arrival.method === '') return { ...arrival, audgate: 400 };
  const headers = arrival.headers.filter(([name]) => told.test(name));
  return { ...arrival, audgate: await askDirectly(at, key, { ...arrival, headers }) };
}

/** What arrived and belongs to no case. */
function strayed(strays: readonly Arrival[]): Result {
  return {
    name: 'nothing else arrives',
    ok: false,
    departure: null,
    observed: `${strays.length} arrived`,
    outcome: `${strays.length} arrived`,
    breach: true,
    problems: strays.map(
      ({ method, target, server }) => `${method} ${target} arrived at ${server}, and no case sent it`,
    ),
  };
}
