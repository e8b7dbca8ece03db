/** Calls at a gateway that hands on no body: audgate reads them from the headers that MCP 2026-07-28 requires. */

export const BY_HEADERS = {
  server: { call_from: 'headers' },
  headers: callHeaders('tools/call', 'read_file'),
} as const;

export function callHeaders(method: string, name: string): readonly (readonly [name: string, value: string])[] {
  return [
    ['MCP-Protocol-Version', '2026-07-28'],
    ['Mcp-Method', method],
    ['Mcp-Name', name],
  ];
}
