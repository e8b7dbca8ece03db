import { describe, expect, it } from 'vitest';
import type { Decision } from '../../src/decision/decision.ts';
import type { ReasonCode } from '../../src/decision/reasons.ts';
import { createMetrics } from '../../src/record/metrics.ts';

const GAUGES = { version: '0.1.0', revision: 'sha256:1', issuerKeys: {} };

function deny(...codes: readonly ReasonCode[]): Decision {
  const reasons = codes.map((code) => ({ code, message: '' }));
  return {
    decision: 'deny',
    decision_id: 'x',
    server: 'files',
    reasons,
    revision: 'sha256:1',
    challenge: { status: 401, headers: {} },
  };
}
const allow: Decision = {
  decision: 'allow',
  decision_id: 'x',
  server: 'files',
  reasons: [],
  revision: 'sha256:1',
  principal: { issuer: 'https://login.example.com', subject: 'secret-user', client_id: null, scopes: [], actor: null },
  valid_until: '2026-11-23T12:00:00Z',
  advice: { waivers: [{ what: 'audience', owner: 'ops', until: '2026-12-01T00:00:00Z' }] },
};

describe('metrics', () => {
  it('count decisions by outcome and first reason', async () => {
    const metrics = createMetrics();
    metrics.decided(deny('audience_mismatch', 'scope_insufficient'), 0.0001, 'audgate/decide');
    metrics.decided(deny('audience_mismatch'), 0.0001, 'audgate/gateways/envoy');
    metrics.decided(allow, 0.0001, 'audgate/gateways/envoy');
    const text = await metrics.render(GAUGES);
    expect(text).toContain('audgate_decisions_total{decision="deny",reason="audience_mismatch"} 2');
    expect(text).toContain('audgate_decisions_total{decision="allow",reason="none"} 1');
    expect(text).toContain('audgate_door_decisions_total{door="audgate/gateways/envoy",decision="deny"} 1');
    expect(text).toContain('audgate_door_decisions_total{door="audgate/gateways/envoy",decision="allow"} 1');
    expect(text).toContain('audgate_door_decisions_total{door="audgate/decide",decision="deny"} 1');
    expect(text).toContain('audgate_decision_duration_seconds_count{decision="deny"} 2');
    expect(text).toContain(
      'audgate_waiver_uses_total{server="files",what="audience",owner="ops",until="2026-12-01T00:00:00Z"} 1',
    );
    expect(text).not.toContain('secret-user');
  });

  it('put all codes of custom rules under one label', async () => {
    const metrics = createMetrics();
    for (let at = 0; at < 100; at++) metrics.decided(deny(`custom:limit/code_${at}`), 0, 'audgate/decide');
    const text = await metrics.render(GAUGES);
    expect(text).toContain('audgate_decisions_total{decision="deny",reason="custom"} 100');
    expect(text).not.toContain('code_');
  });

  it('forget issuers and revisions that are gone', async () => {
    const metrics = createMetrics();
    await metrics.render({ ...GAUGES, revision: 'sha256:0', issuerKeys: { old: 3 } });
    const text = await metrics.render({ ...GAUGES, issuerKeys: { corp: 2 } });
    expect(text).toContain('audgate_issuer_keys{issuer="corp"} 2');
    expect(text).not.toContain('"old"');
    expect(text).not.toContain('sha256:0');
  });

  it('count reloads, alarms, fetches and problems', async () => {
    const metrics = createMetrics();
    metrics.reloaded(false);
    metrics.alarmed('floor');
    metrics.keysFetched('corp', true);
    metrics.refused('invalid_request');
    const text = await metrics.render(GAUGES);
    for (const line of [
      'audgate_reloads_total{outcome="failed"} 1',
      'audgate_alarms_total{kind="floor"} 1',
      'audgate_key_fetches_total{issuer="corp",outcome="ok"} 1',
      'audgate_problems_total{problem="invalid_request"} 1',
    ]) {
      expect(text).toContain(line);
    }
  });

  it('of two services do not mix', async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.refused('invalid_request');
    expect(await other.render(GAUGES)).not.toContain('invalid_request');
  });
});
