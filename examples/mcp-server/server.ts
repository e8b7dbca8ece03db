/** An MCP server with two tools that checks the tokens of its own clients. It listens where registry.yaml says. */
import { serve } from '@hono/node-server';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { openGuard, protect } from 'audgate/server';
import { z } from 'zod';

const guard = await openGuard({
  registry: `${import.meta.dirname}/registry.yaml`,
  server: { key: 'files' },
  records: process.stdout,
});
const files = new Map([['hello.txt', 'Hello.']]);

const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: 'files', version: '1.0.0' });
  server.registerTool(
    'read_file',
    { description: 'Reads a file', inputSchema: z.object({ path: z.string() }) },
    ({ path }) => {
      const text = files.get(path);
      if (text === undefined) return { content: [{ type: 'text', text: 'There is no such file.' }], isError: true };
      return { content: [{ type: 'text', text }] };
    },
  );
  server.registerTool(
    'write_file',
    { description: 'Writes a file', inputSchema: z.object({ path: z.string(), text: z.string() }) },
    ({ path, text }, { http }) => {
      files.set(path, text);
      return { content: [{ type: 'text', text: `Written for ${http?.authInfo?.clientId}.` }] };
    },
  );
  return server;
});

serve({ fetch: protect(guard, mcp.fetch), hostname: '127.0.0.1', port: 3000 });
