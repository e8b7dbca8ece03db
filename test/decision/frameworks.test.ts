/** The tie of references: nothing that audgate refuses or raises is left out, and no identifier is of somebody's invention. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { frameworksPage } from '../../build/frameworks-page.ts';
import {
  FRAMEWORKS,
  MISUSE_REFERENCES,
  REASON_REFERENCES,
  RULE_REFERENCES,
  referenceOf,
  referencesOf,
  referencesOfAll,
  referencesOfRule,
} from '../../src/decision/frameworks.ts';
import { MISUSE_KINDS } from '../../src/decision/misuse.ts';
import { entryOf, isFixedCode, REASONS } from '../../src/decision/reasons.ts';

const ROOT = join(import.meta.dirname, '..', '..');
interface Rule {
  readonly name: string;
  readonly reasons: readonly string[];
}
/** Those that judge calls are in the manifest; those that judge issuance say in their own METADATA what they deny with. */
const manifest: { readonly rules: readonly Rule[] } = JSON.parse(
  readFileSync(join(ROOT, 'policies', 'core.manifest.json'), 'utf8'),
);
const ISSUANCE = join(ROOT, 'policies', 'core', 'audgate', 'issuance', 'rules');
const issuance = readdirSync(ISSUANCE).map((name): Rule => {
  const rego = readFileSync(join(ISSUANCE, name, `${name}.rego`), 'utf8');
  const [, reasons = ''] = /^# {3}reasons: \[(.*)\]$/m.exec(rego) ?? [];
  return { name: `issuance.${name}`, reasons: reasons.split(', ') };
});
const RULES = [...manifest.rules, ...issuance];

const known: readonly string[] = FRAMEWORKS.flatMap(({ entries }) => entries.map(([id]) => id));
const rows: readonly (readonly [string, readonly string[]])[] = [
  ...Object.entries(REASON_REFERENCES),
  ...RULE_REFERENCES,
  ...Object.entries(MISUSE_REFERENCES),
];

describe('the references to frameworks', () => {
  it('say something of every reason, and of no other', () => {
    expect(Object.keys(REASON_REFERENCES).sort()).toEqual(REASONS.map(({ code }) => code).sort());
  });

  it('say something of every kind of misuse', () => {
    expect(Object.keys(MISUSE_REFERENCES).sort()).toEqual([...MISUSE_KINDS].sort());
  });

  it.each(RULES)('of the rule $name are those of its reasons', ({ name, reasons }) => {
    const own = RULE_REFERENCES.get(name);
    const ofReasons = referencesOfAll(reasons.filter(isFixedCode));
    expect(own, `src/decision/frameworks.ts has no row for the core rule ${name}`).toBeDefined();
    expect(reasons.filter(isFixedCode)).toEqual(reasons);
    expect(ofReasons).toEqual(expect.arrayContaining([...(own ?? [])]));
  });

  it('say something of no rule that there is not', () => {
    expect([...RULE_REFERENCES.keys()].sort()).toEqual(RULES.map(({ name }) => name).sort());
  });

  it.each(rows)('of %s stand in their framework, once, in its order', (_, ids) => {
    const places = ids.map((id) => known.indexOf(id));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
  });

  it('have each identifier once, with a title', () => {
    expect(new Set(known).size).toBe(known.length);
    for (const { entries } of FRAMEWORKS)
      for (const [id] of entries) expect(referenceOf(id).title).toMatch(/^[A-Z].{3,}/);
  });

  it("leave out what is no risk of theirs, and what only a rule's author knows", () => {
    expect(referencesOf('call_malformed')).toEqual([]);
    expect(referencesOf('custom:working_hours/closed')).toEqual([]);
    expect(referencesOfRule('custom.working_hours')).toEqual([]);
  });

  it("count whoever is refused by a token's or a target's fault as a risk", () => {
    const silent = REASONS.filter(({ code }) => isFixedCode(code) && referencesOf(code).length === 0);
    const wires = silent.map(({ code }) => [code, isFixedCode(code) ? entryOf(code).wire : '']);
    expect(wires).toEqual([
      ['scheme_unsupported', 'invalid_request'],
      ['call_missing', 'invalid_request'],
      ['call_malformed', 'invalid_request'],
      ['call_incomplete', 'invalid_request'],
      ['token_encrypted', 'invalid_token'],
      ['arguments_too_large', 'forbidden'],
    ]);
  });

  it('are what docs/frameworks.md says', () => {
    expect(readFileSync(join(ROOT, 'docs', 'frameworks.md'), 'utf8')).toBe(frameworksPage());
  });
});
