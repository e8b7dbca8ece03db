/** Records about issuance in a decision log: known as records, and not decided again. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { writeIssuanceEntry } from '../../src/record/issuance-entry.ts';
import { isAboutIssuance, readEntry } from '../../src/replay/entry.ts';
import { asking, openWorld, refreshing } from '../issuance/world.ts';

it.each([asking(), refreshing(), refreshing({ resources: [] })])('$grant', async (question) => {
  const world = await openWorld();
  await world.decide({ ...question, context: { request_id: randomUUID() } });
  const [event] = world.events;
  if (event?.path !== 'audgate/issuance' || !('question' in event)) throw new Error('it was recorded otherwise');
  const entry = readEntry(JSON.stringify(writeIssuanceEntry(event, { labels: {} })));
  expect(entry && isAboutIssuance(entry)).toBe(true);
});
