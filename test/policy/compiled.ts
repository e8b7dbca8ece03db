/** Small Rego texts, compiled when a test needs them. */
import { compile } from '../../src/policy/compile.ts';
import { findOpa, opaCache } from '../../src/policy/find.ts';
import { ISSUE } from '../../src/policy/issue.ts';
import type { Opa } from '../../src/policy/opa.ts';

export async function opaForTests(): Promise<Opa> {
  const { env, platform } = process;
  const found = await findOpa({ env, cache: opaCache(env), platform, note: () => {} });
  if (!found.ok) throw new Error(found.message);
  return found.opa;
}

/**
 * @param entrypoints without `data.`, slashes between
 * @param capabilities OPA's own by default, so that a test can also compile what audgate's would refuse
 */
export async function compiled(
  rego: string,
  entrypoints: readonly string[],
  capabilities?: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const opa = await opaForTests();
  const all = capabilities ?? (await opa.run(['capabilities', '--current'])).stdout;
  const sources = new Map([['policy.rego', rego]]);
  if (entrypoints.includes(ISSUE)) sources.set('issuance.rego', ISSUANCE);
  const built = await compile(opa, { sources, capabilities: all, entrypoints });
  if (!built.ok) throw new Error(built.output);
  return built.wasm;
}

/** What stands in for the core's packages about issuance. */
export const ISSUANCE = `package audgate.issuance

decide := {"allow": false, "denials": [{"code": "policy_error"}], "issue": null}
`;

/** One module with an evaluation for each way to break. */
export const BREAKABLE = `package breakable

default decide := "closed"

decide := "open" if input.allow == true

echo := input

absent := input.nowhere

# Two values at once: OPA's own runtime error.
conflict := 1 if input.conflict

conflict := 2 if input.conflict

# As many numbers as the input says.
count_to := count(numbers.range(1, input.n))
`;
export const ENTRYPOINTS = ['decide', 'echo', 'absent', 'conflict', 'count_to'].map((name) => `breakable/${name}`);
