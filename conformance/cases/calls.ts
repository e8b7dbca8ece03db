/** The calls that cases send: each a JSON-RPC message, and the MCP headers that repeat it. */

export interface Call {
  /** Null: the message is not one that has a method. */
  readonly method: string | null;
  readonly name?: string;
  readonly params?: object;
  /** Without id. */
  readonly notification?: true;
}

const tool = (name: string, args: object = {}): Call => ({
  method: 'tools/call',
  name,
  params: { name, arguments: args },
});
const resource = (uri: string): Call => ({ method: 'resources/read', name: uri, params: { uri } });
const prompt = (name: string): Call => ({ method: 'prompts/get', name, params: { name } });

export const CALLS = {
  read_file: tool('read_file', { path: '/docs/a.txt' }),
  foreign_words: tool('read_file', { path: 'Ångström \u2028 \u{1F511} \u0000' }),
  placeholders: tool('read_file', {
    path: '{http.request.host} {env.PATH} {vars.mcp_body} $host \x24{PATH} %[req.hdr(host)] %{HOST} %REQ(HOST)% {{ .Host }}',
  }),
  write_file: tool('write_file', { path: '/docs/a.txt', text: 'x' }),
  delete_all: tool('delete_all'),
  pay: tool('pay', { amount: 5 }),
  initialize: { method: 'initialize', params: { capabilities: {} } },
  discover: { method: 'server/discover', params: {} },
  list_tools: { method: 'tools/list', params: {} },
  cancelled: { method: 'notifications/cancelled', params: { requestId: 'x' }, notification: true },
  delete_all_notification: { ...tool('delete_all'), notification: true },
  summary: prompt('summary'),
  secrets: prompt('secrets'),
  document: resource('file:///docs/a.txt'),
  other_file: resource('file:///etc/passwd'),
  dotted_file: resource('file:///docs/../etc/passwd'),
  encoded_file: resource('file:///docs/%2e%2e/etc/passwd'),
  unknown_method: { method: 'files/delete_all', params: {} },
  pseudo_method: { method: 'http/get', params: {} },
  listen: {
    method: 'subscriptions/listen',
    params: { notifications: { resourceSubscriptions: ['file:///docs/a.txt', 'file:///etc/passwd'] } },
  },
} as const satisfies Readonly<Record<string, Call>>;

export type CallName = keyof typeof CALLS;

const VERSION = '2026-07-28';

/** @param id JSON-RPC id; it also tells this request from all others */
export function messageOf(call: Call, id: string): string {
  const meta = { 'io.modelcontextprotocol/protocolVersion': VERSION, 'com.example/call': id };
  const params = { ...call.params, _meta: meta };
  return JSON.stringify({
    jsonrpc: '2.0',
    ...(call.notification ? {} : { id }),
    method: call.method,
    params,
  });
}

/** Header values of MCP 2026-07-28, streamable HTTP, request metadata. */
export function headersOf(call: Call): { version: string; method: string | null; name: string | null } {
  return { version: VERSION, method: call.method, name: call.name ?? null };
}
