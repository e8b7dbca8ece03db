/**
 * What a token opens at a server: the stages of a decision, the same code, with all that the registry lists in place of one
 * call. The token is judged apart from any operation first; where it is good only by a waiver, what the waiver names is
 * all that it opens. One record a question.
 */
import type { Allowed, Opened } from '../decision/allowed.ts';
import type { OperationInput, PolicyInput } from '../decision/input.ts';
import { distinct } from '../policy/opening.ts';
import type { Judgement, Policy } from '../policy/policy.ts';
import { type ListedOperation, listedOperations, UNLISTED } from '../registry/listed.ts';
import { ANY_CALL } from '../registry/method.ts';
import { type Ask, type Caller, findServer } from './ask.ts';
import { decide, type Parts } from './decide.ts';
import { inspecting } from './readers.ts';
import type { Snapshot } from './snapshot.ts';

/** All that an ask holds, but for the call. */
export type AllowedAsk = Omit<Ask, 'source' | 'door'>;

/** An operation that needs nothing and that no waiver can name: only the token itself is judged by it. */
const NOTHING: OperationInput = { name: ANY_CALL, scopes: [], implied_by: {}, labels: {} };

/** @param seconds the time to decide for, seconds since the epoch */
export async function decideAllowed(
  ask: AllowedAsk,
  caller: Caller,
  at: Snapshot,
  parts: Parts,
  seconds: number,
): Promise<Allowed> {
  const server = findServer(ask.server, at.registry);
  const listed = server === undefined ? [] : listedOperations(server);
  let open: readonly ListedOperation[] = [];
  const judge = async (input: PolicyInput): Promise<Judgement> => {
    const found = await judgeAll(at.policy, input, listed);
    open = found.open;
    return found.judgement;
  };
  // Without custom rules, which judge one call with its arguments: the answer says that they were not asked.
  const core: Snapshot = { ...at, policy: { ...at.policy, custom: null } };
  const judges = { judge, judgeUnverified: judge };
  const question: Ask = { ...ask, source: { kind: 'any' } };
  const { decision } = await decide(
    question,
    caller,
    core,
    { ...parts, ...inspecting(parts) },
    'audgate/allowed',
    seconds,
    judges,
  );
  const custom = at.policy.custom === null ? 'none' : 'not_judged';
  return { ...decision, ...opened(decision.decision === 'allow' ? open : []), custom };
}

async function judgeAll(
  policy: Policy,
  input: PolicyInput,
  listed: readonly ListedOperation[],
): Promise<{ readonly judgement: Judgement; readonly open: readonly ListedOperation[] }> {
  const alone = { ...input, registered: { ...input.registered, operation: NOTHING } };
  // Labels are for custom rules.
  const operations = listed.map(({ operation }) => ({ ...operation, labels: {} }));
  const { itself, opened } = await policy.open(alone, operations);
  const places = new Set(opened.map(({ at }) => at));
  const open = listed.filter((_, place) => places.has(place));
  if (itself.kind === 'unavailable' || (itself.kind === 'deny' && open.length === 0))
    return { judgement: itself, open };
  const all = itself.kind === 'allow' ? [itself, ...opened] : opened;
  const waivers = distinct(all.flatMap((one) => one.waivers));
  const would_deny = [...new Set(all.flatMap((one) => one.would_deny))];
  return { judgement: { kind: 'allow', required_scopes: [], waivers, would_deny }, open };
}

function opened(open: readonly ListedOperation[]): Omit<Opened, 'custom'> {
  const names = (kind: ListedOperation['kind']) => open.filter((one) => one.kind === kind).map(({ name }) => name);
  const prefixes = names('unlisted').flatMap((name) => (name === UNLISTED ? [] : name.slice(0, -UNLISTED.length)));
  return {
    tools: names('tool'),
    unlisted_tools: names('unlisted').includes(UNLISTED),
    ...(prefixes.length > 0 && { unlisted_prefixes: prefixes }),
    prompts: names('prompt'),
    resources: names('resource'),
    methods: names('method'),
  };
}
