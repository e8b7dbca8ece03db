/** What is called: JSON-RPC message, and the MCP headers that repeat it. */
import {
  type Expectation,
  FORBIDDEN,
  INSUFFICIENT_SCOPE,
  MALFORMED,
  MISMATCH,
  OK,
  OK_OR_REFUSED,
  REFUSED,
  type Request,
  SERVER_REFUSES,
  type Section,
} from './case.ts';

const says = (body: string): Request => ({ body });
/** As clients before 2026-07-28 send it: no MCP header repeats it, and nothing in it names a version. */
const EARLIER = '{"jsonrpc":"2.0","id":"{id}","method":"tools/call","params":{"name":"read_file","arguments":{}}}';
const NEEDS_WRITE: Expectation = { ...INSUFFICIENT_SCOPE, scope: 'files:write' };
const NO_HEADERS = { version: null, method: null, name: null };
const bare = (method: string): Request => ({ method, call: null });

export const MESSAGES: Section = {
  title: 'Messages',
  cases: [
    { name: 'initialize', send: { call: 'initialize' }, expect: OK },
    { name: 'server/discover', send: { call: 'discover' }, expect: OK },
    { name: 'tools/list', send: { call: 'list_tools' }, expect: OK },
    { name: 'notification', send: { call: 'cancelled' }, expect: OK },
    { name: 'unlisted tool as a notification', send: { call: 'delete_all_notification' }, expect: FORBIDDEN },
    { name: 'listed prompt', send: { call: 'summary' }, expect: OK },
    { name: 'unlisted prompt', send: { call: 'secrets' }, expect: FORBIDDEN },
    { name: 'listed resource', send: { call: 'document' }, expect: OK },
    { name: 'unlisted resource', send: { call: 'other_file' }, expect: FORBIDDEN },
    { name: 'resource with dot segments', send: { call: 'dotted_file' }, expect: FORBIDDEN },
    { name: 'resource with encoded dot segments', send: { call: 'encoded_file' }, expect: FORBIDDEN },
    {
      name: 'subscription to a listed and an unlisted resource',
      send: { call: 'listen' },
      expect: FORBIDDEN,
      by_headers: MALFORMED,
    },
    { name: 'unknown method', send: { call: 'unknown_method' }, expect: FORBIDDEN },
    { name: 'message that names a pseudo-method', send: { call: 'pseudo_method' }, expect: MALFORMED },
    { name: 'batch', send: says('[{call}]'), expect: MALFORMED, by_headers: SERVER_REFUSES },
    {
      name: 'response',
      send: { call: null, mcp: { version: '2026-07-28' }, body: '{"jsonrpc":"2.0","id":"{id}","result":{}}' },
      expect: FORBIDDEN,
      by_headers: MALFORMED,
    },
    { name: 'two messages', send: says('{call}\n{call}'), expect: MALFORMED, by_headers: SERVER_REFUSES },
    { name: 'no JSON', send: says('method=tools/call'), expect: MALFORMED, by_headers: SERVER_REFUSES },
    { name: 'byte order mark', send: says('\ufeff{call}'), expect: MALFORMED, by_headers: SERVER_REFUSES },
    {
      name: 'invalid UTF-8',
      send: { body: Uint8Array.from([...Buffer.from('{"jsonrpc":"2.0","id":1,"method":"\xff"}', 'latin1')]) },
      expect: MALFORMED,
      by_headers: SERVER_REFUSES,
    },
    {
      name: 'one member twice',
      send: says(
        '{"jsonrpc":"2.0","id":"{id}","method":"tools/call","params":{"name":"delete_all","name":"read_file"}}',
      ),
      expect: MALFORMED,
      by_headers: OK,
    },
    {
      name: 'Name beside name',
      send: says(
        '{"jsonrpc":"2.0","id":"{id}","method":"tools/call","params":{"name":"read_file","Name":"delete_all"}}',
      ),
      expect: MALFORMED,
      by_headers: OK,
    },
    { name: 'no MCP headers', send: { body: EARLIER, mcp: NO_HEADERS }, expect: OK, by_headers: MALFORMED },
    {
      name: 'no MCP headers, scope of another tool',
      send: { body: EARLIER.replace('read_file', 'write_file'), mcp: NO_HEADERS },
      expect: NEEDS_WRITE,
      by_headers: MALFORMED,
    },
    {
      name: 'earlier protocol version',
      send: { body: EARLIER, mcp: { version: '2025-11-25' } },
      expect: OK,
      by_headers: MALFORMED,
    },
    {
      name: 'other protocol version than the body',
      send: { mcp: { version: '2025-11-25' } },
      expect: MISMATCH,
      by_headers: MALFORMED,
    },
    {
      name: 'Mcp-Name of another tool',
      send: { mcp: { name: 'write_file' } },
      expect: MISMATCH,
      by_headers: NEEDS_WRITE,
    },
    {
      name: 'Mcp-Name of an allowed tool, body of another',
      send: { call: 'write_file', mcp: { name: 'read_file' } },
      expect: MISMATCH,
      by_headers: SERVER_REFUSES,
    },
    {
      name: 'Mcp-Method of an allowed method, body of another',
      send: { call: 'write_file', mcp: { method: 'tools/list', name: null } },
      expect: MISMATCH,
      by_headers: SERVER_REFUSES,
    },
    { name: 'Mcp-Name in capitals', send: { mcp: { name: 'READ_FILE' } }, expect: MISMATCH, by_headers: FORBIDDEN },
    { name: 'two Mcp-Name headers', send: { headers: ['Mcp-Name: write_file'] }, expect: MISMATCH },
    { name: 'the same Mcp-Name twice', send: { headers: ['Mcp-Name: read_file'] }, expect: MISMATCH },
    { name: 'two Mcp-Method headers', send: { headers: ['mcp-method: tools/list'] }, expect: MISMATCH },
    { name: 'Mcp-Name in base64', send: { mcp: { name: '=?base64?cmVhZF9maWxl?=' } }, expect: OK },
    {
      name: 'Mcp-Name in base64, of another tool',
      send: { mcp: { name: '=?base64?d3JpdGVfZmlsZQ==?=' } },
      expect: MISMATCH,
      by_headers: NEEDS_WRITE,
    },
    { name: 'Mcp-Name in broken base64', send: { mcp: { name: '=?base64?cmVh*?=' } }, expect: MISMATCH },
    { name: 'Mcp_Name beside it', send: { headers: ['Mcp_Name: write_file', 'mcp_method: x'] }, expect: OK_OR_REFUSED },
    {
      name: 'MCP headers named as headers of the connection',
      send: { headers: ['Connection: close, Mcp-Method, Mcp-Name'] },
      expect: OK_OR_REFUSED,
      departures: [
        {
          gateways: [],
          because: 'it takes them away, as HTTP lets it, and the server refuses a message that no header repeats',
          expect: SERVER_REFUSES,
        },
      ],
    },
    {
      name: 'Mcp-Param that repeats an argument',
      send: { headers: ['Mcp-Param-path: /docs/a.txt'] },
      expect: OK,
    },
    {
      name: 'Mcp-Param of another value',
      send: { headers: ['Mcp-Param-path: /etc/passwd'] },
      expect: MISMATCH,
      by_headers: SERVER_REFUSES,
    },
    { name: 'GET', send: bare('GET'), expect: FORBIDDEN },
    {
      name: 'GET where it is listed',
      send: { ...bare('GET'), target: '/billing/mcp', token: 'billing' },
      expect: { status: 200, upstream: 'billing' },
    },
    {
      name: "GET where it is listed, with files' token",
      send: { ...bare('GET'), target: '/billing/mcp' },
      expect: { status: 401, challenge: 'invalid_token', upstream: 'none' },
    },
    {
      name: 'GET that is to become a POST',
      send: {
        ...bare('GET'),
        headers: ['X-HTTP-Method-Override: POST', 'X-Original-Method: POST', 'X-Forwarded-Method: POST'],
      },
      expect: FORBIDDEN,
    },
    { name: 'GET with a message', send: { method: 'GET' }, expect: MALFORMED },
    { name: 'DELETE', send: bare('DELETE'), expect: FORBIDDEN },
    {
      name: 'POST that is to become a DELETE',
      send: { headers: ['X-HTTP-Method-Override: DELETE', 'X-HTTP-Method: DELETE', 'X-Method-Override: DELETE'] },
      expect: OK,
    },
    { name: 'OPTIONS', send: bare('OPTIONS'), expect: REFUSED },
    { name: 'PUT', send: { method: 'PUT' }, expect: REFUSED },
    { name: 'PATCH', send: { method: 'PATCH' }, expect: REFUSED },
    { name: 'HEAD', send: bare('HEAD'), expect: REFUSED },
    { name: 'TRACE', send: bare('TRACE'), expect: REFUSED },
    { name: 'method in small letters', send: { method: 'post' }, expect: REFUSED },
    { name: 'method of nobody', send: { method: 'FETCH' }, expect: REFUSED },
  ],
};
