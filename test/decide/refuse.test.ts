/** Denials and failures as reasons: in the order of precedence, with evidence fit to leave the process. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  argumentsTooLarge,
  inOrder,
  keysUnavailable,
  MAX_ARGUMENTS_BYTES,
  policyUnavailable,
  reasonsOf,
  refusal,
} from '../../src/decide/refuse.ts';
import type { Reason } from '../../src/decision/reason.ts';
import type { CustomDenial } from '../../src/decision/verdict.ts';
import { EVERYONE, openDesk } from './desk.ts';

async function custom(denial: Omit<CustomDenial, 'rule'>): Promise<Reason | undefined> {
  const { service, explain, token } = await openDesk();
  const { registry } = service.current();
  const { input } = await explain({ token: await token() });
  const server = registry.servers.get('files');
  if (input === null || server === undefined) throw new Error('a right call has both');
  const judgement = { kind: 'deny', denials: [], custom: [{ rule: 'quiet', ...denial }], required_scopes: [] } as const;
  return reasonsOf(judgement, { input, server, registry, caller: EVERYONE }, true)[0];
}

describe('reasons', () => {
  it('stand in the order of precedence, whatever order they came in', () => {
    const reasons: readonly Reason[] = [
      { code: 'scope_insufficient', message: '' },
      { code: 'custom:b/x', message: '2' },
      { code: 'custom:b/x', message: '1' },
      { code: 'custom:a/y', message: '' },
      { code: 'tool_unknown', message: '' },
      { code: 'waiver_expired', message: '' },
      { code: 'audience_mismatch', message: '' },
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray([...reasons], { minLength: reasons.length }), (shuffled) => {
        const sorted = inOrder(shuffled);
        expect([...new Set(sorted.map(({ code }) => code))].reverse()).toEqual([
          'scope_insufficient',
          'custom:b/x',
          'custom:a/y',
          'tool_unknown',
          'waiver_expired',
          'audience_mismatch',
        ]);
        expect(sorted.filter(({ code }) => code === 'custom:b/x').map(({ message }) => message)).toEqual(['1', '2']);
      }),
    );
  });

  it('have the table’s own words where there is nothing more to say', () => {
    expect(refusal('token_missing')).toEqual({
      code: 'token_missing',
      message:
        'The request carries no access token. Get an access token for this server and send it in the Authorization header.',
    });
    expect(policyUnavailable().message).toContain('see the log');
  });

  it('of keys that cannot be had name the issuer, and why', () => {
    expect(keysUnavailable('corp', 'HTTP status 500\u0000').message).toBe(
      'The keys of issuer "corp" cannot be had: HTTP status 500\\u0000. Retry; /v1/status shows the key source\'s last error.',
    );
  });
});

describe('arguments too large', () => {
  const call = (text: string) => ({ method: 'tools/call', tool: 't', arguments: { text } });
  /** `{"text":""}` around it. */
  const FRAME = 11;

  it('are none up to 16 KiB, in bytes of UTF-8', () => {
    expect(argumentsTooLarge({ method: 'ping' })).toBeNull();
    expect(argumentsTooLarge(call('x'.repeat(MAX_ARGUMENTS_BYTES - FRAME)))).toBeNull();
    expect(argumentsTooLarge(call('ü'.repeat(MAX_ARGUMENTS_BYTES / 2)))).not.toBeNull();
  });

  it('are told with their size and the limit', () => {
    expect(argumentsTooLarge(call('x'.repeat(20_000 - FRAME)))).toEqual({
      code: 'arguments_too_large',
      message:
        'The arguments are 20000 bytes of JSON, and custom rules are given at most 16384. Send smaller arguments.',
      expected: [16_384],
      actual: [20_000],
    });
  });
});

describe('a custom rule’s denial', () => {
  it('is custom:<rule>/<code>, with what the rule said', async () => {
    expect(await custom({ code: 'night', message: 'Not at night.', expected: [22], actual: ['now'] })).toEqual({
      code: 'custom:quiet/night',
      message: 'Not at night.',
      expected: [22],
      actual: ['now'],
    });
    expect(await custom({ code: 'night' })).toEqual({
      code: 'custom:quiet/night',
      message: 'The custom rule quiet denies this call. See the rule.',
    });
  });

  it('is cut and escaped, whatever the rule wrote', async () => {
    const reason = await custom({
      code: 'night',
      message: `\u202e${'😀'.repeat(200)}`,
      expected: Array.from({ length: 20 }, () => 'a\nb'),
      actual: [1e20],
    });
    expect(reason?.message).toBe(`\\u202e${'😀'.repeat(124)}…`);
    expect(reason?.expected).toEqual([...Array.from({ length: 15 }, () => 'a\\u000ab'), '…']);
    expect(reason?.actual).toEqual(['100000000000000000000']);
  });
});

it('evidence of a token that nobody verified says so', async () => {
  const { decide, token } = await openDesk({ keyless: true });
  const { decision, reasons } = await decide({ token: await token({ claims: { aud: 'x', exp: '+3600' } }) });
  expect(decision).toBe('deny');
  expect(reasons.map(({ code, verified }) => ({ code, verified }))).toEqual([
    { code: 'audience_mismatch', verified: false },
    { code: 'lifetime_exceeded', verified: false },
  ]);
});
