import { describe, expect, it } from 'vitest';
import type { BundleStatus, ReloadProblem, ReloadReport } from '../../../src/decide/decider.ts';
import type { WaiverInput } from '../../../src/decision/input.ts';
import { live, ready, status } from '../../../src/http/native/answers.ts';
import { caller, FILES, NOW, REVISION, serve, server } from '../serve.ts';

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
    bundle: null,
    shadow: null,
    last_reload: null,
    issuers: { corp: { keys: 2, fetched_at: '2026-11-23T11:59:00.000Z', last_error: null } },
    waivers: { active: 1, expired: 2 },
    proofs: null,
    revocation: null,
  });
});

describe('the problems of the last reload', () => {
  const path = '/servers/billing/resource';
  const problem = (at: number, severity: 'error' | 'warning' = 'error'): ReloadProblem => ({
    severity,
    ...{ file: 'billing.yaml', line: at, column: 1, path, value: 'x', message: `Problem ${at}.`, remedy: 'Mend it.' },
  });
  const callers = {
    edge: caller('edge', ['files'], ['read']),
    desk: caller('desk', '*', ['read']),
  };
  const shown = async (key: string, problems: readonly ReloadProblem[]) => {
    const lastReload: ReloadReport = { at: '2026-11-23T11:59:30.000Z', ok: false, problems };
    const { url } = await serve({ callers, lastReload });
    const response = await fetch(`${url}/v1/status`, { headers: { 'x-audgate-key': key } });
    return status.parse(await response.json()).last_reload?.problems;
  };
  const many = (count: number) => Array.from({ length: count }, (_, at) => problem(at));

  it('are shown to a caller that may ask about all servers', async () => {
    expect(await shown('desk', many(50))).toEqual(many(50));
  });

  it('are at most fifty, and then how many more there are', async () => {
    const more = { severity: 'error', message: '71 more problems; audgate registry check shows all of a registry' };
    expect(await shown('desk', many(121))).toEqual([...many(50), more]);
  });

  it.each([
    [1, 'error', "1 problem; a caller with servers '*' sees them"],
    [121, 'error', "121 problems; a caller with servers '*' sees them"],
    [2, 'warning', "2 problems; a caller with servers '*' sees them"],
  ] as const)('are only counted for a caller with listed servers: %i', async (count, severity, message) => {
    const problems = many(count).map((_, at) => problem(at, severity));
    expect(await shown('edge', problems)).toEqual([{ severity, message }]);
  });

  it('are none for anyone when there are none', async () => {
    expect(await shown('edge', [])).toEqual([]);
    expect(await shown('desk', [])).toEqual([]);
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

describe('the bundle', () => {
  const bundle: BundleStatus = {
    ...{ source: 'url', location: 'https://bundles.example.com/rules.tar.gz', digest: 'sha256:3', revision: null },
    ...{ registry: true, signed: true, from_cache: false, stale: false, pinned: null, kept: ['sha256:3'] },
    ...{ checked_at: '2026-11-23T11:59:30.000Z', confirmed_at: '2026-11-23T11:59:00.000Z' },
    last_error: { at: '2026-11-23T11:59:30.000Z', problems: ['billing.yaml:1: wrong', 'billing.yaml:2: wrong'] },
  };
  const callers = { edge: caller('edge', ['files'], ['read', 'metrics']), desk: caller('desk', '*', ['read']) };
  const shown = async (key: string) => {
    const { url } = await serve({ callers, bundle });
    const response = await fetch(`${url}/v1/status`, { headers: { 'x-audgate-key': key } });
    return status.parse(await response.json()).bundle;
  };

  it('is told with its problems to a caller that may ask about all servers', async () => {
    expect(await shown('desk')).toEqual(bundle);
  });

  it('is told to any other with the number of its problems', async () => {
    const problems = ["2 problems; a caller with servers '*' sees them"];
    expect(await shown('edge')).toEqual({ ...bundle, last_error: { at: bundle.last_error?.at, problems } });
  });

  it('has an age in the metrics', async () => {
    const { url } = await serve({ callers, bundle });
    const text = await (await fetch(`${url}/metrics`, { headers: { 'x-audgate-key': 'edge' } })).text();
    expect(text).toMatch(/^audgate_bundle_age_seconds 60$/m);
    expect(text).toMatch(/^audgate_bundle_stale 0$/m);
  });
});
