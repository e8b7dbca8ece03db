/** The official SDK's server, with its check of the audience and without it. */
import { expect, test } from 'vitest';
import { createKeys, differing, probe, startSdkServer, verdicts, writeFiles } from './world.ts';

const ALL = {
  absent: 'refused',
  unsigned: 'refused',
  stranger_key: 'refused',
  foreign_audience: 'refused',
  parent_audience: 'refused',
  two_audiences: 'refused',
  expired: 'refused',
};

test('a server that checks the audience refuses everything', async () => {
  const keys = await createKeys();
  const { resource, ran } = await startSdkServer(keys, { audience: true });
  const { code, report, stderr } = await probe(await writeFiles(keys, { files: resource }));
  expect(verdicts(report)).toEqual(ALL);
  expect(differing(report)).toEqual([]);
  expect(code, stderr).toBe(0);
  expect(ran()).toBe(0);
});

test('a server that does not is found, by each audience that is not its own', async () => {
  const keys = await createKeys();
  const { resource, ran } = await startSdkServer(keys, { audience: false });
  const { code, report } = await probe(await writeFiles(keys, { files: resource }));
  expect(verdicts(report)).toEqual({
    ...ALL,
    foreign_audience: 'accepted',
    parent_audience: 'accepted',
    two_audiences: 'accepted',
  });
  expect(code).toBe(1);
  const found = report?.servers[0]?.attempts.find(({ kind }) => kind === 'foreign_audience');
  expect(found).toMatchObject({ method: 'server/discover', found: '200 with a JSON-RPC result' });
  expect(found?.remedy).toMatch(/Compare aud/);
  expect(ran()).toBe(0);
});

test('a server that judges scopes alone is no refusal, because nobody knows what a token with scopes would open', async () => {
  const keys = await createKeys();
  const { resource } = await startSdkServer(keys, { audience: false, scopes: ['files:read'] });
  const { code, report } = await probe(await writeFiles(keys, { files: resource }));
  expect(verdicts(report)).toMatchObject({
    foreign_audience: 'unclear',
    parent_audience: 'unclear',
    unsigned: 'refused',
  });
  expect(report?.servers[0]?.attempts.find(({ kind }) => kind === 'foreign_audience')?.found).toMatch(
    /insufficient_scope/,
  );
  expect(code).not.toBe(0);
});

test('the same server with its check refuses, but what has ended: the SDK judges scopes before that', async () => {
  const keys = await createKeys();
  const { resource } = await startSdkServer(keys, { audience: true, scopes: ['files:read'] });
  const { report } = await probe(await writeFiles(keys, { files: resource }));
  expect(verdicts(report)).toEqual({ ...ALL, expired: 'unclear' });
});
