/** A small registry with real keys, and the real decider over it, for properties that must hold of every call. */
import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { Decision } from '../../src/decision/decision.ts';
import type { JsonObject } from '../../src/json/value.ts';
import { readCore } from '../../src/sources.ts';
import { type Bench, openBench } from '../../src/testing/bench.ts';
import type { CustomRules } from '../../src/testing/custom.ts';
import type { IssuerKey } from '../../src/testing/mint.ts';
import { registerKeys } from '../../src/testing/register.ts';

/** Seconds since the epoch: 2026-11-23T12:00:00Z, a Monday. */
export const NOW = 1_795_435_200;
export const FILES = 'https://files.example.com/mcp';

const WAIVER = {
  issuer: 'corp',
  operations: ['tools/call read_file'],
  owner: 'team-files',
  reason: 'not yet',
  until: '2026-12-31T00:00:00Z',
};
const REGISTRY = {
  issuers: {
    corp: { issuer: 'https://login.example.com', algorithms: ['ES256'] },
    partner: { issuer: 'https://login.partner.example', algorithms: ['ES256'], extra_audiences: ['account'] },
  },
  servers: {
    files: {
      resource: FILES,
      audiences: ['https://files.example.com/mcp/', { value: 'api://files', issuer: 'partner' }],
      issuers: ['corp', 'partner'],
      max_lifetime_seconds: 900,
      advertised_scopes: ['files:read'],
      labels: { tenant: 'acme', pay_limit: 1000 },
      tools: {
        read_file: { scopes: ['files:read'] },
        pay: { scopes: ['files:pay'] },
        close_account: { scopes: [], labels: { risk: 'high' } },
      },
      waivers: [
        { what: 'audience', client_id: 'desktop', audience: 'api://default', ...WAIVER },
        {
          what: 'lifetime',
          client_id: 'nightly',
          max_lifetime_seconds: 7200,
          ...WAIVER,
          until: '2026-11-23T12:30:00Z',
        },
        {
          what: 'observe',
          client_id: 'observed',
          codes: ['audience_mismatch', 'audience_not_exclusive'],
          ...WAIVER,
          until: '2026-12-20T00:00:00Z',
        },
        { what: 'audience', client_id: 'batch', audience: 'api://batch', ...WAIVER },
        { what: 'lifetime', client_id: 'batch', max_lifetime_seconds: 7200, ...WAIVER },
      ],
    },
    billing: { resource: 'https://billing.example.com/mcp', issuers: ['corp'], max_lifetime_seconds: 900 },
  },
};

export interface World {
  readonly bench: Bench;
  key(issuer: string): IssuerKey;
}

/**
 * Closes with the test that opened it.
 * @param tools laid over those of `files`
 * @param files laid over its record
 */
export async function openWorld(
  custom: CustomRules['module'] | null = null,
  { tools = {}, files = {} }: { readonly tools?: object; readonly files?: object } = {},
): Promise<World> {
  const { servers } = REGISTRY;
  const value = {
    ...REGISTRY,
    servers: { ...servers, files: { ...servers.files, ...files, tools: { ...servers.files.tools, ...tools } } },
  };
  const place = { origin: { file: 'registry', locate: () => ({ line: 1, column: 1 }) }, path: [] };
  const registered = await registerKeys({ value, place }, NOW);
  if (!registered.ok) throw new Error(JSON.stringify(registered.problems));
  const sources = { core: await readCore(), allowModifiedCore: false, custom };
  const opened = await openBench({
    loaded: registered.loaded,
    policy: { ok: true, sources },
    now: NOW * 1000,
    newId: randomUUID,
    fetch: globalThis.fetch,
  });
  if (!opened.ok) throw new Error(JSON.stringify(opened.problems));
  onTestFinished(() => opened.bench.close());
  return {
    bench: opened.bench,
    key(issuer) {
      const key = registered.keys.get(issuer);
      if (key === undefined) throw new Error(`no issuer ${issuer}`);
      return key;
    },
  };
}

/** Claims of a right token of `corp` for `files` and `read_file`. */
export const RIGHT: JsonObject = {
  iss: 'https://login.example.com',
  aud: FILES,
  sub: 'user-1',
  client_id: 'client-1',
  jti: 'token-1',
  iat: NOW,
  exp: NOW + 300,
  scope: 'files:read',
};
export const HEADER: JsonObject = { alg: 'ES256', kid: 'corp', typ: 'at+jwt' };

/** A decision but for what differs each time. */
export function essence(decision: Decision): object {
  const { decision_id: _id, ...rest } = decision;
  return rest;
}
