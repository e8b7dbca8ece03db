import { expect, it } from 'vitest';
import { denialLines } from '../../src/policy/denial-lines.ts';

it('finds where each code is written first, and none in comments', () => {
  const rego = [
    'package custom.limit',
    '# "code": "in_a_comment"',
    'denials contains {"code": "too_much"} if amount > 10',
    'denials contains {',
    '\t"code" : "missing",',
    '} if not amount',
    'denials contains {"code": "too_much"} if amount > 100',
    'denials contains {"code": made} if made',
  ].join('\n');
  expect([...denialLines(rego)]).toEqual([
    ['too_much', 3],
    ['missing', 5],
  ]);
});
