/** The real decider behind the real edge: servers that read calls in each way, one issuer, really signed tokens. */
import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { defaultConfig } from '../../../src/config.ts';
import type { Decider } from '../../../src/decide/decider.ts';
import type { Proofs } from '../../../src/facts/proof/proofs.ts';
import type { DecisionEvent } from '../../../src/record/entry.ts';
import { createMetrics } from '../../../src/record/metrics.ts';
import { createService } from '../../../src/service.ts';
import { readCore } from '../../../src/sources.ts';
import { mint, type TokenSpec } from '../../../src/testing/mint.ts';
import { registerKeys } from '../../../src/testing/register.ts';
import { type Options, type Served, serve } from '../serve.ts';

/** Seconds since the epoch: 2026-11-23T12:00:00Z. */
export const NOW = 1_795_435_200;

const server = (key: string, more: object = {}) => ({
  resource: `https://${key}.example.com/mcp`,
  issuers: ['corp'],
  max_lifetime_seconds: 900,
  advertised_scopes: ['read'],
  tools: { read_file: { scopes: ['read'] }, write_file: { scopes: ['write'] } },
  ...more,
});

const REGISTRY = {
  issuers: { corp: { issuer: 'https://login.example.com', algorithms: ['ES256'] } },
  servers: {
    files: server('files'),
    billing: server('billing'),
    headed: server('headed', { call_from: 'headers' }),
    whole: server('whole', { call_from: 'none' }),
    stream: server('stream', { methods: { 'http/get': {}, 'http/delete': {} } }),
  },
};
export type ServerKey = keyof typeof REGISTRY.servers;

export interface Desk {
  readonly decider: Decider;
  /** What was recorded, in order. */
  readonly events: readonly DecisionEvent[];
  /** A right token of this server with the scope `read`, bent. */
  token(server: ServerKey, spec?: TokenSpec): Promise<string>;
}
export interface Real extends Served, Omit<Desk, 'decider'> {}

export async function serveReal(
  options: Options & { readonly keyless?: boolean; readonly proofs?: Proofs } = {},
): Promise<Real> {
  const { decider, ...desk } = await openDesk(options.keyless, options.proofs);
  return { ...(await serve({ ...options, decider })), ...desk };
}

/**
 * @param keyless whether no key of the issuer can be had
 * @param proofs absent: none can be verified
 */
export async function openDesk(keyless = false, proofs?: Proofs): Promise<Desk> {
  const place = { origin: { file: 'registry.yaml', locate: () => ({ line: 7, column: 1 }) }, path: [] };
  const registered = await registerKeys({ value: REGISTRY, place }, NOW);
  if (!registered.ok) throw new Error(JSON.stringify(registered.problems));
  const key = registered.keys.get('corp');
  if (key === undefined) throw new Error('no issuer corp');
  const events: DecisionEvent[] = [];
  const core = await readCore();
  const started = await createService({
    sources: {
      registry: () => Promise.resolve(keyless ? registered.keyless : registered.loaded),
      policy: () => Promise.resolve({ ok: true, sources: { core, allowModifiedCore: false, custom: null } }),
    },
    ...(proofs && { proofs }),
    keys: defaultConfig().keys,
    fetch: () => () => Promise.reject(new Error('nothing is fetched here')),
    log: { info: () => {}, warn: () => {}, error: () => {} },
    metrics: createMetrics(),
    recorder: {
      record: (event) => {
        if ('asked' in event) events.push(event);
      },
      flush: () => Promise.resolve(),
      dropped: () => 0,
    },
    now: () => NOW * 1000,
    ticks: () => 0n,
    newId: randomUUID,
  });
  if (!started.ok) throw new Error(JSON.stringify(started.problems));
  onTestFinished(() => started.service.close());
  return {
    decider: started.service,
    events,
    token(name, spec = {}) {
      const { resource } = REGISTRY.servers[name];
      const { issuer } = REGISTRY.issuers.corp;
      const right = { issuer, type: 'at+jwt', audience: resource, scopes: ['read'], token_id: '1', now: NOW };
      return mint(key, right, spec);
    },
  };
}

export const message = (method: string, params?: object): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method, ...(params && { params }) });
export const READ = message('tools/call', { name: 'read_file', arguments: { path: '/a' } });
