import { expect, it } from 'vitest';
import type { WaiverInput } from '../../../src/decision/input.ts';
import { live, ready, status } from '../../../src/http/native/answers.ts';
import { FILES, NOW, REVISION, serve, server } from '../serve.ts';

const waiver = (until_seconds: number): WaiverInput => ({
  what: 'lifetime',
  issuer: 'corp',
  client_id: 'client-1',
  operations: ['ping'],
  owner: 'ops',
  reason: 'a test',
  until: new Date(until_seconds * 1000).toISOString(),
  until_seconds,
  max_lifetime_seconds: 3600,
});

it('GET /v1/status shows what is in force; a waiver ends in the second that it names', async () => {
  const waivers = [waiver(NOW / 1000 - 1), waiver(NOW / 1000), waiver(NOW / 1000 + 1)];
  const { url } = await serve({ servers: [server('files', FILES, { waivers })] });
  const response = await fetch(`${url}/v1/status`);
  expect(status.parse(await response.json())).toEqual({
    version: '0.1.0',
    started_at: '2026-11-23T11:59:00.000Z',
    revision: REVISION,
    registry: { digest: 'sha256:1', servers: 1, issuers: 2, loaded_at: '2026-11-23T11:59:00.000Z' },
    policy: { core: { digest: 'sha256:2', modified: false }, custom: null },
    last_reload: null,
    issuers: { corp: { keys: 2, fetched_at: '2026-11-23T11:59:00.000Z', last_error: null } },
    waivers: { active: 1, expired: 2 },
  });
});

it('GET /health/live and /health/ready answer anyone', async () => {
  const { url } = await serve();
  expect(live.parse(await (await fetch(`${url}/health/live`)).json())).toEqual({ status: 'ok' });
  expect(ready.parse(await (await fetch(`${url}/health/ready`)).json())).toEqual({
    status: 'ready',
    revision: REVISION,
  });
});
