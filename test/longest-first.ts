/**
 * The order of a run: the longest files first, so that none of them begins when the rest is done and runs alone. A machine that
 * has run the tests knows how long each took; a clean one knows only their sizes, which say little about programs that are started.
 */
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Of those that take longest, in seconds beside others on two cores. One that is not here, or gone, costs order and nothing else. */
const SECONDS: Readonly<Record<string, number>> = {
  'test/docs/commands.test.ts': 65,
  'test/e2e/gateways-down/envoy-http.test.ts': 52,
  'test/recipes/recipes.test.ts': 51,
  'test/e2e/gateways-down/envoy-grpc.test.ts': 50,
  'test/e2e/remote-bundle.test.ts': 32,
  'test/conformance/suite.test.ts': 29,
  'test/examples/documented.test.ts': 29,
  'test/e2e/reloads.test.ts': 28,
  'test/mcp/fetch.test.ts': 27,
  'test/readme.test.ts': 26,
  'test/e2e/gateways-down/caddy.test.ts': 26,
  'test/cli/init.test.ts': 25,
  'test/e2e/replay-store.test.ts': 24,
  'test/e2e/oidc/gateway.test.ts': 24,
  'test/docs/policy.test.ts': 22,
  'test/e2e/custom.test.ts': 20,
  'test/e2e/gateways-down/haproxy.test.ts': 20,
  'test/decide/key-faults.test.ts': 19,
  'test/cli/policy.test.ts': 19,
  'test/sources/used-proofs.test.ts': 18,
  'test/differential/core.test.ts': 17,
};

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const seconds = ({ moduleId, project }: TestSpecification) => SECONDS[relative(project.config.root, moduleId)] ?? 0;
    // Vitest's own order (failed before, known durations, sizes) stays among equals: sorting is stable.
    return (await super.sort(files)).sort((a, b) => seconds(b) - seconds(a));
  }
}
