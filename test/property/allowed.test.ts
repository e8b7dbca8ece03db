/** A list never says another thing than the decisions would: what it names is allowed, and nothing else is. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CallFacts } from '../../src/decision/facts.ts';
import { openDesk } from '../decide/desk.ts';
import { FILES } from './world.ts';

const CALLS: readonly (readonly ['tools' | 'prompts' | 'resources' | 'methods', string, CallFacts])[] = [
  ...['read_file', 'write_file', 'many'].map((tool) => ['tools', tool, { method: 'tools/call', tool }] as const),
  ['prompts', 'greet', { method: 'prompts/get', prompt: 'greet' }],
  ['resources', 'file:///docs/*', { method: 'resources/read', uri: 'file:///docs/a' }],
  ...['ping', 'tools/list', 'vendor/stats'].map((method) => ['methods', method, { method }] as const),
  ['methods', 'subscriptions/listen', { method: 'subscriptions/listen', lists: [] }],
];

const SCOPES = ['files:read', 'files:write', 'files:own', ...Array.from({ length: 20 }, (_, at) => `s${at}`)];

const claims = fc.record(
  {
    aud: fc.constantFrom(FILES, 'https://billing.example.com/mcp', 'api://default', 'account', [FILES, 'account'], []),
    client_id: fc.constantFrom('client-1', 'desktop', 'nightly', 'late'),
    exp: fc.constantFrom('+300', '+7200', '+0'),
    scope: fc.oneof(fc.subarray([...SCOPES]), fc.constant(SCOPES)).map((scopes) => scopes.join(' ')),
    sub: fc.constantFrom('user-1', null),
    act: fc.constantFrom({ sub: 'agent-7' }, undefined),
  },
  { requiredKeys: [], noNullPrototype: true },
);

it('an operation is listed exactly if a call of it is allowed', async () => {
  const desk = await openDesk();
  const caller = { name: 'local', servers: '*' } as const;
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(claims, fc.boolean(), async ({ act, ...rest }, foreign) => {
      const token = await desk.token({ claims: { ...rest, ...(act && { act }) } }, foreign ? 'partner' : 'corp');
      const list = await desk.service.allowed({ server: FILES, token }, caller);
      for (const [kind, name, call] of CALLS) {
        const { decision } = await desk.decide({ token, source: { kind: 'call', ...call } });
        expect([kind, name, list[kind].includes(name)]).toEqual([kind, name, decision === 'allow']);
        seen.add(`${kind} ${name} ${decision}`);
      }
      const others = await desk.decide({ token, source: { kind: 'call', method: 'tools/call', tool: 'unlisted' } });
      expect(list.unlisted_tools).toBe(others.decision === 'allow');
    }),
    { numRuns: 500 },
  );
  // Each was seen both ways, but for the method that nothing opens.
  expect([...seen].filter((one) => one.endsWith(' allow')).length).toBe(CALLS.length - 1);
  expect([...seen].filter((one) => one.endsWith(' deny')).length).toBe(CALLS.length);
});
