/** `GET /v1/status` (contract 3): what is in force, and what troubles it. */
import { answerJson, type CallerRoute, type Parts } from '../route.ts';

export function createStatus({ decider, version, startedAt, now }: Parts): CallerRoute {
  return () => {
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
      last_reload: decider.lastReload(),
      issuers: decider.issuerStatus(),
      waivers: { active, expired },
    });
  };
}

/** RFC 3339, to the millisecond. */
const time = (milliseconds: number) => new Date(milliseconds).toISOString();
