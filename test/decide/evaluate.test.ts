/** The stages of a decision: a refusal ends the work, and each stage tells what it found (contract 2). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ask } from '../../src/decide/ask.ts';
import type { CallSource } from '../../src/decision/facts.ts';
import { decision as decisionForm } from '../../src/http/native/answers.ts';
import { readJson } from '../../src/json/read.ts';
import { writeEntry } from '../../src/record/entry.ts';
import { BILLING, type Desk, openDesk, READ_FILE } from './desk.ts';

const BATCH: CallSource = { kind: 'body', body: '[]' };
const UNLISTED: CallSource = { kind: 'call', method: 'tools/call', tool: 'unlisted' };

async function codesOf({ decide }: Desk, question: Partial<Ask>): Promise<readonly string[]> {
  return (await decide(question)).reasons.map(({ code }) => code);
}

describe('a stage that refuses ends the work', () => {
  it('the server before everything', async () => {
    const desk = await openDesk();
    expect(await codesOf(desk, { server: 'x', scheme: 'Basic', source: BATCH, token: 'x' })).toEqual([
      'server_unknown',
    ]);
  });

  it('the call, with all that is wrong with it, before the token', async () => {
    const desk = await openDesk();
    const headers = { 'mcp-name': ['a', 'b'] };
    expect(await codesOf(desk, { scheme: 'Basic', source: BATCH, headers, token: null })).toEqual([
      'scheme_unsupported',
      'call_malformed',
      'header_mismatch',
    ]);
  });

  it.each([undefined, null, ''])('a token that is %j before its text is looked at', async (token) => {
    const desk = await openDesk();
    expect(await codesOf(desk, { source: UNLISTED, ...(token !== undefined && { token }) })).toEqual(['token_missing']);
  });

  it('the token, with its first failure alone, before the policy', async () => {
    const desk = await openDesk();
    const token = await desk.token({ claims: { sub: null, aud: BILLING }, sign: 'foreign_key' });
    expect(await codesOf(desk, { token, source: UNLISTED })).toEqual(['claims_invalid']);
  });

  it('the policy last, with all denials of all rules', async () => {
    const desk = await openDesk();
    const token = await desk.token({ claims: { aud: BILLING, exp: '+3600', scope: '', act: { sub: 'a' } } });
    expect(await codesOf(desk, { token })).toEqual([
      'audience_mismatch',
      'lifetime_exceeded',
      'actor_not_allowed',
      'scope_insufficient',
    ]);
    expect(await codesOf(desk, { token, source: UNLISTED })).toEqual([
      'audience_mismatch',
      'lifetime_exceeded',
      'actor_not_allowed',
      'tool_unknown',
    ]);
  });
});

describe('when the keys cannot be had', () => {
  it('a token that core would accept is indeterminate: nobody knows', async () => {
    const desk = await openDesk({ keyless: true });
    const decision = await desk.decide({ token: await desk.token() });
    expect(decision).toMatchObject({ decision: 'indeterminate', reasons: [{ code: 'keys_unavailable' }] });
    expect(decision).not.toHaveProperty('challenge');
  });

  it('one that core refuses is denied all the same, for its unverified claims alone', async () => {
    const desk = await openDesk({ keyless: true });
    const decision = await desk.decide({ token: await desk.token({ claims: { aud: BILLING } }) });
    expect(decision).toMatchObject({ decision: 'deny', challenge: { status: 401 } });
    expect(decision.reasons).toMatchObject([{ code: 'audience_mismatch', verified: false }]);
  });

  it('one whose form is wrong is denied before keys are asked for', async () => {
    const desk = await openDesk({ keyless: true });
    expect(await codesOf(desk, { token: await desk.token({ claims: { sub: null } }) })).toEqual(['claims_invalid']);
  });
});

describe('a right call', () => {
  it.each<[string, Partial<Ask>]>([
    ['as the gateway tells it', { source: READ_FILE }],
    [
      'as a message',
      {
        source: {
          kind: 'message',
          message: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read_file' } },
        },
      },
    ],
    [
      'as a body, with its headers',
      {
        source: { kind: 'body', body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file"}}' },
        headers: { 'mcp-method': ['tools/call'], 'mcp-name': ['read_file'] },
        scheme: 'bEARER',
      },
    ],
  ])('%s is allowed', async (_, question) => {
    const desk = await openDesk();
    expect((await desk.decide({ token: await desk.token(), ...question })).decision).toBe('allow');
  });
});

describe('whatever a client and its token wrote', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => String.fromCharCode(code).repeat(99)),
    fc.nat(3).map((before) => 'a'.repeat(before) + '😀'.repeat(200)),
    fc.constantFrom('https://files.example.com/mcp/', '\u202e', 'read_file'),
  );
  /** Strict JSON lets no lone surrogate into a token: one would end at its text. */
  const claim = fc.oneof(text, fc.array(text, { maxLength: 20 }), fc.integer(), fc.constant(null));
  const wellFormed = claim.map((value) =>
    JSON.parse(
      JSON.stringify(value)
        .toWellFormed()
        .replace(/\\ud[89a-f]../g, '?'),
    ),
  );
  const source = fc.oneof(
    text.map((tool): CallSource => ({ kind: 'call', method: 'tools/call', tool })),
    text.map((uri): CallSource => ({ kind: 'call', method: 'resources/read', uri })),
    text.map((method): CallSource => ({ kind: 'call', method })),
    text.map((body): CallSource => ({ kind: 'body', body })),
    fc.tuple(text, text).map(
      ([id, name]): CallSource => ({
        kind: 'message',
        message: { jsonrpc: '2.0', id, method: 'tools/call', params: { name, [name]: id } },
      }),
    ),
    fc.constant(READ_FILE),
  );
  const headers = fc.record(
    { 'mcp-name': fc.array(text, { maxLength: 2 }) },
    { requiredKeys: [], noNullPrototype: true },
  );
  const claims = fc.dictionary(fc.constantFrom('aud', 'sub', 'client_id', 'scope', 'act', 'cnf', 'iss'), wellFormed, {
    maxKeys: 2,
    noNullPrototype: true,
  });

  it('each answer and record is strict JSON in the agreed form', async () => {
    const desk = await openDesk();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.constant(undefined), text),
        source,
        headers,
        claims,
        async (server, call, sent, over) => {
          const question = { source: call, headers: sent, token: await desk.token({ claims: over }) };
          const decision = await desk.decide(server === undefined ? question : { ...question, server });
          const answer = JSON.stringify(decision);
          expect(readJson(answer, { depth: 32 })).toEqual({ ok: true, value: JSON.parse(answer) });
          expect(decisionForm.parse(decision)).toEqual(decision);
          const event = desk.events.at(-1);
          if (event === undefined) throw new Error('nothing was recorded');
          const record = JSON.stringify(writeEntry(event, { labels: {}, arguments: true }));
          expect(readJson(record, { depth: 32 })).toEqual({ ok: true, value: JSON.parse(record) });
          expect(record).not.toMatch(/[\p{Bidi_Control}\u0080-\u009f]/u);
        },
      ),
      { numRuns: 300 },
    );
  });
});
