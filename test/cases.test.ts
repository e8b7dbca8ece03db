/** Every decision case of `test/cases/`, through `opa eval`, WebAssembly and HTTP, or through decide and HTTP. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { count, type FileResult, runCaseFile } from '../src/testing/run.ts';
import { runParts } from './testing/parts.ts';

const CASES = join(import.meta.dirname, 'cases');
const files = readdirSync(CASES).filter((name) => name.endsWith('.yaml'));
const parts = await runParts();
const results: FileResult[] = [];

describe.each(files)('%s', async (file) => {
  const result = await runCaseFile(join(CASES, file), parts);
  results.push(result);
  if (!result.ok) {
    it('can be used', () => expect(result.problems).toEqual([]));
    return;
  }
  for (const { name, line, reached, differences } of result.cases) {
    it(`${name} (line ${line}, ${reached})`, () => expect(differences).toEqual([]));
  }
});

describe('all cases', () => {
  it('are many, and most of them reach the policy', () => {
    const { policy, facts, unusable } = count(results);
    expect(unusable).toBe(0);
    expect(policy + facts).toBeGreaterThanOrEqual(130);
    expect(policy).toBeGreaterThanOrEqual(80);
  });
});

afterAll(() => {
  const { policy, facts } = count(results);
  console.log(`${policy} cases through opa eval, WebAssembly and HTTP; ${facts} through decide and HTTP`);
});
