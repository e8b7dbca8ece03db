/** What is asked and by whom it is answered: one server among two hundred, through Envoy as the examples configure it. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { startEnvoy } from '../../conformance/gateways/envoy.ts';
import { freePort } from '../../conformance/gateways/free-port.ts';
import { createIssuerKey, ISSUER, questionsOf, registryOf } from '../fixture.ts';
import type { Load } from '../load.ts';
import { SERVER_CORE, type Server, startTelling, startTold } from '../server.ts';

/** What decides between Envoy and the server; `none`: Envoy asks nobody. */
export const CONTENDERS = ['none', 'audgate over HTTP', 'audgate over gRPC', 'OPA'] as const;
export type Contender = (typeof CONTENDERS)[number];

export interface World {
  readonly load: Pick<Load, 'path' | 'bodies' | 'authorization' | 'answer'>;
  /** Fresh processes: Envoy, what it asks, and the server behind. All on one core. */
  start(contender: Contender): Promise<Pick<Server, 'url' | 'stop'>>;
}

const KEY = 'key-of-the-benchmark';

/** @param opa OPA's binary */
export async function openWorld(folder: string, opa: string): Promise<World> {
  const issuer = await createIssuerKey('ES256');
  // The first two servers have the names that the examples route to.
  const { issuers, servers } = registryOf([issuer]) as Registry;
  const { s0, s1, ...others } = servers;
  if (s0 === undefined || s1 === undefined) throw new Error('the fixture has fewer servers than the gateway routes to');
  const registry = { issuers, servers: { files: s0, billing: s1, ...others } };
  const questions = await questionsOf({ warmth: 'hot', outcome: 'allow' }, issuer, Math.floor(Date.now() / 1000), 1);
  const registryFile = join(folder, 'registry.json');
  const dataFile = join(folder, 'data.json');
  await writeFile(registryFile, JSON.stringify(registry));
  await writeFile(dataFile, JSON.stringify(dataFor(registry, issuer.jwk)));

  let started = 0;
  return {
    load: {
      path: '/files/mcp',
      bodies: questions.map(({ tool }) => callOf(tool)),
      authorization: questions.map(({ token }) => `Bearer ${token}`),
      answer: '"tools/call"',
    },
    async start(contender) {
      started += 1;
      const own = join(folder, String(started));
      await mkdir(own);
      const decider = await startDecider(contender, own, { registryFile, dataFile, opa });
      const upstream = await startTelling([process.execPath, 'bench/gateway/upstream.ts']);
      const address = new URL(upstream.url).host;
      const gateway = await startEnvoy(
        contender === 'audgate over gRPC' ? 'envoy-grpc' : 'envoy-http',
        {
          folder: own,
          port: await freePort(),
          audgate: { address: decider.http, grpc: decider.grpc, key: KEY },
          servers: ['files', 'billing'].map((key) => ({ key, path: `/${key}/mcp`, upstream: address })),
        },
        { edit: EDITS[contender], wrap: ['taskset', '-c', SERVER_CORE] },
      );
      return {
        url: gateway.url,
        async stop() {
          await gateway.stop();
          await upstream.stop();
          await decider.stop();
        },
      };
    },
  };
}

interface Registry {
  readonly issuers: object;
  readonly servers: Readonly<Record<string, object>>;
}

interface Decider {
  /** `127.0.0.1:PORT` */
  readonly http: string;
  readonly grpc: string;
  stop(): Promise<void>;
}

interface Files {
  readonly registryFile: string;
  readonly dataFile: string;
  readonly opa: string;
}

