/** The record of a question about reach: one line without token, which replays pass over. */
import { expect, it } from 'vitest';
import { writeEntry } from '../../src/record/entry.ts';
import { readEntry } from '../../src/replay/entry.ts';
import { EVERYONE, openDesk } from '../decide/desk.ts';

it.each([
  ['of what opens a server', {}, 'allow'],
  ['of what opens none', { aud: 'https://nobody.example' }, 'deny'],
])('%s is read back', async (_, claims, decision) => {
  const desk = await openDesk();
  const token = await desk.token({ claims });
  await desk.service.reach({ token, trace_id: 'a'.repeat(32) }, undefined, EVERYONE);
  const [event, more] = desk.events;
  if (event === undefined || more !== undefined) throw new Error(`${desk.events.length} records`);
  const line = JSON.stringify(writeEntry(event, { labels: {}, arguments: false }));
  expect(readEntry(line)).toMatchObject({ path: 'audgate/reach', result: { decision } });
  expect(JSON.parse(line)).toMatchObject({ trace_id: 'a'.repeat(32), requested_by: 'local' });
  for (const part of token.split('.')) expect(line).not.toContain(part);
});
