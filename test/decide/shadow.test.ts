/** The queue of a shadow: bounded, off the answer's path, and of what came to the rules alone. */
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Decided, ShadowOutcome } from '../../src/decide/shadow.ts';
import { createShadow } from '../../src/decide/shadow.ts';
import type { TokenFacts } from '../../src/decision/facts.ts';
import { NO_PROOFS } from '../../src/facts/proof/proofs.ts';
import { NO_REVOCATIONS } from '../../src/facts/revocation/revocations.ts';
import { openDesk } from './desk.ts';

const SECONDS = 1_795_435_200;

async function opened(max_waiting?: number) {
  const { service, decide, token } = await openDesk();
  const at = service.current();
  const outcomes: ShadowOutcome[] = [];
  const read: number[] = [];
  const shadow = createShadow({
    // Whatever it reads fails, so that each decision that is judged again can be told from one that is not.
    readers: {
      tokens: {
        read: () => {
          read.push(1);
          return Promise.reject(new Error('down'));
        },
      },
      proofs: NO_PROOFS,
      revocations: NO_REVOCATIONS,
    },
    now: () => 0,
    onOutcome: (outcome) => outcomes.push(outcome),
    onDifference: () => {},
    ...(max_waiting !== undefined && { max_waiting }),
  });
  const text = await token();
  const decision = await decide({ token: text });
  const nothing = { server: null, reasons: [], call: null, token: null, input: null, required_scopes: [], waivers: [] };
  const decided: Decided = {
    ask: {
      server: 'https://files.example.com/mcp',
      token: text,
      source: { kind: 'call', method: 'tools/call', tool: 'read_file' },
    },
    caller: { name: 'local', servers: '*' },
    at,
    seconds: SECONDS,
    decision,
    evaluation: { ...nothing, outcome: 'allow', custom: { claims: {} }, would_deny: [], reported: [] },
  };
  const closed: string[] = [];
  const rules = (name: string) => ({ policy: at.policy, judges: at.policy, close: () => closed.push(name) });
  return { shadow, decided, outcomes, read, closed, rules };
}

test('nothing is judged before the turn of the event loop ends, and what comes while it is behind is dropped', async () => {
  const { shadow, decided, outcomes, read, rules } = await opened(2);
  shadow.replace(rules('one'));
  for (let times = 0; times < 5; times++) shadow.offer(decided);
  expect(read).toEqual([]);
  expect(outcomes).toEqual(['dropped', 'dropped', 'dropped']);
  for (let turns = 0; turns < 10; turns++) await setImmediate();
  expect(read).toHaveLength(2);
  expect(outcomes.slice(3)).toEqual(['unavailable', 'unavailable']);
  shadow.offer(decided);
  for (let turns = 0; turns < 10; turns++) await setImmediate();
  expect(read).toHaveLength(3);
});

test('without a shadow, for what never came to the rules, and once closed, nothing is judged', async () => {
  const { shadow, decided, outcomes, read, closed, rules } = await opened();
  shadow.offer(decided);
  shadow.replace(rules('first'));
  shadow.replace(rules('second'));
  expect(closed).toEqual(['first']);
  shadow.offer({ ...decided, evaluation: { ...decided.evaluation, custom: null } });
  shadow.offer(decided);
  shadow.close();
  for (let turns = 0; turns < 10; turns++) await setImmediate();
  expect(read).toEqual([]);
  expect(outcomes).toEqual([]);
  expect(closed).toEqual(['first', 'second']);
});

test('a proof that the live decision has used is no difference', async () => {
  const { decided, rules } = await opened();
  const { at } = decided;
  const issuer = at.registry.issuers.get('corp');
  if (issuer === undefined) throw new Error('the desk has this issuer');
  const token: TokenFacts = {
    ...{ type: 'at+jwt', algorithm: 'ES256', key_id: 'key-1', issuer: issuer.issuer },
    ...{
      audiences: ['https://files.example.com/mcp'],
      scopes: ['files:read'],
      subject: 'user-1',
      client_id: 'desktop',
    },
    ...{ issued_at: SECONDS - 10, expires_at: SECONDS + 290, confirmation: { jkt: 'a' }, claims: {} },
  };
  const once = { server: 'files', jkt: 'a', jti: 'b', issued_at: SECONDS, until: SECONDS + 66 };
  const outcomes: ShadowOutcome[] = [];
  const shadow = createShadow({
    readers: {
      tokens: { read: () => ({ kind: 'verified', token, issuer }) },
      proofs: {
        read: () => ({ facts: { dpop: { jkt: 'a', algorithm: 'ES256', issued_at: SECONDS } }, reasons: [], once }),
        use: () => ({ kind: 'replayed' }),
        status: () => null,
      },
      revocations: NO_REVOCATIONS,
    },
    now: () => 0,
    onOutcome: (outcome) => outcomes.push(outcome),
    onDifference: () => {},
  });
  shadow.replace(rules('one'));
  shadow.offer({ ...decided, ask: { ...decided.ask, scheme: 'DPoP', method: 'POST' } });
  for (let turns = 0; turns < 10; turns++) await setImmediate();
  expect(outcomes).toEqual(['same']);
});
