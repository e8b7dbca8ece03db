/** A refused issuance is recorded with what it stands against, as a refused call is; its answer has nothing of the kind. */
import { expect, test } from 'vitest';
import { referencesOf } from '../../src/decision/frameworks.ts';
import { writeIssuanceEntry } from '../../src/record/issuance-entry.ts';
import type { RecordedEvent } from '../../src/record/write.ts';
import { asking, BILLING, openWorld, refreshing } from '../issuance/world.ts';

test('the record of an issuance names the risks that its refusal stands against', async () => {
  const world = await openWorld();
  await world.decide(refreshing({ resources: [BILLING] }));
  await world.decide(asking());
  const [refused, allowed] = world.events.map((event) => writeIssuanceEntry(issuanceOf(event), { labels: {} }));
  expect(refused?.result.reasons.map(({ code }) => code)).toEqual(['resource_changed']);
  expect(refused?.references).toEqual(referencesOf('resource_changed'));
  expect(refused?.result).not.toHaveProperty('references');
  expect(allowed?.result.decision).toBe('allow');
  expect(allowed?.references).toBeUndefined();
});

function issuanceOf(event: RecordedEvent) {
  if (event.path !== 'audgate/issuance' || !('question' in event)) throw new Error(`no issuance: ${event.path}`);
  return event;
}
