/**
 * The order of a run: the longest files first, so that none of them begins when the rest is done and runs alone. A machine that
 * has run the tests knows how long each took; a clean one knows only their sizes, which say little about programs that are started.
 */
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Of those that take longest, in seconds beside others on two cores. One that is not here, or gone, costs order and nothing else. */
const SECONDS: Readonly<Record<string, number>> = {
  'test/recipes/recipes.test.ts': 84,
  'test/e2e/gateways-down/envoy-http.test.ts': 72,
  'test/e2e/gateways-down/envoy-grpc.test.ts': 56,
  'test/docs/commands.test.ts': 45,
  'test/e2e/reloads.test.ts': 39,
  'test/docs/policy.test.ts': 35,
  'test/e2e/remote-bundle.test.ts': 33,
  'test/conformance/suite.test.ts': 31,
  'test/cli/policy-bundle.test.ts': 31,
  'test/cli/init.test.ts': 31,
  'test/readme.test.ts': 30,
  'test/e2e/image.test.ts': 30,
  'test/examples/documented.test.ts': 29,
  'test/mcp/fetch.test.ts': 28,
  'test/e2e/gateways-down/caddy.test.ts': 27,
  'test/differential/core.test.ts': 26,
  'test/e2e/replay-store.test.ts': 25,
  'test/e2e/gateways-down/haproxy.test.ts': 25,
  'test/e2e/oidc/gateway.test.ts': 23,
  'test/cli/policy.test.ts': 21,
  'test/decide/key-faults.test.ts': 20,
};

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const seconds = ({ moduleId, project }: TestSpecification) => SECONDS[relative(project.config.root, moduleId)] ?? 0;
    // Vitest's own order (failed before, known durations, sizes) stays among equals: sorting is stable.
    return (await super.sort(files)).sort((a, b) => seconds(b) - seconds(a));
  }
}
