/** `audgate waivers` on logs that cannot be read, and as part of a pipe. */
import { expect, test } from 'vitest';
import { writeEntry } from '../../src/record/entry.ts';
import { event } from '../record/event.ts';
import { createWorld, registryOf } from './audgate.ts';
import { inProcess } from './in-process.ts';

async function registryWithWaiver() {
  const world = await createWorld();
  const until = new Date(Math.floor(Date.now() / 1000) * 1000 + 60 * 86_400_000).toISOString();
  const waiver = {
    ...{ what: 'audience', issuer: 'corp', client_id: 'client-1', audience: 'api://default' },
    ...{ operations: ['tools/call read_file'], owner: 'team', reason: 'not yet', until },
  };
  const value = registryOf(world.key);
  const servers = { ...value.servers, files: { ...value.servers.files, waivers: [waiver] } };
  return { world, waiver, file: await world.write('waivers.json', JSON.stringify({ ...value, servers })) };
}

test('counts uses by a log on standard input, as of rotated files', async () => {
  const { world, waiver, file } = await registryWithWaiver();
  if (event.decision.decision !== 'allow') throw new Error('the event is an allow');
  const { what, owner, until } = waiver;
  const advice = { waivers: [{ what: 'audience' as const, owner, until }] };
  const used = writeEntry({ ...event, decision: { ...event.decision, advice } }, { labels: {}, arguments: false });
  const stdin = `${JSON.stringify(used)}\nno record\n${JSON.stringify(used)}\n`;
  const { code, stdout } = await inProcess(['waivers', '--registry', file, '--log', '-', '--json'], { stdin });
  expect(code).toBe(0);
  expect(JSON.parse(stdout).waivers).toMatchObject([{ what, uses: 2, last_use: used.timestamp }]);
  await world.close();
});

test('says of a log that it cannot be read to its end, in place of counting what came before', async () => {
  const { world, file } = await registryWithWaiver();
  // Readable by its permissions; its first page is not.
  const { code, stdout, stderr } = await inProcess(['waivers', '--registry', file, '--log', '/proc/self/mem']);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain('cannot be read to its end');
  await world.close();
});
