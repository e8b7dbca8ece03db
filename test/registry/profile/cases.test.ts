/** Tokens of each make of issuer as it really issues them, and what of it must not pass: `test/cases/profiles/`. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROFILE_NAMES } from '../../../src/registry/profile/profile.ts';
import { runCaseFile } from '../../../src/testing/run.ts';
import { runParts } from '../../testing/parts.ts';

const CASES = join(import.meta.dirname, '../../cases/profiles');
const files = readdirSync(CASES);
const parts = await runParts();

describe.each(files)('%s', async (file) => {
  const result = await runCaseFile(join(CASES, file), parts);
  if (!result.ok) {
    it('can be used', () => expect(result.problems).toEqual([]));
    return;
  }
  for (const { name, line, reached, differences } of result.cases) {
    it(`${name} (line ${line}, ${reached})`, () => expect(differences).toEqual([]));
  }
});

it('each profile has cases; those of rfc9068 are all others', () => {
  const named = PROFILE_NAMES.filter((name) => name !== 'rfc9068').map((name) => `${name}.yaml`);
  expect(files.toSorted()).toEqual(named.toSorted());
});
