/** JUnit's XML is read by CI services: it must be well-formed whatever a case is called. */
import { expect, it } from 'vitest';
import { junit } from '../../src/testing/junit.ts';

const offers = { registry: 'r', servers: {}, rules: [] };

it('writes a suite an engine and a case file', () => {
  const xml = junit({
    problems: [],
    runs: [
      {
        engine: 'wasm',
        passed: 1,
        failed: 1,
        tests: [
          { name: 'a.test_b', file: 'a_test.rego', line: 3, failure: null },
          { name: 'a.test_c', file: 'a_test.rego', line: 7, failure: 'a.test_c failed.' },
        ],
      },
    ],
    cases: [
      {
        ok: true,
        file: 'cases/one.yaml',
        ...offers,
        cases: [{ name: 'x', line: 4, reached: 'policy', differences: [] }],
      },
      { ok: false, file: 'cases/two.yaml', problems: [{ severity: 'error', message: 'cannot be read' }] },
    ],
  });
  expect(xml).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="Rego tests on wasm" tests="2" failures="1">
    <testcase name="a.test_b" classname="a_test.rego:3"/>
    <testcase name="a.test_c" classname="a_test.rego:7">
      <failure message="a.test_c failed.">a.test_c failed.</failure>
    </testcase>
  </testsuite>
  <testsuite name="cases/one.yaml" tests="1" failures="0">
    <testcase name="x" classname="cases/one.yaml:4"/>
  </testsuite>
  <testsuite name="cases/two.yaml" tests="1" failures="1">
    <testcase name="can be run" classname="cases/two.yaml">
      <failure message="cannot be read">cannot be read</failure>
    </testcase>
  </testsuite>
</testsuites>
`);
});

it('has the problems of rules that no test could run', () => {
  const problem = {
    severity: 'error',
    file: 'a.rego',
    line: 1,
    column: 1,
    message: 'Wrong.',
    remedy: 'Mend it.',
  } as const;
  const xml = junit({ problems: [problem], runs: [], cases: [] });
  expect(xml).toContain('<testsuite name="Rego check" tests="1" failures="1">');
  expect(xml).toContain('Wrong. Mend it.');
});

it('escapes what would end a name, and what XML has no place for', () => {
  const cases = [{ name: '"<&>\u0000\ud800\n', line: 1, reached: 'facts', differences: [] }] as const;
  const xml = junit({ problems: [], runs: [], cases: [{ ok: true, file: 'f', ...offers, cases }] });
  expect(xml).toContain('name="&quot;&lt;&amp;&gt;\ufffd\ufffd&#10;"');
});
