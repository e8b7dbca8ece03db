/**
 * The check before a policy and a registry come into force together: at every server a right token passes the core
 * rules, and tokens wrong in one thing do not. It finds mistakes, not malice: against malice stand the pinned core and
 * the floor. Custom rules are not asked, because they may well refuse a probe.
 *
 * A server is not asked about again while nothing changed that its answers depend on: the released core, its own record, those
 * of the hubs in front of it and of the servers behind it, and its issuer's. Its neighbours' matter to waivers alone, and no waiver names the probe's client.
 */
import { isDeepStrictEqual } from 'node:util';
import type { IssuerRecord, Registry, ServerRecord } from '../registry/registry.ts';
import { isSameIssuer } from '../registry/same-issuer.ts';
import { buildInput } from './input.ts';
import type { Judgement, Policy } from './policy.ts';
import { neighbourOf, type Probe, probesOf } from './probes.ts';

/** Milliseconds of work before others get their turn. A decision takes well under 1 ms, so nobody waits much longer. */
const SLICE_MS = 5;
/** Problems that are told; one mistake in a rule shows at every server. */
const MAX_PROBLEMS = 50;

export type Activation = { readonly ok: true } | { readonly ok: false; readonly problems: readonly string[] };

export interface ActivationParts {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds on a clock that never goes back; measures slices of work only. */
  readonly elapsed?: () => number;
  /** What was found right before and is in force. Absent: nothing, so that every server is asked about. */
  readonly former?: { readonly registry: Registry; readonly policy: Pick<Policy, 'core'> } | undefined;
}

/** Off the request path: yields to the event loop between slices. */
export async function activate(registry: Registry, policy: Policy, parts: ActivationParts): Promise<Activation> {
  const elapsed = parts.elapsed ?? (() => performance.now());
  const now = Math.floor(parts.now() / 1000);
  const problems: string[] = [];
  const wasRight = comparison(registry, policy, parts.former);
  let isFirst = true;
  let since = elapsed();
  for (const server of registry.servers.values()) {
    for (const key of server.issuers) {
      const issuer = registry.issuers.get(key);
      if (issuer === undefined) problems.push(`Server "${server.key}" lists issuer "${key}", which is not registered.`);
      // One is always asked about: the modules may have been opened anew.
      else if (isFirst || !wasRight(server, issuer))
        problems.push(...checkServer(server, issuer, registry, policy, now));
      isFirst = false;
      if (problems.length >= MAX_PROBLEMS) return { ok: false, problems: problems.slice(0, MAX_PROBLEMS) };
      if (elapsed() - since < SLICE_MS) continue;
      await new Promise((resume) => setImmediate(resume));
      since = elapsed();
    }
  }
  return problems.length === 0 ? { ok: true } : { ok: false, problems };
}

/** Tells whether the answers for this server were found right before, and must be the same now. */
export function comparison(registry: Registry, { core }: Policy, former: ActivationParts['former']) {
  // What a modified core looks at, nobody here knows.
  if (former === undefined || core.modified || former.policy.core.digest !== core.digest) return () => false;
  const { servers, issuers } = former.registry;
  return (server: ServerRecord, issuer: IssuerRecord): boolean => {
    const [was, by] = [servers.get(server.key), issuers.get(issuer.key)];
    if (was === undefined || by === undefined) return false;
    const isSame = (one: ServerRecord | undefined, other: ServerRecord | undefined) =>
      one !== undefined &&
      other !== undefined &&
      isDeepStrictEqual(withoutSource(one.effective), withoutSource(other.effective));
    const behind = server.backends.every(({ key }) => isSame(servers.get(key), registry.servers.get(key)));
    const inFront = isDeepStrictEqual(was.hubsFor(issuer.key), server.hubsFor(issuer.key));
    return isSame(was, server) && behind && inFront && isSameIssuer(by, issuer);
  };
}

const withoutSource = <T extends object>(record: T): T => ({ ...record, source: null });

function checkServer(
  server: ServerRecord,
  issuer: IssuerRecord,
  registry: Registry,
  policy: Policy,
  now: number,
): readonly string[] {
  const { right, wrong } = probesOf(server, issuer, neighbourOf(server, registry), now);
  const context = { caller: 'audgate' };
  const judge = ({ call, token, proof, issuer: by }: Probe) =>
    policy.judge(buildInput({ call, token, proof, server, issuer: by, registry, now, context }), null);
  const told = (probe: Probe, expected: string, judgement: Judgement) =>
    `Server "${server.key}", issuer "${issuer.key}": a token with ${probe.name} must ${expected}; the policy says ${say(judgement)}.`;

  const problems: string[] = [];
  const allowed = judge(right);
  if (allowed.kind !== 'allow') problems.push(told(right, 'pass', allowed));
  for (const probe of wrong) {
    const judgement = judge(probe);
    if (!isRefusedByRule(judgement, probe)) problems.push(told(probe, 'be denied by a rule', judgement));
  }
  return problems;
}

/** What breaks is denied as policy_error, also what only the floor held back: that is no rule's refusal. */
function isRefusedByRule(judgement: Judgement, { denied_as }: Probe): boolean {
  if (judgement.kind !== 'deny') return false;
  const codes = judgement.denials.map(({ code }) => code);
  return !codes.includes('policy_error') && (denied_as === undefined || codes.includes(denied_as));
}

function say(judgement: Judgement): string {
  if (judgement.kind === 'allow') return 'allow';
  if (judgement.kind === 'unavailable') return 'nothing (no instance is to be had)';
  return `deny (${judgement.denials.map(({ code }) => code).join(', ')})`;
}
