/** What the case runner needs, from this checkout. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { openToolchain } from '../../src/policy/custom.ts';
import { readFolder } from '../../src/policy/sources.ts';
import { readCore } from '../../src/sources.ts';
import type { RunParts } from '../../src/testing/run.ts';
import { opaForTests } from '../policy/compiled.ts';

export const POLICIES = join(import.meta.dirname, '..', '..', 'policies');

export async function runParts(): Promise<RunParts> {
  const tools = await openToolchain(await opaForTests(), POLICIES);
  const { rego } = await readFolder(join(POLICIES, 'core'));
  return { tools, core: await readCore(), coreSources: rego, newId: randomUUID, fetch: globalThis.fetch };
}
