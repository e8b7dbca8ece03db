/**
 * The gateways that no test runs: how each, configured as its example says, asks audgate about its client's request. Written
 * from their documentation; what depends on the configuration is read from the very file that users copy.
 */
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import type {
  AgentgatewayFile,
  ApisixFile,
  GatewayApiFile,
  IstioFile,
  KongFile,
  TraefikFile,
} from './documented-files.ts';

export type ServerKey = 'files' | 'billing';
export type Header = readonly [name: string, value: string];

export interface ClientRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly Header[];
  readonly body: string;
}

/** One request to audgate. */
export interface Question {
  readonly url: string;
  readonly method: string;
  readonly headers: readonly Header[];
  readonly body: string;
}

export interface Documented {
  readonly name: string;
  /** Below `examples/`. */
  readonly file: string;
  /** Where the example has audgate. */
  readonly audgate: string;
  /** Known by its certificate: its questions bear no key. */
  readonly certificate?: true;
  ask(server: ServerKey, client: ClientRequest): Question;
  /** Whether a header of audgate's allow reaches the server in place of the client's. */
  toServer(name: string): boolean;
  /** Whether a header of audgate's refusal reaches the client. */
  toClient(name: string): boolean;
}

export const AUDGATE = 'http://127.0.0.1:8181';

export async function readDocumented(): Promise<readonly Documented[]> {
  return [await traefik(), await apisix(), await kong(), await agentgateway(), await istio(), await gatewayApi()];
}

async function traefik(): Promise<Documented> {
  const file = 'traefik/dynamic.yaml';
  const { http } = (await documents(file))[0] as TraefikFile;
  const forwardAuth = (server: ServerKey) => find(http.middlewares[`audgate-${server}`]?.forwardAuth);
  const caller = find(http.middlewares['audgate-caller']?.headers).customRequestHeaders;
  const identity = new RegExp(forwardAuth('files').authResponseHeadersRegex);
  return {
    name: 'Traefik',
    file,
    audgate: AUDGATE,
    ask(server, { method, target, headers, body }) {
      const { address, forwardBody, preserveRequestMethod } = forwardAuth(server);
      const own = [['X-Forwarded-Method', method] as const, ['X-Forwarded-Uri', target] as const];
      const set = Object.entries(caller).filter(([, value]) => value !== '');
      return {
        url: address,
        method: preserveRequestMethod ? method : 'GET',
        headers: [...headers, ...own, ...set],
        body: forwardBody ? body : '',
      };
    },
    // Go writes names in its own way: `X-Audgate-Client-Id`.
    toServer: (name) => identity.test(name.replaceAll(/(^|-)[a-z]/g, (start) => start.toUpperCase())),
    toClient: () => true,
  };
}

async function apisix(): Promise<Documented> {
  const file = 'apisix/apisix.yaml';
  const { routes } = (await documents(file))[0] as ApisixFile;
  const plugin = (server: ServerKey) => find(routes.find(({ id }) => id === server)?.plugins['forward-auth']);
  return {
    name: 'APISIX',
    file,
    audgate: AUDGATE,
    ask(server, { method, target, headers, body }) {
      const { uri, request_method, request_headers, extra_headers } = plugin(server);
      const own = [['X-Forwarded-Method', method] as const, ['X-Forwarded-Uri', target] as const];
      const asked = [...own, ...Object.entries(extra_headers), ...only(headers, request_headers)];
      return { url: uri, method: request_method, headers: asked, body: request_method === 'POST' ? body : '' };
    },
    toServer: (name) =>
      listed(plugin('billing').upstream_headers, name) && listed(plugin('files').upstream_headers, name),
    toClient: (name) => listed(plugin('billing').client_headers, name) && listed(plugin('files').client_headers, name),
  };
}

/** Its question is a program: read as far as texts go. */
async function kong(): Promise<Documented> {
  const file = 'kong/kong.yaml';
  const { services } = (await documents(file))[0] as KongFile;
  const program = (server: string) =>
    find(services.find(({ name }) => name === server)?.plugins?.[0]?.config.access[0]);
  const text = (server: string, pattern: RegExp) => find(pattern.exec(program(server))?.[1]);
  return {
    name: 'Kong',
    file,
    audgate: AUDGATE,
    ask(server, { method, target, headers, body }) {
      const own = [
        [text(server, /\["(X-\S+)"\] = key,/), text(server, /local key = "(.*)"/)] as const,
        [text(server, /\["(X-\S+)"\] = kong\.request\.get_method\(\)/), method] as const,
        [text(server, /\["(X-\S+)"\] = kong\.request\.get_path_with_query\(\)/), target] as const,
      ];
      const names = [...program(server).matchAll(/\bname == "([\w-]+)"/g)].map(([, name = '']) => name);
      const sent = only(headers, [...names, 'mcp-*']);
      return {
        url: text(server, /local audgate = "(.*)"/) + server,
        method: text(server, /method = "(\w+)"/),
        headers: [...sent, ...own],
        body,
      };
    },
    toServer: (name) => name.startsWith(text('files', /name:lower\(\):sub\(1, 10\) == "(.*)" then/)),
    toClient: (name) => new RegExp(`\\["${name}"\\] = answer`, 'i').test(program('files')),
  };
}

