/** A whole event, as the decider hands it over, to vary in tests. */
import type { PolicyInput } from '../../src/decision/input.ts';
import type { DecisionEvent } from '../../src/record/entry.ts';

export const input: PolicyInput = {
  now: 1_795_435_200,
  time: { weekday: 1, hour: 12, minute: 0, date: '2026-11-23' },
  call: { method: 'tools/call', tool: 'read_file' },
  token: {
    type: 'at+jwt',
    algorithm: 'ES256',
    key_id: 'key-1',
    audiences: ['https://files.example.com/mcp'],
    scopes: ['files:read'],
    subject: 'user-1',
    client_id: 'client-1',
    issued_at: 1_795_435_200,
    expires_at: 1_795_435_500,
  },
  registered: {
    server: {
      key: 'files',
      resource: 'https://files.example.com/mcp',
      audiences: ['https://files.example.com/mcp'],
      issuers: ['corp'],
      max_lifetime_seconds: 900,
      sender_constraint: 'none',
      actors: 'none',
      labels: {},
    },
    issuer: { key: 'corp', issuer: 'https://login.example.com', extra_audiences: [], clock_tolerance_seconds: 5 },
    waivers: [],
    elsewhere: [],
  },
  context: { caller: 'edge' },
};

export const event: DecisionEvent = {
  path: 'audgate/decide',
  decision: {
    decision: 'allow',
    decision_id: '01999999-9999-7999-8999-999999999999',
    server: 'files',
    reasons: [],
    revision: 'sha256:rev',
    principal: {
      issuer: 'https://login.example.com',
      subject: 'user-1',
      client_id: 'client-1',
      scopes: ['files:read'],
      actor: null,
    },
    valid_until: '2026-11-23T12:05:00Z',
    advice: {},
  },
  input,
  asked: { server: 'https://files.example.com/mcp', method: 'tools/call', target: 'read_file' },
  caller: 'edge',
  revisions: { registry: 'sha256:reg', core: 'sha256:core', custom: null },
  started: Date.parse('2026-11-23T12:00:00Z'),
  duration_ns: 40_000,
};
