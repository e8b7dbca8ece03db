/** A real MCP client with one token in its hand. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

export async function callerOf(url: string, token: string) {
  const client = new Client({ name: 'a client of a hub', version: '1.0.0' });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  return {
    list: async () => (await client.listTools()).tools.map(({ name }) => name).sort(),
    async call(name: string) {
      const result = await client.callTool({ name, arguments: {} });
      const text = result.content.map((part) => (part.type === 'text' ? part.text : '')).join('');
      return { text, isError: result.isError === true };
    },
    close: () => client.close(),
  };
}
