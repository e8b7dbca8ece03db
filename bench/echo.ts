/** The floor of what any HTTP answer costs: Hono on the same server, giving back the body that it was sent. */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const app = new Hono();
app.post('/v1/decide', async (c) => c.body(await c.req.text(), 200, { 'content-type': 'application/json' }));
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
  console.log(JSON.stringify({ event: 'listening', url: `http://127.0.0.1:${port}` }));
});
