/** Serves the app over a real socket, with a decider whose decision is fixed: these tests are about the edge only. */
import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { CallerConfig, Callers } from '../../src/config/callers.ts';
import type { Listen } from '../../src/config.ts';
import type { Ask, Caller } from '../../src/decide/ask.ts';
import type { BundleStatus, Decider, ReloadReport } from '../../src/decide/decider.ts';
import type { Snapshot } from '../../src/decide/snapshot.ts';
import type { Decision } from '../../src/decision/decision.ts';
import type { Explanation } from '../../src/decision/explanation.ts';
import type { Reach } from '../../src/decision/reach.ts';
import { createApp } from '../../src/http/app.ts';
import type { Lifecycle } from '../../src/http/lifecycle.ts';
import { type Listening, listen } from '../../src/http/server.ts';
import type { TlsMaterial } from '../../src/http/tls.ts';
import { createMetrics } from '../../src/record/metrics.ts';
import { PROFILES } from '../../src/registry/profile/profiles.ts';
import type { IssuerRecord, Registry, ServerRecord } from '../../src/registry/registry.ts';

export const FILES = 'https://files.example.com/mcp';
export const BILLING = 'https://billing.example.com/mcp';
export const REVISION = 'sha256:5f3c';
export const NOW = Date.parse('2026-11-23T12:00:00Z');

export const DENY: Decision = {
  decision: 'deny',
  decision_id: '01993b0e-7a10-7c3e-9d55-0a5b7e9f1c11',
  server: 'files',
  reasons: [{ code: 'token_missing', message: 'The request carries no access token.' }],
  challenge: { status: 401, headers: { 'www-authenticate': ['Bearer'] } },
  revision: REVISION,
};

export const ALLOW: Decision = {
  decision: 'allow',
  decision_id: '01993b0e-7a10-7c3e-9d55-0a5b7e9f1c12',
  server: 'files',
  reasons: [],
  principal: {
    issuer: 'https://login.example.com',
    subject: 'user-1',
    client_id: null,
    scopes: ['files:read'],
    actor: null,
  },
  valid_until: '2026-11-23T12:05:00Z',
  advice: { waivers: [{ what: 'lifetime', owner: 'ops', until: '2026-12-01T00:00:00Z' }] },
  revision: REVISION,
};

export const INDETERMINATE: Decision = {
  decision: 'indeterminate',
  decision_id: '01993b0e-7a10-7c3e-9d55-0a5b7e9f1c13',
  server: 'files',
  reasons: [{ code: 'keys_unavailable', message: 'The issuer’s keys cannot be had.' }],
  revision: REVISION,
};

/** What the decider answers to every allowed question. */
export const OPENED = {
  tools: ['read_file'],
  unlisted_tools: false,
  prompts: [],
  resources: ['file:///docs/*'],
  methods: ['ping', 'tools/list'],
};
export const NOTHING = { tools: [], unlisted_tools: false, prompts: [], resources: [], methods: [] };

/** What the decider answers to every question of reach, but for its time. */
export const REACH: Reach = {
  decision_id: '01993b0e-7a10-7c3e-9d55-0a5b7e9f1c14',
  at: '',
  verified: false,
  token: null,
  asked: 2,
  servers: [],
  closed: [],
  unknown: [],
  ways: [],
  leaked: null,
  custom: 'none',
  revision: REVISION,
};

/** A key of a caller, and what the configuration says of it. */
export function caller(key: string, servers: CallerConfig['servers'], may: CallerConfig['may']) {
  return { key_sha256: [createHash('sha256').update(key).digest('hex')], servers, may } satisfies CallerConfig;
}

export interface Served {
  readonly url: string;
  readonly port: number;
  /** Questions that reached the decider. */
  readonly asked: { readonly ask: Ask; readonly caller: Caller; readonly at?: number | undefined }[];
  readonly logged: unknown[];
  readonly stop: Listening['stop'];
  readonly setTls: Listening['setTls'];
  post(body: unknown, headers?: Record<string, string>, path?: string): Promise<Response>;
}

export interface Options {
  /** Fixed, or asked for at each request. */
  readonly callers?: Callers | (() => Callers);
  readonly decide?: (ask: Ask) => Promise<Decision>;
  /** A real one, in place of the one whose decision is fixed. */
  readonly decider?: Decider;
  readonly at?: Listen;
  readonly tls?: TlsMaterial;
  readonly body_bytes?: number;
  readonly public_url?: string;
  readonly headers_timeout_ms?: number;
  readonly request_timeout_ms?: number;
  readonly servers?: readonly ServerRecord[];
  readonly lastReload?: ReloadReport;
  readonly bundle?: BundleStatus;
}

