/** The threat model claims nothing that cannot be looked up: each file that it names exists, and each threat names one. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FRAMEWORKS } from '../../src/decision/frameworks.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PAGE = readFileSync(join(ROOT, 'docs', 'threat-model.md'), 'utf8');

const named = [...PAGE.matchAll(/`([\w./-]+\.(?:ts|rego|yaml|md))`/g)].map(([, path = '']) => path);
const linked = [...PAGE.matchAll(/\]\(([\w./-]+\.md)\)/g)].map(([, path = '']) => join('docs', path));
const [, threats = '', rest = ''] = PAGE.split(/^## (?:Threats, and what stops them|What audgate does not address)$/m);
const rows = threats.split('\n').filter((line) => line.startsWith('| ') && !/^\| (?:threat|---) \|/.test(line));

describe('docs/threat-model.md', () => {
  it.each([...new Set([...named, ...linked])])('names %s, which exists', (path) => {
    expect(existsSync(join(ROOT, path))).toBe(true);
  });

  it.each(rows)('shows where: %s', (row) => {
    const shown = row.split('|').at(-2) ?? '';
    expect(shown).toMatch(/`(?:test|src|policies)\/[\w./-]+`/);
  });

  it('says what is not addressed, and no entry of a framework by a number that it has not', () => {
    expect(rows.length).toBeGreaterThan(20);
    expect(rest.match(/^\*\*/gm)?.length).toBeGreaterThan(10);
    const ids: readonly string[] = FRAMEWORKS.flatMap(({ entries }) => entries.map(([id]) => id.replace(':2025', '')));
    for (const id of PAGE.match(/\b(?:ASI|MCP)\d\d\b/g) ?? []) expect(ids).toContain(id);
  });
});