async function agentgateway(): Promise<Documented> {
  const file = 'agentgateway/config.yaml';
  const { binds } = (await documents(file))[0] as AgentgatewayFile;
  const routes = binds.flatMap(({ listeners }) => listeners.flatMap((listener) => listener.routes));
  const extAuthz = (server: ServerKey) => find(routes.find(({ name }) => name === server)?.policies.extAuthz);
  const constant = (expression: string) => find(/^"([^"]*)"/.exec(expression)?.[1]);
  return {
    name: 'agentgateway',
    file,
    audgate: AUDGATE,
    ask(server, { method, target, headers, body }) {
      const { host, protocol, includeRequestHeaders } = extAuthz(server);
      const { path, addRequestHeaders } = protocol.http;
      const added = Object.entries(addRequestHeaders).map(([name, value]) => [name, constant(value)] as const);
      const partial = ['x-envoy-auth-partial-body', 'false'] as const;
      return {
        url: `http://${host}${constant(path)}${path.endsWith('+ request.pathAndQuery') ? target : ''}`,
        method,
        headers: [...only(headers, includeRequestHeaders), ...added, partial],
        body,
      };
    },
    toServer: (name) => listed(extAuthz('files').protocol.http.includeResponseHeaders, name),
    toClient: () => true,
  };
}

async function istio(): Promise<Documented> {
  const file = 'istio/istio.yaml';
  const { spec } = (await documents(file))[0] as IstioFile;
  const provider = (server: ServerKey) =>
    find(spec.meshConfig.extensionProviders.find(({ name }) => name === `audgate-${server}`)).envoyExtAuthzHttp;
  const audgate = `http://${provider('files').service}:${provider('files').port}`;
  return {
    name: 'Istio',
    file,
    audgate,
    ask(server, { method, target, headers, body }) {
      const { pathPrefix, includeRequestHeadersInCheck, includeAdditionalHeadersInCheck } = provider(server);
      const sent = only(headers, includeRequestHeadersInCheck);
      const added = [
        ...Object.entries(includeAdditionalHeadersInCheck),
        ['x-envoy-auth-partial-body', 'false'] as const,
      ];
      return { url: `${audgate}${pathPrefix}${target}`, method, headers: [...sent, ...added], body };
    },
    toServer: (name) => listed(provider('billing').headersToUpstreamOnAllow, name),
    toClient: (name) => listed(provider('billing').headersToDownstreamOnDeny, name),
  };
}

async function gatewayApi(): Promise<Documented> {
  const file = 'istio/gateway-api.yaml';
  const { spec } = (await documents(file))[2] as GatewayApiFile;
  const rule = (server: ServerKey) => spec.rules.find(({ matches }) => matches[0]?.path.value === `/${server}/mcp`);
  const filter = (server: ServerKey) => find(rule(server)?.filters[0]?.externalAuth);
  const { backendRef } = filter('files');
  const audgate = `https://${backendRef.name}:${backendRef.port}`;
  return {
    name: 'Kubernetes Gateway API',
    file,
    audgate,
    certificate: true,
    ask(server, { method, target, headers, body }) {
      const { http, forwardBody } = filter(server);
      const sent = only(headers, ['authorization', ...http.allowedHeaders]);
      return {
        url: `${audgate}${http.path}${target}`,
        method,
        headers: sent,
        body: forwardBody.maxSize > 0 ? body : '',
      };
    },
    toServer: (name) => listed(filter('billing').http.allowedResponseHeaders, name),
    toClient: () => true,
  };
}

/** @throws when a document has errors or warnings: each must be plain YAML */
async function documents(file: string): Promise<readonly unknown[]> {
  const text = await readFile(new URL(`../../examples/${file}`, import.meta.url), 'utf8');
  const parsed = parseAllDocuments(text, { merge: true });
  if (!Array.isArray(parsed)) throw new Error(`${file} is empty`);
  const [defect] = parsed.flatMap(({ errors, warnings }) => [...errors, ...warnings]);
  if (defect !== undefined) throw defect;
  return parsed.map((document) => document.toJS() as unknown);
}

function find<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the example lacks what it should hold here');
  return value;
}

/** Names without regard to case; `mcp-*` is any that begins so. */
function listed(names: readonly string[], name: string): boolean {
  const wanted = name.toLowerCase();
  return names.some((one) => (one.endsWith('*') ? wanted.startsWith(one.slice(0, -1)) : one.toLowerCase() === wanted));
}

const only = (headers: readonly Header[], names: readonly string[]) => headers.filter(([name]) => listed(names, name));
