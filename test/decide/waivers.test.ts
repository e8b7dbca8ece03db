/** Every use of a waiver is shown in `advice.waivers`, and an allow ends with the first of token and waivers (contract 1, 2). */
import { describe, expect, it } from 'vitest';
import { mint } from '../../src/testing/mint.ts';
import { FILES, NOW, openWorld } from '../property/world.ts';

const owned = { owner: 'team-files', until: '2026-12-31T00:00:00Z' };

describe('an allow', () => {
  it.each([
    { client: 'client-1', needs: 'no waiver', claims: {}, advice: {}, valid_until: '2026-11-23T12:05:00Z' },
    {
      client: 'desktop',
      needs: 'a waiver of the audience',
      claims: { aud: 'api://default' },
      advice: { waivers: [{ what: 'audience', ...owned }] },
      valid_until: '2026-11-23T12:05:00Z',
    },
    {
      client: 'desktop',
      needs: 'none though one is listed',
      claims: {},
      advice: {},
      valid_until: '2026-11-23T12:05:00Z',
    },
    {
      client: 'nightly',
      needs: 'a waiver of the lifetime, which ends before the token',
      claims: { exp: '+7200' },
      advice: { waivers: [{ what: 'lifetime', owner: 'team-files', until: '2026-11-23T12:30:00Z' }] },
      valid_until: '2026-11-23T12:30:00Z',
    },
    {
      client: 'batch',
      needs: 'a waiver of each',
      claims: { aud: 'api://batch', exp: '+7200' },
      advice: {
        waivers: [
          { what: 'audience', ...owned },
          { what: 'lifetime', ...owned },
        ],
      },
      valid_until: '2026-11-23T14:00:00Z',
    },
  ])('that needs $needs says so, and when it ends', async ({ client, claims, advice, valid_until }) => {
    const { bench, key } = await openWorld();
    const right = {
      issuer: 'https://login.example.com',
      type: 'at+jwt',
      audience: FILES,
      scopes: ['files:read'],
      token_id: '1',
      now: NOW,
    };
    const token = await mint(key('corp'), right, { claims: { client_id: client, ...claims } });
    const source = { kind: 'call', method: 'tools/call', tool: 'read_file' } as const;
    const { decision } = await bench.decide({ server: FILES, token, source });
    expect(decision).toMatchObject({ decision: 'allow', valid_until });
    expect(decision).toHaveProperty('advice', advice);
  });
});
