/** Two of the recipes, as the rules of one bundle. */
import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const RECIPES = fileURLToPath(new URL('../../policies/recipes', import.meta.url));

/** Sorted, as bundles and checks name them. */
export const TWO_RULES = ['argument_limit', 'office_hours'] as const;

/** Copies them and their Rego tests, without cases. @returns the folder, a new one in `place` */
export async function twoRules(place: string = tmpdir()): Promise<string> {
  const folder = await mkdtemp(join(place, 'audgate-two-rules-'));
  const filter = (source: string) => !source.endsWith('cases');
  for (const name of TWO_RULES) await cp(join(RECIPES, name), join(folder, name), { recursive: true, filter });
  return folder;
}
