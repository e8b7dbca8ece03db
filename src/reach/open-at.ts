/**
 * What a token opens at one server: the stages of a decision, the same code, with all that the registry lists in place of one
 * call, as `/v1/allowed` has it; and once more as if its holder showed the proof, or the user the authentication, that is
 * asked for.
 */
import type { Ask, Caller } from '../decide/ask.ts';
import { type Evaluation, evaluate } from '../decide/evaluate.ts';
import { inspecting, type Readers } from '../decide/readers.ts';
import type { Snapshot } from '../decide/snapshot.ts';
import type { WaiverUse } from '../decision/decision.ts';
import type { CallFacts } from '../decision/facts.ts';
import type { OperationInput, PolicyInput } from '../decision/input.ts';
import type { Need, ReachedOperation } from '../decision/reach.ts';
import type { FixedCode } from '../decision/reasons.ts';
import { withCall } from '../policy/input.ts';
import type { Judgement, Policy } from '../policy/policy.ts';
import { callsOf } from '../registry/lint/waiver.ts';
import { type ListedOperation, listedOperations } from '../registry/listed.ts';
import { ANY_CALL } from '../registry/method.ts';
import type { ServerRecord } from '../registry/registry.ts';
import { instant } from './instant.ts';
import { assumeProof, bindingsOf } from './proof.ts';

export interface OpenedAt {
  readonly evaluation: Evaluation;
  /** In the registry's order; empty unless something is open, or would be with what it needs. */
  readonly operations: readonly ReachedOperation[];
}

/** An operation that needs nothing and that no waiver can name: only the token itself is judged by it. */
const NOTHING: OperationInput = { name: ANY_CALL, scopes: [], implied_by: {}, labels: {} };

/** @param seconds the time that is asked about, seconds since the epoch */
export async function openAt(
  server: ServerRecord,
  token: string,
  caller: Caller,
  at: Snapshot,
  readers: Readers,
  seconds: number,
): Promise<OpenedAt> {
  let operations: readonly ReachedOperation[] = [];
  const judge = async (input: PolicyInput): Promise<Judgement> => {
    const found = await judgeAll(at.policy, input, server);
    operations = found.operations;
    return found.judgement;
  };
  // Without custom rules, which judge one call with its arguments: the answer says that they were not asked.
  const core: Snapshot = { ...at, policy: { ...at.policy, custom: null } };
  const ask: Ask = { server: { key: server.key }, token, source: { kind: 'any' } };
  const judges = { judge, judgeUnverified: judge };
  const evaluation = await evaluate(ask, caller, seconds, core, inspecting(readers), judges);
  // No proof and no user mends what was withdrawn, and of what nobody knows nothing is told.
  const lost =
    evaluation.outcome === 'indeterminate' || evaluation.reasons.some(({ code }) => code === 'token_revoked');
  return { evaluation, operations: lost ? [] : operations };
}

interface Judged {
  readonly judgement: Judgement;
  readonly operations: readonly ReachedOperation[];
}

async function judgeAll(policy: Policy, input: PolicyInput, server: ServerRecord): Promise<Judged> {
  const alone: PolicyInput = { ...input, registered: { ...input.registered, operation: NOTHING } };
  const bindings = bindingsOf(input.token.confirmation);
  const held = bindings.length === 0 ? alone : assumeProof(alone);
  // What no holder and no waiver can open: an operation only ever asks for more.
  const itself = policy.judge(held, null);
  if (itself.kind !== 'allow' && input.registered.waivers.length === 0)
    return { judgement: policy.judge(alone, null), operations: [] };

  // Labels are for custom rules.
  const listed = listedOperations(server).map((one) => ({ ...one, operation: { ...one.operation, labels: {} } }));
  const all = listed.map(({ operation }) => operation);
  const now = await policy.open(alone, all);
  if (now.itself.kind === 'unavailable') return { judgement: now.itself, operations: [] };
  const shown = held === alone ? now : await policy.open(held, all);
  const asking = all.some(({ authentication }) => authentication !== undefined);
  const anew = asking ? await policy.open(held, all.map(withoutAuthentication)) : shown;
  const openings = [now, shown, anew].map(({ opened }) => new Map(opened.map((one) => [one.at, one])));
  const end = input.token.expires_at ?? 0;

  const operations = listed.flatMap((one, place): readonly ReachedOperation[] => {
    const found = openings.map((opened) => opened.get(place));
    const by = found.findIndex((opening) => opening !== undefined);
    const opening = found[by];
    if (opening === undefined) return [];
    const { kind, name, operation } = one;
    if (by === 2 && operation.authentication?.acr_values?.length === 0) return [];
    const needs: readonly Need[] = by === 0 ? [] : [...bindings, ...(by === 2 ? (['step_up'] as const) : [])];
    return [reached({ kind, name, needs, opening, end, operation })];
  });
  const named = namedByWaivers(server, input, listed).flatMap(({ name, call }): readonly ReachedOperation[] => {
    const asked = withCall(input, call, server);
    const first = policy.judge(asked, null);
    const opening = first.kind === 'allow' || held === alone ? first : policy.judge(assumeProof(asked), null);
    if (opening.kind !== 'allow') return [];
    return [reached({ kind: 'named', name, needs: first.kind === 'allow' ? [] : bindings, opening, end })];
  });
  const found = [...operations, ...named];
  // Then facts are still to say whether it was withdrawn, whatever its holder must show.
  return { judgement: found.length > 0 ? ALLOW : now.itself, operations: found };
}

const ALLOW: Judgement = { kind: 'allow', required_scopes: [], waivers: [], would_deny: [] };

const withoutAuthentication = ({ authentication: _, ...operation }: OperationInput): OperationInput => operation;

/** Operations that a waiver for this issuer and client names, and that no list of the server holds: completions, single URIs. */
function namedByWaivers(
  server: ServerRecord,
  { registered }: PolicyInput,
  listed: readonly ListedOperation[],
): readonly { readonly name: string; readonly call: CallFacts }[] {
  const known = new Set(listed.map(({ operation }) => operation.name));
  const names = new Set(registered.waivers.flatMap(({ operations }) => operations));
  return [...names].flatMap((name) => {
    if (known.has(name)) return [];
    const calls = callsOf(name);
    // Of several readings of a name that which is open; where none is, the first stands for what a waiver observes.
    const call = calls.find((one) => server.operation(one) !== undefined) ?? calls[0];
    return call === undefined ? [] : [{ name, call }];
  });
}

interface Found extends Pick<ReachedOperation, 'kind' | 'name' | 'needs'> {
  readonly opening: { readonly waivers: readonly WaiverUse[]; readonly would_deny: readonly FixedCode[] };
  /** Of the token, seconds since the epoch. */
  readonly end: number;
  readonly operation?: OperationInput;
}

function reached({ kind, name, needs, opening, end, operation }: Found): ReachedOperation {
  const { waivers, would_deny } = opening;
  const ends = waivers.map(({ until }) => Math.floor(Date.parse(until) / 1000));
  const { acr_values, max_age_seconds } = operation?.authentication ?? {};
  return {
    kind,
    name,
    needs,
    valid_until: instant(Math.min(end, ...ends)),
    waivers: waivers.toSorted((a, b) => `${a.what} ${a.until}`.localeCompare(`${b.what} ${b.until}`)),
    would_deny: [...would_deny],
    ...(needs.includes('step_up') && {
      authentication: {
        ...(acr_values && { acr_values: [...acr_values] }),
        ...(max_age_seconds !== undefined && { max_age_seconds }),
      },
    }),
  };
}
