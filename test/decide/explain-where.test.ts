/** Each check names the very line of the registry that made it so. */
import { expect, it } from 'vitest';
import type { Ask } from '../../src/decide/ask.ts';
import type { JsonObject } from '../../src/json/value.ts';
import { writeEntry } from '../../src/record/entry.ts';
import { loadRegistryText } from '../../src/registry/load.ts';
import { explainEntry } from '../../src/replay/explain-entry.ts';
import { READS_ALL } from '../../src/replay/reads.ts';
import { readRecord } from '../../src/replay/recorded.ts';
import { FILES, NOW } from '../property/world.ts';
import { openDesk } from './desk.ts';

/** The records of the desk, member by member. */
const TEXT = `issuers:
  corp:
    issuer: https://login.example.com
    algorithms: [ES256]
    clock_tolerance_seconds: 5
  partner: { issuer: https://login.partner.example, algorithms: [ES256] }
servers:
  files:
    resource: ${FILES}
    audiences:
      - ${FILES}/
    issuers:
      - corp
    max_lifetime_seconds: 900
    actors: [agent-2]
    sender_constraint: none
    tools:
      read_file: { scopes: [files:read] }
      write_file:
        scopes:
          - files:write
    waivers:
      - what: audience
        issuer: corp
        client_id: late
        audience: api://default
        operations: [tools/call read_file]
        owner: team
        reason: not yet
        until: 2026-11-01T00:00:00Z
`;

/** The checks of a call, by the registry of that text: by way of a record, which is all that is known of the call. */
async function linesOf(
  claims: JsonObject,
  tool: string,
  issuer: 'corp' | 'partner',
): Promise<ReadonlyMap<string, string>> {
  const desk = await openDesk();
  const ask: Partial<Ask> = { source: { kind: 'call', method: 'tools/call', tool } };
  await desk.decide({ token: await desk.token({ claims }, issuer), ...ask });
  const [event] = desk.events;
  if (event === undefined) throw new Error('nothing was recorded');
  const record = readRecord(JSON.stringify(writeEntry(event, { labels: {}, arguments: false })));
  const loaded = loadRegistryText(TEXT, {
    ...{ file: 'r.yaml', now: NOW },
    replaceKeySource: (key) => ({ kind: 'jwks', keys: [{ kid: key }] }),
  });
  if (!record.ok || !loaded.ok) throw new Error(JSON.stringify([record, loaded]));
  const at = { ...desk.service.current(), registry: loaded.registry };
  const { explanation } = explainEntry(record.record, at, READS_ALL);
  return new Map(explanation?.checks.map(({ rule, registry }) => [rule, registry ?? '']));
}

it.each<[string, JsonObject, string, 'corp' | 'partner', Readonly<Record<string, number>>]>([
  [
    'a right call',
    ...([{}, 'read_file', 'corp'] as const),
    { issuer: 13, audience: 9, lifetime: 14, operation: 18, scope: 18, sender_constraint: 16, delegation: 15 },
  ],
  ['another spelling of the resource', { aud: `${FILES}/` }, 'read_file', 'corp', { audience: 10 }],
  ['a foreign audience', { aud: 'api://x' }, 'read_file', 'corp', { audience: 9 }],
  ['a waiver that has ended', { aud: 'api://default', client_id: 'late' }, 'read_file', 'corp', { audience: 30 }],
  ['an issuer that is not listed', {}, 'read_file', 'partner', { issuer: 12 }],
  ['too long a life', { exp: NOW + 5000 }, 'read_file', 'corp', { lifetime: 14 }],
  ['a token that has ended', { iat: NOW - 600, exp: NOW - 300 }, 'read_file', 'corp', { lifetime: 5 }],
  ['an unknown tool', {}, 'other', 'corp', { operation: 17, scope: 17 }],
  ['a scope that lacks', {}, 'write_file', 'corp', { operation: 19, scope: 20 }],
  ['an actor', { act: { sub: 'agent-1' } }, 'read_file', 'corp', { delegation: 15 }],
])('%s', async (_, claims, tool, issuer, expected) => {
  const lines = await linesOf(claims, tool, issuer);
  for (const [rule, line] of Object.entries(expected))
    expect([rule, lines.get(rule)]).toEqual([rule, `r.yaml:${line}`]);
});
