/** Ordinary life raises nothing, and nothing that anybody sends makes memory grow or puts out of it what was verified. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CallFacts } from '../../src/decision/facts.ts';
import type { ReasonCode } from '../../src/decision/reasons.ts';
import { type Shown, watching } from './decided.ts';

const SERVERS = ['files', 'billing', 'mail', 'wiki', 'build'];
/** For which a client's own token may be refused at its own server, from its first day to its last. */
const ORDINARY: readonly ReasonCode[] = [
  'token_expired',
  'token_not_yet_valid',
  'scope_insufficient',
  'tool_unknown',
  'method_unknown',
  'authentication_insufficient',
  'proof_missing',
  'proof_replayed',
  'proof_nonce_required',
  'lifetime_exceeded',
  'custom:hours/closed',
];
const OUTAGES: readonly ReasonCode[] = ['keys_unavailable', 'replay_store_unavailable', 'log_unavailable'];
/** Before its token is looked at, or of a text that is none: always at its own server. */
const UNREAD: readonly ReasonCode[] = ['call_malformed', 'header_mismatch', 'token_malformed', 'key_unknown'];
const CALLS: readonly CallFacts[] = [
  { method: 'initialize' },
  { method: 'tools/list' },
  { method: 'tools/call', tool: 'read_file' },
  { method: '*' },
];

/** One step of a client that has a token of its own for each server, through the one gateway of each of its users. */
const step = fc.record({
  user: fc.integer({ min: 0, max: 3 }),
  server: fc.constantFrom(...SERVERS),
  turn: fc.integer({ min: 0, max: 2 }),
  replica: fc.constantFrom('edge-1', 'edge-2'),
  call: fc.constantFrom(...CALLS),
  wait: fc.integer({ min: 0, max: 5000 }),
  outcome: fc.oneof(
    { weight: 5, arbitrary: fc.constant({ codes: [] as ReasonCode[] }) },
    { weight: 3, arbitrary: fc.constantFrom(...ORDINARY).map((code) => ({ codes: [code] })) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...OUTAGES).map((code) => ({ codes: [code], outcome: 'indeterminate' as const })),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...UNREAD).map((code) => ({ codes: [code], claims: null, verified: false })),
    },
  ),
});

it('raises nothing for clients with a token of their own for each server, whatever their calls come to', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const watch = watching();
      for (const { user, server, turn, replica, call, wait, outcome } of steps) {
        watch.pass(wait);
        watch.see({
          text: `token ${turn} of user ${user} for ${server}`,
          server,
          call,
          caller: { name: replica, gateway: 'edge' },
          claims: { subject: `user-${user}` },
          ...outcome,
        });
      }
      expect(watch.events).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

it('remembers no more than it may of 100,000 tokens, and no made-up one puts out a verified one', () => {
  const watch = watching({ max_entries: 1000 });
  const caller = (name: string) => ({ caller: { name } });
  for (let one = 0; one < 1000; one++) watch.see({ text: `real ${one}`, server: 'files', ...caller('east') });
  const flood: Shown = { text: '', server: 'files', codes: ['signature_invalid'], claims: null, call: null };
  for (let one = 0; one < 100_000; one++) watch.see({ ...flood, text: `made up ${one}` });
  expect(watch.sizes()).toEqual({ verified: 1000, unverified: 250, clients: 0 });
  expect(watch.see({ text: 'real 0', server: 'files', ...caller('west') })).toEqual(['several_gateways']);
  // Of its own kind the oldest is forgotten.
  for (const server of SERVERS.slice(0, 2)) watch.see({ ...flood, text: 'made up 0', server });
  expect(watch.kinds()).toEqual(['several_gateways', 'token_elsewhere']);
});

it('holds no token and nothing that is one in disguise longer than the decision, in what it tells', () => {
  const watch = watching();
  const jwt = `eyJhbGciOiJFUzI1NiJ9.${'e'.repeat(40)}.${'s'.repeat(40)}`;
  const claims = { audiences: ['https://billing.example.com/mcp'], subject: jwt, token_id: `\u202e${'x'.repeat(400)}` };
  watch.see({ text: jwt, server: 'files', codes: ['audience_mismatch'], claims });
  expect(watch.events[0]?.subject).toBe('eyJ…');
  expect(watch.events[0]?.token_id).toMatch(/^\\u202ex{240,}…$/);
  expect(JSON.stringify(watch.events)).not.toContain(jwt.slice(0, 12));
});

it('looks at no text that is too long to be a token', () => {
  const watch = watching();
  for (const server of ['files', 'billing'])
    watch.see({ text: 'x'.repeat(8193), server, codes: ['token_malformed'], claims: null });
  expect([watch.events, watch.sizes().unverified]).toEqual([[], 0]);
});
