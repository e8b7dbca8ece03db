/** Lines of a log that nobody wrote as audgate does. */
import { expect, test } from 'vitest';
import { writeEntry } from '../../src/record/entry.ts';
import { readEntry } from '../../src/replay/entry.ts';
import { event } from '../record/event.ts';

const LINE = JSON.stringify(writeEntry(event, { labels: {}, arguments: true }));

test('a record is read, with members of another version too', () => {
  expect(readEntry(LINE)?.decision_id).toBe(event.decision.decision_id);
  expect(readEntry(LINE.replace('"erased"', '"later":{"x":[1]},"erased"'))?.path).toBe(event.path);
});

test.each([
  [
    'nested so deep that looking through it would end the program',
    `"odd":${'['.repeat(100_000)}${']'.repeat(100_000)}`,
  ],
  ['with a member twice, of which readers take either', '"tool":"delete_file"'],
  ['with a member that is none in a program', '"__proto__":{"tool":"delete_file"}'],
])('a line %s is no record', (_, member) => {
  expect(readEntry(LINE.replace('"tool":"read_file"', `"tool":"read_file",${member}`))).toBeNull();
});

test.each(['', 'null', '[]', '{}', '{"decision_id":1}', LINE.slice(0, -1)])('%j is no record', (line) => {
  expect(readEntry(line)).toBeNull();
});

test('an allow that never came to policy is none', () => {
  const asked = writeEntry({ ...event, input: null }, { labels: {}, arguments: true });
  expect(readEntry(JSON.stringify(asked))).toBeNull();
});
