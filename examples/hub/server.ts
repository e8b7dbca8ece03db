/** A hub in front of two MCP servers. It listens where registry.yaml says, and asks the audgate that has the same registry. */
import { serve } from '@hono/node-server';
import { createClient } from 'audgate/client';
import { createHub } from './hub.ts';
import { createTokens } from './tokens.ts';

const { AUDGATE_KEY: key, HUB_CLIENT_SECRET: client_secret = '' } = process.env;

const hub = createHub({
  audgate: createClient({ url: 'http://127.0.0.1:8181', timeout_ms: 2000, ...(key !== undefined && { key }) }),
  resource: 'http://127.0.0.1:3000/mcp',
  backends: [
    { prefix: 'files_', resource: 'https://files.example.com/mcp', url: 'https://files.example.com/mcp' },
    { prefix: 'billing_', resource: 'https://billing.example.com/mcp', url: 'https://billing.example.com/mcp' },
  ],
  tokenFor: createTokens({
    token_endpoint: 'https://login.example.com/token',
    client_id: 'hub',
    client_secret,
    grant: 'exchange',
  }),
  refused: (server, codes) => console.error(`not passed on to ${server}: ${codes.join(', ')}`),
});

serve({ fetch: hub, hostname: '127.0.0.1', port: 3000 });
