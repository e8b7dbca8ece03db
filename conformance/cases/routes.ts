/** Which server is meant: the gateway's own route says it, whatever else the client writes. */
import { INVALID_TOKEN, OK, OK_OR_REFUSED, REFUSED, type Request, type Section } from './case.ts';

const NOTHING_ELSE: Request = { call: null, token: null, method: 'GET' };
/** To billing, with a token for files; then the other way round, through a path that says both. */
const to = (target: string): Request => ({ target });

export const ROUTES: Section = {
  title: 'Routes',
  cases: [
    { name: 'path up and over', send: to('/files/../billing/mcp'), expect: REFUSED },
    {
      name: "path up and over, with billing's token",
      send: { target: '/files/../billing/mcp', token: 'billing' },
      expect: REFUSED,
    },
    { name: 'path up and back', send: to('/billing/../files/mcp'), expect: REFUSED },
    { name: 'path above the root', send: to('/../billing/mcp'), expect: REFUSED },
    { name: 'path with encoded dots', send: to('/files/%2e%2e/billing/mcp'), expect: REFUSED },
    { name: 'path with dots encoded once more', send: to('/files/%252e%252e/billing/mcp'), expect: REFUSED },
    { name: 'path with half-encoded dots', send: to('/files/.%2E/billing/mcp'), expect: REFUSED },
    { name: 'path with an encoded slash', send: to('/files%2fmcp'), expect: REFUSED },
    { name: 'path with dots and an encoded slash', send: to('/files/..%2fbilling/mcp'), expect: REFUSED },
    { name: 'path with an encoded backslash', send: to('/files/..%5cbilling/mcp'), expect: REFUSED },
    { name: 'path with backslashes', send: to('/files\\..\\billing\\mcp'), expect: REFUSED },
    { name: 'path with two slashes first', send: to('//billing/mcp'), expect: REFUSED },
    { name: 'path with two slashes within', send: to('/files//mcp'), expect: REFUSED },
    { name: 'path with parameters', send: to('/files/mcp;x=/../../billing/mcp'), expect: REFUSED },
    { name: 'path with parameters of the key', send: to('/files;x=1/mcp'), expect: REFUSED },
    { name: 'path with one dot', send: to('/files/./mcp'), expect: OK_OR_REFUSED },
    { name: 'path after the route', send: to('/files/mcp/../../billing/mcp'), expect: REFUSED },
    { name: 'key encoded', send: to('/%66iles/mcp'), expect: OK_OR_REFUSED },
    { name: 'key encoded, of the other server', send: to('/%62illing/mcp'), expect: REFUSED },
    {
      name: 'key in capitals',
      send: to('/FILES/mcp'),
      expect: REFUSED,
      departures: [
        {
          gateways: ['caddy'],
          because: "Caddy's path matcher ignores case: it is the route of files, and audgate was asked about files",
          expect: OK,
        },
      ],
    },
    { name: 'key in capitals, of the other server', send: to('/BILLING/mcp'), expect: REFUSED },
    { name: 'key with an encoded NUL', send: to('/files%00/mcp'), expect: REFUSED },
    { name: 'path with a fragment', send: to('/billing/mcp#/files/mcp'), expect: REFUSED },
    { name: 'dots in the query', send: to('/files/mcp?next=/../billing/mcp'), expect: OK_OR_REFUSED },
    { name: 'absolute target', send: to('{origin}/files/mcp'), expect: OK_OR_REFUSED },
    {
      name: 'absolute target with another host',
      send: to('http://billing.example.com/files/mcp'),
      expect: OK_OR_REFUSED,
    },
    { name: 'absolute target of the other server', send: to('{origin}/billing/mcp'), expect: REFUSED },
    { name: 'no route', send: to('/nowhere/mcp'), expect: REFUSED },
    { name: "audgate's own API", send: { ...to('/v1/decide'), headers: ['X-Audgate-Key: {key}'] }, expect: REFUSED },
    {
      name: "audgate's adapter",
      send: { ...to('/v1/gateways/forward-auth/files'), headers: ['X-Audgate-Key: {key}'] },
      expect: REFUSED,
    },
    {
      name: 'protected resource metadata, without a token',
      send: { ...NOTHING_ELSE, target: '/.well-known/oauth-protected-resource/files/mcp' },
      expect: { status: 200, upstream: 'none', holds: '"{origin}/files/mcp"' },
    },
    {
      name: 'from the metadata up and over',
      send: { ...NOTHING_ELSE, target: '/.well-known/oauth-protected-resource/files/mcp/../../../../v1/status' },
      expect: REFUSED,
    },
    {
      name: "X-Original-URI of the other server's",
      send: { headers: ['X-Original-URI: /billing/mcp', 'X-Original-URL: /billing/mcp'] },
      expect: OK,
    },
    {
      name: 'X-Original-URI and a token for that server',
      send: { token: 'billing', headers: ['X-Original-URI: /billing/mcp'] },
      expect: INVALID_TOKEN,
    },
    {
      name: 'X-Original-URI with dots',
      send: { headers: ['X-Original-URI: /files/../billing/mcp'] },
      expect: OK,
    },
    { name: 'X-Original-Method', send: { headers: ['X-Original-Method: GET'] }, expect: OK },
    {
      name: 'X-Original-Content-Length',
      send: { headers: ['X-Original-Content-Length: 5'] },
      expect: OK,
    },
    {
      name: 'X-Forwarded-Uri of the other server',
      send: { headers: ['X-Forwarded-Uri: /billing/mcp', 'X-Forwarded-Method: GET'] },
      expect: OK,
    },
    {
      name: 'X-Forwarded-Uri and a token for that server',
      send: { token: 'billing', headers: ['X-Forwarded-Uri: /billing/mcp'] },
      expect: INVALID_TOKEN,
    },
    {
      name: 'X-Forwarded-Host, -Prefix, -For, -Proto',
      send: {
        headers: [
          'X-Forwarded-Host: billing.example.com',
          'X-Forwarded-Prefix: /billing',
          'X-Forwarded-For: 127.0.0.1',
          'X-Forwarded-Proto: https',
          'Forwarded: host=billing.example.com;proto=https',
        ],
      },
      expect: OK,
    },
    { name: 'X-Rewrite-URL', send: { headers: ['X-Rewrite-URL: /billing/mcp'] }, expect: OK },
    {
      name: "Envoy's own headers",
      send: {
        headers: [
          'x-envoy-original-path: /billing/mcp',
          'x-envoy-auth-partial-body: false',
          'x-envoy-internal: true',
          'x-envoy-decorator-operation: billing',
        ],
      },
      expect: OK,
    },
    { name: 'Host of another server', send: { host: 'billing.example.com' }, expect: OK_OR_REFUSED },
    {
      name: 'Host of another server, with its token',
      send: { host: 'billing.example.com', token: 'billing' },
      expect: { ...INVALID_TOKEN, or_refused: true },
    },
    {
      name: 'two Host headers',
      send: { headers: ['Host: billing.example.com'] },
      expect: REFUSED,
      departures: [
        {
          gateways: ['envoy-http', 'envoy-grpc'],
          because: 'Envoy takes one of them (RFC 9112 §3.2 asks for 400); no route of the example looks at it',
          expect: OK,
        },
      ],
    },
    {
      name: 'no Host header',
      send: { host: null },
      expect: REFUSED,
      departures: [
        {
          gateways: ['haproxy'],
          because: 'HAProxy does not ask for one (RFC 9112 §3.2 asks for 400); no route of the example looks at it',
          expect: OK,
        },
      ],
    },
    { name: 'Host with a path', send: { host: '{host}/billing/mcp?' }, expect: OK_OR_REFUSED },
  ],
};