export async function serve(options: Options = {}): Promise<Served> {
  const asked: Served['asked'] = [];
  const logged: unknown[] = [];
  const lifecycle: Lifecycle = { stopping: false };
  const log = { error: (what: unknown) => logged.push(what) };
  const snapshot = snapshotOf(options.servers ?? [server('billing', BILLING), server('files', FILES)]);
  const decider: Decider = {
    decide(ask, caller) {
      asked.push({ ask, caller });
      return options.decide?.(ask) ?? Promise.resolve(DENY);
    },
    async allowed(ask, caller) {
      asked.push({ ask, caller });
      const decision = (await options.decide?.(ask)) ?? DENY;
      return { ...decision, ...(decision.decision === 'allow' ? OPENED : NOTHING), custom: 'none' };
    },
    async explain(ask, at, caller): Promise<Explanation> {
      asked.push({ ask, caller, at });
      const digests = { registry: 'sha256:1', core: 'sha256:2', custom: null };
      return {
        would_decide: (await options.decide?.(ask)) ?? DENY,
        checks: [],
        changes: [],
        no_safe_change: [],
        references: [],
        input: null,
        digests,
      };
    },
    issue: () => Promise.reject(new Error('the edge asks nothing about issuance')),
    async reach(_, at): Promise<Reach> {
      return { ...REACH, at: new Date((at ?? 0) * 1000).toISOString() };
    },
    current: () => snapshot,
    issuerStatus: () => ({ corp: { keys: 2, fetched_at: '2026-11-23T11:59:00.000Z', last_error: null } }),
    lastReload: () => options.lastReload ?? null,
    bundleStatus: () => options.bundle ?? null,
    revocationStatus: () => null,
    proofsStatus: () => null,
    shadowStatus: () => null,
  };
  const { callers = {} } = options;
  const app = createApp({
    decider: options.decider ?? decider,
    callers: typeof callers === 'function' ? callers : () => callers,
    limits: { body_bytes: options.body_bytes ?? 262_144 },
    metrics: createMetrics(),
    lifecycle,
    now: () => NOW,
    startedAt: NOW - 60_000,
    version: '0.1.0',
    ...(options.public_url !== undefined && { public_url: options.public_url }),
    log,
  });
  const listening = await listen(app, {
    listen: options.at ?? { kind: 'tcp', host: '127.0.0.1', port: 0 },
    limits: {
      headers_timeout_ms: options.headers_timeout_ms ?? 5000,
      request_timeout_ms: options.request_timeout_ms ?? 10_000,
    },
    ...(options.tls && { tls: options.tls }),
    lifecycle,
    log,
  });
  onTestFinished(() => listening.stop(0));
  return {
    url: listening.url,
    port: Number(listening.url.split(':').at(-1)),
    asked,
    logged,
    stop: (deadline) => listening.stop(deadline),
    setTls: (material) => listening.setTls(material),
    post: (body, headers = {}, path = '/v1/decide') =>
      fetch(`${listening.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body:
          typeof body === 'string' ? body : body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body),
      }),
  };
}

const CORP: IssuerRecord = {
  key: 'corp',
  issuer: 'https://login.example.com',
  key_source: { kind: 'jwks', keys: [] },
  algorithms: ['ES256'],
  profile: PROFILES.rfc9068,
  token_types: ['at+jwt'],
  extra_audiences: [],
  clock_tolerance_seconds: 5,
  disabled: false,
  source: { file: 'registry.yaml', line: 2 },
  input: { key: 'corp', issuer: 'https://login.example.com', extra_audiences: [], clock_tolerance_seconds: 5 },
};
const OLD: IssuerRecord = { ...CORP, key: 'old', issuer: 'https://old.example.com', disabled: true };

export function server(key: string, resource: string, over: Partial<ServerRecord> = {}): ServerRecord {
  const unasked = () => {
    throw new Error('the edge asks no registry record for this');
  };
  return {
    key,
    resource,
    audiences: [],
    issuers: ['corp', 'old'],
    max_lifetime_seconds: 900,
    advertised_scopes: [`${key}:read`],
    known_scopes: new Set([`${key}:read`]),
    sender_constraint: 'none',
    actors: 'none',
    authorization_details_types: [],
    call_from: 'body',
    labels: {},
    waivers: [],
    backends: [],
    resource_metadata: resource.replace('/mcp', '/.well-known/oauth-protected-resource/mcp'),
    source: { file: 'registry.yaml', line: 12 },
    effective: { resource, issuers: ['corp', 'old'], max_lifetime_seconds: 900, audiences: [] },
    inputFor: unasked,
    operation: unasked,
    hop: unasked,
    hubsFor: unasked,
    unlisted: unasked,
    eachLabels: unasked,
    waiversFor: unasked,
    ...over,
  };
}

function snapshotOf(servers: readonly ServerRecord[]): Snapshot {
  const registry: Registry = {
    digest: 'sha256:1',
    issuers: new Map([CORP, OLD].map((record) => [record.key, record])),
    servers: new Map(servers.map((record) => [record.key, record])),
    exchanges: [],
    exchangesOf: () => [],
    genericOf: () => undefined,
    issuerByIss: new Map([CORP, OLD].map((record) => [record.issuer, record])),
    serverByResource: new Map(servers.map((record) => [record.resource, record])),
    ownersOf: () => [],
    isElsewhere: () => false,
    nearestServer: () => undefined,
    whereIs: () => ({ file: 'registry.yaml', line: 1 }),
  };
  const unasked = () => {
    throw new Error('the edge judges nothing');
  };
  return {
    registry,
    policy: {
      core: { digest: 'sha256:2', modified: false },
      custom: null,
      rules: [],
      judge: unasked,
      judgeUnverified: unasked,
      issue: unasked,
      open: unasked,
      explain: unasked,
    },
    revision: REVISION,
    loaded_at: NOW - 60_000,
  };
}
