/** The table of docs/gateways.md says what came of a run, and says it back; departures are each gateway's own. */
import { expect, test } from 'vitest';
import { CASES, SECTIONS } from '../../conformance/cases/all.ts';
import { type Case, GATEWAYS, MALFORMED, OK } from '../../conformance/cases/case.ts';
import { allowed } from '../../conformance/judge/departures.ts';
import type { Result } from '../../conformance/judge/judge.ts';
import { readColumn, withTable } from '../../conformance/report/page.ts';

const PAGE =
  '# Before\n\n<!-- begin: npm run conformance -- --start all --write -->\nearlier table\n<!-- end -->\n\nafter\n';

const result = (name: string, departure: string | null = null, ok = true): Result => {
  return { name, ok, departure, observed: '200', outcome: '200', breach: false, problems: [] };
};
const runs = (change: (name: string, gateway: string) => Result) =>
  GATEWAYS.map((gateway) => ({ gateway, results: CASES.map(({ name }) => change(name, gateway)) }));

test('what is written is what is read', () => {
  const page = withTable(
    PAGE,
    SECTIONS,
    runs((name, gateway) => result(name, gateway === 'caddy' && name === 'GET' ? 'Caddy does (RFC 1 §2)' : null)),
  );
  expect(page).toMatch(/^# Before\n[\s\S]*\nafter\n$/);
  expect(page).not.toContain('earlier table');
  const column = readColumn(page, 'caddy');
  expect([...column.keys()]).toEqual(CASES.map(({ name }) => name));
  expect(column.get('GET')).toEqual({ outcome: '200', departure: 'Caddy does (RFC 1 §2)' });
  expect(readColumn(page, 'nginx').get('GET')).toEqual({ outcome: '200', departure: null });
});

test('a failed case, or a page without its place, is never written', () => {
  expect(() =>
    withTable(
      PAGE,
      SECTIONS,
      runs((name) => result(name, null, name !== 'GET')),
    ),
  ).toThrow('"GET" did not hold through nginx');
  expect(() =>
    withTable(
      '# Nothing',
      SECTIONS,
      runs((name) => result(name)),
    ),
  ).toThrow('lacks its lines');
});

test('a departure binds the gateways that it names, and is open to a gateway that nobody knows', () => {
  const departs = { ...OK, status: 201 };
  const one: Case = {
    name: 'x',
    send: {},
    expect: OK,
    departures: [{ gateways: ['caddy'], because: 'so', expect: departs }],
  };
  const as = (expect: object, because: string | null = null) => [{ expect, because }];
  expect(allowed(one, 'body', 'haproxy')).toEqual([as(OK)]);
  // Not as expected either: a departure that no longer happens must be taken out.
  expect(allowed(one, 'body', 'caddy')).toEqual([as(departs, 'so')]);
  expect(allowed(one, 'body', null)).toEqual([as(OK), as(departs, 'so')]);
});

test('nginx alone answers 403 for 400, with the same challenge', () => {
  const one: Case = { name: 'x', send: {}, expect: MALFORMED };
  expect(allowed(one, 'headers', 'nginx').flat()).toEqual([
    { expect: { ...MALFORMED, status: 403 }, because: expect.stringContaining('401 and 403 only') },
  ]);
  expect(allowed(one, 'body', 'nginx-njs').flat()).toEqual([{ expect: MALFORMED, because: null }]);
});

test('names of cases are unique, and nothing in them breaks a table', () => {
  const names = CASES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => /[|\n]/.test(name))).toEqual([]);
});
