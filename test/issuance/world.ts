/** A registry with servers, issuers and one edge, the real core, and what an authorization server asks about them. */
import { randomUUID } from 'node:crypto';
import type { Caller } from '../../src/decide/ask.ts';
import type { Snapshot } from '../../src/decide/snapshot.ts';
import { ID_JAG, type IssuanceDecision, type IssuanceQuestion, TOKEN_EXCHANGE } from '../../src/decision/issuance.ts';
import { decideIssuance } from '../../src/issuance/decide.ts';
import type { Alarm } from '../../src/policy/judge.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import type { RecordedEvent } from '../../src/record/write.ts';
import { loadRegistryValue } from '../../src/registry/load.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { readCore } from '../../src/sources.ts';

/** 2026-11-23T12:00:00Z, in seconds. */
export const NOW = 1_795_435_200;
export const CORP = 'https://login.example.com';
export const IDP = 'https://idp.example.com';
export const FILES = 'https://mcp.example.com/files';
export const BILLING = 'https://mcp.example.com/billing';
export const MAIL = 'https://mail.example.com/mcp';
export const HUB = 'https://hub.example.com/mcp';
export const EVERYONE: Caller = { name: 'login', servers: '*' };

const server = (resource: string, key: string, over: object = {}) => ({
  resource,
  issuers: ['corp'],
  max_lifetime_seconds: 900,
  advertised_scopes: [`${key}:read`],
  tools: { read: { scopes: [`${key}:read`] }, write: { scopes: [`${key}:write`] } },
  ...over,
});

export const REGISTRY = {
  issuers: {
    corp: { issuer: CORP, algorithms: ['ES256'], extra_audiences: ['account'] },
    idp: { issuer: IDP, algorithms: ['ES256'] },
    partner: { issuer: 'https://partner.example.com', algorithms: ['ES256'] },
    old: { issuer: 'https://old.example.com', algorithms: ['ES256'], disabled: true },
  },
  servers: {
    files: server(FILES, 'files', {
      audiences: [
        `${FILES}/`,
        { value: 'api://files', issuer: 'corp' },
        { value: 'api://partner-files', issuer: 'partner' },
      ],
      issuers: ['corp', 'partner', 'old'],
      scope_implies: { 'files:admin': ['files:read', 'files:write'] },
      sender_constraint: 'dpop',
      waivers: [
        {
          what: 'audience',
          issuer: 'corp',
          client_id: 'desktop',
          audience: 'api://default',
          operations: ['tools/call read'],
          owner: 'team-files',
          reason: 'not yet',
          until: '2026-12-31T00:00:00Z',
        },
      ],
    }),
    billing: server(BILLING, 'billing', { max_lifetime_seconds: 300 }),
    mail: server(MAIL, 'mail'),
    hub: server(HUB, 'hub'),
    abroad: server('https://abroad.example.com/mcp', 'abroad', { issuers: ['partner'] }),
  },
  exchanges: [
    { from: 'hub', to: 'files', client: 'gateway', scopes: ['files:read'], issuer: 'corp' },
    { from: 'files', to: 'mail', client: 'gateway', scopes: ['mail:read', 'mail:write'] },
  ],
};

export function registryOf(value: object = REGISTRY): Registry {
  const loaded = loadRegistryValue(value, {
    file: 'registry.yaml',
    now: NOW,
    replaceKeySource: () => ({ kind: 'jwks', keys: [] }),
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.registry;
}

export interface World {
  readonly snapshot: Snapshot;
  readonly alarms: Alarm[];
  readonly events: RecordedEvent[];
  decide(question: IssuanceQuestion, caller?: Caller): Promise<IssuanceDecision>;
}

export async function openWorld(value: object = REGISTRY): Promise<World> {
  const alarms: Alarm[] = [];
  const events: RecordedEvent[] = [];
  const core = await readCore();
  const loaded = await loadPolicy({
    core,
    allowModifiedCore: false,
    custom: null,
    onAlarm: (alarm) => alarms.push(alarm),
  });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  const snapshot: Snapshot = {
    registry: registryOf(value),
    policy: loaded.policy,
    revision: 'sha256:1',
    loaded_at: NOW * 1000,
  };
  const parts = {
    recorder: {
      record: (event: RecordedEvent) => {
        events.push(event);
      },
      flush: () => Promise.resolve(),
      dropped: () => 0,
    },
    now: () => NOW * 1000,
    ticks: () => 0n,
    newId: randomUUID,
  };
  return {
    snapshot,
    alarms,
    events,
    decide: (question, caller = EVERYONE) => decideIssuance(question, caller, snapshot, parts),
  };
}

/** The front channel: a code for `files`. */
export const asking = (over: Partial<IssuanceQuestion> = {}): IssuanceQuestion => ({
  issuer: CORP,
  grant: 'authorization_request',
  client_id: 'agent',
  resources: [FILES],
  ...over,
});

/** A refresh token that was made for `files`. */
export const refreshing = (
  over: Partial<IssuanceQuestion> = {},
  bound: Partial<IssuanceQuestion['bound']> = {},
): IssuanceQuestion =>
  asking({
    grant: 'refresh_token',
    bound: { resources: [FILES], scope: 'files:read offline_access', client_id: 'agent', ...bound },
    ...over,
  });

/** The gateway exchanges an agent's token for the hub. */
export const exchanging = (
  over: Partial<IssuanceQuestion> = {},
  bound: Partial<IssuanceQuestion['bound']> = {},
): IssuanceQuestion =>
  asking({
    grant: TOKEN_EXCHANGE,
    client_id: 'gateway',
    bound: { resources: [HUB], scope: 'hub:read', client_id: 'agent', expires_at: NOW + 600, ...bound },
    ...over,
  });

/** The identity provider is asked for an ID-JAG, which `corp` will take for `files`. */
export const asserting = (
  over: Partial<IssuanceQuestion> = {},
  bound: Partial<IssuanceQuestion['bound']> = {},
): IssuanceQuestion =>
  asking({
    issuer: IDP,
    grant: TOKEN_EXCHANGE,
    requested_token_type: ID_JAG,
    audiences: [CORP],
    bound: { resources: ['agent'], scope: 'openid', client_id: 'agent', expires_at: NOW + 600, ...bound },
    ...over,
  });

export const codesOf = ({ reasons }: IssuanceDecision): readonly string[] => reasons.map(({ code }) => code);
