/** A guarded server's own protected resource metadata (RFC 9728), readable from anywhere. */
import { describe, expect, it } from 'vitest';
import { protect } from '../../src/server.ts';
import { FILES } from '../e2e/issue.ts';
import { METADATA, startWorld, witness } from './world.ts';

const PLACE = `https://files.example.com${METADATA}`;

async function guarded() {
  const { guard } = await startWorld();
  const { seen, handler } = witness();
  return { fetch: protect(guard, handler), seen };
}

describe('protected resource metadata', () => {
  it('is served without token, to browsers of any origin too', async () => {
    const { fetch, seen } = await guarded();
    const answer = await fetch(new Request(PLACE, { headers: { origin: 'https://app.example.com' } }));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.json()).toEqual({
      resource: FILES,
      authorization_servers: ['https://login.example.com'],
      scopes_supported: ['files:read'],
      bearer_methods_supported: ['header'],
    });
    expect(seen).toEqual([]);
  });

  it('answers the question that browsers ask first, and HEAD, and nothing that would change it', async () => {
    const { fetch } = await guarded();
    const asked = { 'access-control-request-headers': 'mcp-protocol-version' };
    const preflight = await fetch(new Request(PLACE, { method: 'OPTIONS', headers: asked }));
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toBe('mcp-protocol-version');
    const head = await fetch(new Request(PLACE, { method: 'HEAD' }));
    expect([head.status, await head.text()]).toEqual([200, '']);
    const post = await fetch(new Request(PLACE, { method: 'POST', body: '{}' }));
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  it('is that one path, and whatever is beside it needs a token', async () => {
    const { fetch, seen } = await guarded();
    for (const place of [`${PLACE}/`, `${PLACE}?x=1`, PLACE.replace('/mcp', ''), PLACE.replace('/.well', '//.well')]) {
      expect((await fetch(new Request(place))).status).toBe(401);
    }
    expect(seen).toEqual([]);
  });
});
