/** `GET /v1/status` (contract 3): what is in force, and what troubles it. */
import type { Caller } from '../../decide/ask.ts';
import type { BundleStatus, Decider, ReloadProblem, ReloadReport } from '../../decide/decider.ts';
import { answerJson, type CallerRoute, type Parts } from '../route.ts';

/** Problems of a reload that are shown; the answer must not grow with a registry that is wrong all over. */
const MAX_PROBLEMS = 50;

export function createStatus({ decider, version, startedAt, now }: Parts): CallerRoute {
  return (_, caller) => {
    const { registry, policy, revision, loaded_at } = decider.current();
    const { core, custom } = policy;
    const seconds = now() / 1000;
    let active = 0;
    let expired = 0;
    for (const { waivers } of registry.servers.values()) {
      for (const { until_seconds } of waivers) seconds < until_seconds ? active++ : expired++;
    }
    return answerJson({
      version,
      started_at: time(startedAt),
      revision,
      registry: {
        digest: registry.digest,
        servers: registry.servers.size,
        issuers: registry.issuers.size,
        loaded_at: time(loaded_at),
      },
      policy: {
        core: { digest: core.digest, modified: core.modified },
        custom: custom === null ? null : { digest: custom.digest, rules: custom.rules },
      },
      bundle: bundleFor(caller, decider.bundleStatus()),
      shadow: shadowOf(decider.shadowStatus()),
      last_reload: reportFor(caller, decider.lastReload()),
      issuers: decider.issuerStatus(),
      waivers: { active, expired },
      revocation: decider.revocationStatus(),
      proofs: decider.proofsStatus(),
    });
  };
}

/** Its revision is the digest of its module. */
const shadowOf = (shadow: ReturnType<Decider['shadowStatus']>) =>
  shadow && { revision: shadow.digest, rules: shadow.rules };

/** As with reloads: problems may name any server. */
function bundleFor(caller: Caller, status: BundleStatus | null): BundleStatus | null {
  if (status === null || status.last_error === null) return status;
  const { at, problems } = status.last_error;
  if (caller.servers === '*') return { ...status, last_error: { at, problems: problems.slice(0, MAX_PROBLEMS) } };
  const message = `${counted(problems.length, '')}; a caller with servers '*' sees them`;
  return { ...status, last_error: { at, problems: [message] } };
}

interface ShownReport extends Omit<ReloadReport, 'problems'> {
  readonly problems: readonly Pick<ReloadProblem, 'severity' | 'message'>[];
}

/** Problems name files, keys and values of any server: who may not ask about all of them learns their number. */
function reportFor(caller: Caller, report: ReloadReport | null): ShownReport | null {
  if (report === null || report.problems.length === 0) return report;
  const { problems } = report;
  if (caller.servers !== '*') {
    const message = `${counted(problems.length, '')}; a caller with servers '*' sees them`;
    return { ...report, problems: [told(problems, message)] };
  }
  if (problems.length <= MAX_PROBLEMS) return report;
  const rest = problems.slice(MAX_PROBLEMS);
  const more = told(rest, `${counted(rest.length, 'more ')}; audgate registry check shows all of a registry`);
  return { ...report, problems: [...problems.slice(0, MAX_PROBLEMS), more] };
}

const counted = (count: number, kind: string) => `${count} ${kind}problem${count === 1 ? '' : 's'}`;

/** One entry for many problems, as severe as the worst of them. */
function told(problems: readonly ReloadProblem[], message: string): ShownReport['problems'][number] {
  const severity = problems.some((problem) => problem.severity === 'error') ? 'error' : 'warning';
  return { severity, message };
}

/** RFC 3339, to the millisecond. */
const time = (milliseconds: number) => new Date(milliseconds).toISOString();
