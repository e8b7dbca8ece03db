/** JSON objects have no order (RFC 8259 §4), so none may change a decision. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/json/value.ts';
import { signText } from '../../src/testing/mint.ts';
import { essence, FILES, HEADER, openWorld, RIGHT } from './world.ts';

/** Right, and wrong at every stage. */
const variants: readonly { readonly header?: JsonObject; readonly claims?: JsonObject; readonly call?: JsonObject }[] =
  [
    {},
    { claims: { aud: [FILES, 'https://billing.example.com/mcp'], scope: '' } },
    { claims: { exp: RIGHT.iat ?? null } },
    { claims: { act: { sub: 'agent', iss: 'https://login.example.com' }, cnf: { jkt: 'a', 'x5t#S256': 'b' } } },
    { header: { typ: 'JWT', cty: 'JWT' } },
    { call: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'write_file', arguments: {} } } },
    { call: { jsonrpc: '2.0', id: null, method: 'tools/call', params: { name: 'read_file', Name: 'pay' } } },
  ];
const CALL = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read_file', arguments: { a: 1, b: 2 } } };

/** The same JSON with its objects' members in an order that `next` draws. */
function shuffled(value: Json, next: () => number): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => shuffled(item, next)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => ({
    text: `${JSON.stringify(name)}:${shuffled(member, next)}`,
    rank: next(),
  }));
  return `{${members
    .sort((a, b) => a.rank - b.rank)
    .map(({ text }) => text)
    .join(',')}}`;
}

describe('the order of members', () => {
  it.each(variants.map((variant, at) => [at, variant] as const))('changes nothing (variant %i)', async (_, variant) => {
    const { bench, key } = await openWorld();
    const header = { ...HEADER, ...variant.header };
    const claims = { ...RIGHT, ...variant.claims };
    const call = variant.call ?? CALL;
    const sign = (...texts: [string, string]) => signText(key('corp'), ...texts);
    const http = { headers: { 'mcp-name': ['read_file'], 'mcp-method': ['tools/call'] }, method: 'POST' };
    const request = (token: string, body: string) => ({ server: FILES, token, body, scheme: 'Bearer', http });

    const token = await sign(JSON.stringify(header), JSON.stringify(claims));
    const { answer: first } = await bench.post(request(token, JSON.stringify(call)));
    expect(first).toHaveProperty('decision');

    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat()), async (ranks) => {
        const next = () => ranks.next().value;
        const other = await sign(shuffled(header, next), shuffled(claims, next));
        const body = shuffled(call, next);
        const ordered: object = JSON.parse(shuffled(request(other, body), next));
        const { answer } = await bench.post(ordered);
        expect({ ...Object(answer), decision_id: null }).toEqual({ ...Object(first), decision_id: null });
        const { decision } = await bench.decide({
          server: FILES,
          token: other,
          source: { kind: 'body', body },
          headers: http.headers,
        });
        const { decision_id: _id, ...expected } = Object(first);
        expect(essence(decision)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });
});