async function startDecider(contender: Contender, folder: string, files: Files): Promise<Decider> {
  const grpc = `127.0.0.1:${await freePort()}`;
  if (contender === 'none') return { http: grpc, grpc, stop: async () => {} };
  if (contender === 'OPA') {
    const { url, stop } = await startTold(
      (port) => [files.opa, ...OPA_FLAGS, '--addr', `127.0.0.1:${port}`, ...OPA_POLICY, files.dataFile],
      '/health',
    );
    return { http: new URL(url).host, grpc, stop };
  }
  const key_sha256 = [createHash('sha256').update(KEY).digest('hex')];
  const config = {
    listen: '127.0.0.1:0',
    registry: files.registryFile,
    grpc: { listen: grpc },
    callers: { gateway: { key_sha256, servers: '*', may: ['decide'] } },
  };
  const file = join(folder, 'config.json');
  await writeFile(file, JSON.stringify(config));
  const server = await startTelling([process.execPath, 'src/main.ts', 'serve', '--config', file]);
  return { http: new URL(server.url).host, grpc, stop: server.stop };
}

/** Records on, as audgate's are. */
const OPA_FLAGS = [
  'run',
  '--server',
  '--skip-version-check',
  '--log-level',
  'error',
  '--set',
  'decision_logs.console=true',
];
const OPA_POLICY = ['bench/opa/policy.rego', 'bench/gateway/policy.rego'];

/**
 * OPA's own server does not speak ext_authz, and its authorization of its own requests costs twice what its Data API does
 * (measured: 599 µs to 329 µs); so Envoy asks the latter, in the least Lua that does it, in the place of the filter.
 */
const ASK_OPA = `
function envoy_on_request(handle)
  local token = (handle:headers():get("authorization") or ""):sub(8)
  local body = handle:body()
  local question = '{"server":"files","token":"' .. token .. '","message":' .. body:getBytes(0, body:length()) .. '}'
  local headers, answer = handle:httpCall("audgate", {
    [":method"] = "POST", [":path"] = "/v0/data/bench/envoy/allow", [":authority"] = "opa", ["content-type"] = "application/json",
  }, question, 4000)
  if headers[":status"] ~= "200" or not answer:find("^true") then
    handle:respond({ [":status"] = "403" }, "")
    return
  end
  handle:headers():replace("x-audgate-server", "files")
end`;

/** What each must have otherwise; all else in Envoy's configuration is the example's for all. */
const EDITS: Readonly<Record<Contender, (text: string) => string>> = {
  'audgate over HTTP': (text) => text,
  'audgate over gRPC': (text) => text,
  OPA: (text) => JSON.stringify(revise(text, { http_filters: askInLua, [EXT_AUTHZ]: () => undefined })),
  none: (text) => JSON.stringify(revise(text, { http_filters: routerOnly, typed_per_filter_config: () => undefined })),
};

/** @param revisions of the members of these names, wherever they stand; undefined takes one away */
function revise(text: string, revisions: Readonly<Record<string, (value: unknown) => unknown>>): unknown {
  const written = JSON.stringify(parse(text, { maxAliasCount: -1 }));
  return JSON.parse(written, (name, value: unknown) =>
    revisions[name] === undefined ? value : revisions[name](value),
  );
}

const EXT_AUTHZ = 'envoy.filters.http.ext_authz';
const LUA = {
  name: 'envoy.filters.http.lua',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
    default_source_code: { inline_string: ASK_OPA },
  },
};

const routerOnly = (filters: unknown) => filtersOf(filters).filter(({ name }) => name.endsWith('.router'));
const askInLua = (filters: unknown) => filtersOf(filters).map((filter) => (filter.name === EXT_AUTHZ ? LUA : filter));
const filtersOf = (filters: unknown) => filters as readonly { readonly name: string }[];

const callOf = (tool: string) =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: {} } });

/** The registry as one would give it to OPA, by resource, as the policy of the other benchmark reads it. */
function dataFor(registry: Registry, jwk: object): object {
  const servers = Object.entries(registry.servers) as [string, ServerOfBench][];
  const forOpa = servers.map(([, { resource, max_lifetime_seconds, tools }]) => [
    resource,
    { issuers: [ISSUER], max_lifetime_seconds, tools },
  ]);
  return {
    bench_resources: Object.fromEntries(servers.map(([key, { resource }]) => [key, resource])),
    bench_registry: { jwks: JSON.stringify({ keys: [jwk] }), servers: Object.fromEntries(forOpa) },
  };
}

interface ServerOfBench {
  readonly resource: string;
  readonly max_lifetime_seconds: number;
  readonly tools: object;
}
