/** Case files are written by people: whatever is wrong in one is shown with its line and what to write instead. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { casesJsonSchema, readCases } from '../../src/testing/schema.ts';

const HEAD = 'registry: ./registry\nnow: 2026-11-23T12:00:00Z\ncases:\n';
const EXPECT = 'expect: { decision: deny, reasons: [token_missing], status: 401 }';

function problems(cases: string, head = HEAD): readonly string[] {
  const read = readCases(head + cases, 'a.yaml');
  return read.ok
    ? []
    : read.problems.map(({ line, column, path, message, remedy }) => `${line}:${column} ${path} ${message} ${remedy}`);
}

describe('a case file', () => {
  it('is read with the line of each case', () => {
    const read = readCases(
      `${HEAD}  - { name: a, server: files, ${EXPECT} }\n\n  - { name: b, server: files, ${EXPECT} }\n`,
      'a.yaml',
    );
    expect(read).toMatchObject({ ok: true, lines: [4, 6] });
  });

  it.each([
    [
      'an unknown member',
      `  - { name: a, server: b, tokn: null, ${EXPECT} }`,
      [/^4:27 \/cases\/0\/tokn .*nearest is "token"/],
    ],
    ['a missing expectation', '  - { name: a, server: b }', [/\/cases\/0\/expect .*missing/]],
    ['a missing status', '  - { name: a, server: b, expect: { decision: allow, reasons: [] } }', [/status is missing/]],
    [
      'a code that does not exist',
      '  - { name: a, server: b, expect: { decision: deny, reasons: [audience_mismach], status: 401 } }',
      [/\/cases\/0\/expect\/reasons\/0 There is no reason code "audience_mismach"\. Write audience_mismatch\./],
    ],
    [
      'a name twice',
      `  - { name: a, server: b, ${EXPECT} }\n  - { name: a, server: b, ${EXPECT} }`,
      [/^5:.*Another case has this name/],
    ],
    [
      'two calls',
      `  - { name: a, server: b, call: { method: ping }, body: "", ${EXPECT} }`,
      [/\/cases\/0 The case has call and body\. Keep one/],
    ],
    ['a token of no kind', `  - { name: a, server: b, token: eyJ, ${EXPECT} }`, [/\/cases\/0\/token/]],
    [
      'a way to sign that is none',
      `  - { name: a, server: b, token: { issuer: corp, sign: twice }, ${EXPECT} }`,
      [/\/cases\/0\/token\/sign .*valid, foreign_key, none or broken/],
    ],
    [
      'upper case in a header',
      `  - { name: a, server: b, http: { headers: { Mcp-Name: [a] } }, ${EXPECT} }`,
      [/Mcp-Name/],
    ],
    ['a body that is no base64', `  - { name: a, server: b, body: { base64: "%" }, ${EXPECT} }`, [/base64/]],
    ['no case', '  []', [/cases/]],
    ['a member twice', `  - { name: a, name: b, server: b, ${EXPECT} }`, [/stands here twice/]],
    ['what is no YAML', '  - { name: a', [/not well-formed YAML/]],
    ['a number that JSON cannot carry', `  - { name: a, server: b, message: 1e400, ${EXPECT} }`, [/number/]],
  ])('is refused with %s', (_, cases, expected) => {
    const found = problems(cases);
    expect(found).toHaveLength(expected.length);
    for (const [at, pattern] of expected.entries()) expect(found[at]).toMatch(pattern);
  });

  it.each(['2026-11-23', '2026-11-23T12:00:00+01:00', '2026-11-23T12:00:00.5Z', '1795435200'])(
    'is refused with the time %s',
    (now) => {
      expect(problems(`  - { name: a, server: b, ${EXPECT} }`, `registry: a\nnow: "${now}"\ncases:\n`)).toHaveLength(1);
    },
  );
});

describe('schemas/cases.schema.json', () => {
  const validate = new Ajv2020({ strict: false, formats: { 'date-time': true, base64: true } }).compile(
    casesJsonSchema(),
  );
  const file = (name: string): unknown => parse(readFileSync(join(import.meta.dirname, '..', 'cases', name), 'utf8'));

  it.each(['audience.yaml', 'custom.yaml', 'call.yaml', 'token-text.yaml', 'keys.yaml'])('accepts %s', (name) => {
    expect(validate(file(name)), JSON.stringify(validate.errors)).toBe(true);
  });

  it('refuses what the reader refuses', () => {
    expect(validate({ registry: 'a', now: '2026-11-23T12:00:00Z', cases: [{ name: 'a', server: 'b' }] })).toBe(false);
  });
});
