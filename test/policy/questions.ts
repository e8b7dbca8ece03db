/** Inputs that the policy tests ask about: a right one, changed in one thing a time. */
import type { PolicyInput } from '../../src/decision/input.ts';

/** Seconds: 2026-11-23T12:00:00Z, a Monday. */
export const NOW = 1_795_435_200;

type Parts = {
  readonly [Part in 'token' | 'call' | 'context']?: Partial<PolicyInput[Part]>;
} & {
  readonly now?: number;
  readonly server?: Partial<PolicyInput['registered']['server']>;
  readonly issuer?: Partial<PolicyInput['registered']['issuer']>;
  readonly waivers?: PolicyInput['registered']['waivers'];
};

/** A right token for `files`, issued by `corp` for a call of `read_file`, but for what the parts change. */
export function question({ token, call, context, now = NOW, server, issuer, waivers = [] }: Parts = {}): PolicyInput {
  return {
    now,
    time: { weekday: 1, hour: 12, minute: 0, date: '2026-11-23' },
    call: { method: 'tools/call', tool: 'read_file', ...call },
    token: {
      type: 'at+jwt',
      algorithm: 'ES256',
      key_id: 'k1',
      audiences: ['https://files.example.com/mcp'],
      scopes: ['files:read'],
      subject: 'user-1',
      client_id: 'client-1',
      issued_at: NOW,
      expires_at: NOW + 300,
      ...token,
    },
    registered: {
      server: {
        key: 'files',
        resource: 'https://files.example.com/mcp',
        audiences: ['https://files.example.com/mcp', 'https://files.example.com/mcp/'],
        issuers: ['corp'],
        max_lifetime_seconds: 900,
        sender_constraint: 'none',
        actors: 'none',
        labels: {},
        ...server,
      },
      issuer: {
        key: 'corp',
        issuer: 'https://login.example.com',
        extra_audiences: ['account'],
        clock_tolerance_seconds: 5,
        ...issuer,
      },
      operation: { name: 'tools/call read_file', scopes: ['files:read'], implied_by: {}, labels: {} },
      waivers,
      elsewhere: [],
    },
    context: { caller: 'local', ...context },
  };
}

type Waiver = PolicyInput['registered']['waivers'][number];

/** A waiver in force by which `client-1` reads files with a token for `api://default`. */
export function audienceWaiver(change: Partial<Waiver> = {}): Waiver {
  return {
    what: 'audience',
    issuer: 'corp',
    client_id: 'client-1',
    operations: ['tools/call read_file'],
    owner: 'team-files',
    reason: 'the client is being moved',
    until: '2026-11-24T12:00:00Z',
    until_seconds: NOW + 86_400,
    audience: 'api://default',
    ...change,
  };
}
