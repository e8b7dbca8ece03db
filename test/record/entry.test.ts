import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Decision } from '../../src/decision/decision.ts';
import { referencesOf } from '../../src/decision/frameworks.ts';
import type { ReasonCode } from '../../src/decision/reasons.ts';
import type { JsonObject } from '../../src/json/value.ts';
import { type DecisionEvent, type EntryOptions, writeEntry } from '../../src/record/entry.ts';
import { event, input } from './event.ts';

const options: EntryOptions = { labels: { version: '0.1.0' }, arguments: false };

describe('a record', () => {
  test('has the members of an event of OPA’s decision log', () => {
    const entry = writeEntry({ ...event, request_id: 'r-1', trace_id: '0af7651916cd43dd8448eb211c80319c' }, options);
    expect(entry).toEqual({
      decision_id: event.decision.decision_id,
      timestamp: '2026-11-23T12:00:00.000Z',
      labels: { version: '0.1.0' },
      bundles: { registry: { revision: 'sha256:reg' }, core: { revision: 'sha256:core' } },
      path: 'audgate/decide',
      input,
      result: event.decision,
      erased: [],
      metrics: { timer_decision_ns: 40_000 },
      requested_by: 'edge',
      req_id: 'r-1',
      trace_id: '0af7651916cd43dd8448eb211c80319c',
    });
  });

  test('of a denial tells what its reasons stand against; of an allow, and of a malformed call, nothing', () => {
    const denied = (code: ReasonCode) => {
      const decision: Decision = {
        decision: 'deny',
        decision_id: event.decision.decision_id,
        server: 'files',
        reasons: [{ code, message: 'Not here.' }],
        challenge: { status: 401, headers: {} },
        revision: event.decision.revision,
      };
      return writeEntry({ ...event, decision }, options);
    };
    expect(denied('audience_mismatch').references).toEqual(referencesOf('audience_mismatch'));
    expect(denied('audience_mismatch').result).not.toHaveProperty('references');
    expect(denied('call_malformed').references).toBeUndefined();
    expect(writeEntry(event, options).references).toBeUndefined();
  });

  test('names the custom module where there is one', () => {
    const entry = writeEntry({ ...event, revisions: { ...event.revisions, custom: 'sha256:mine' } }, options);
    expect(entry.bundles).toHaveProperty('custom', { revision: 'sha256:mine' });
  });

  test('of a decision that ended before policy holds the question, cut and escaped', () => {
    const entry = writeEntry(
      {
        ...event,
        input: null,
        asked: { server: `https://x/${'a'.repeat(300)}`, method: 'tools/\ncall', target: '\u202etxt' },
        request_id: 'r-1',
        client_ip: '203.0.113.7\n',
      },
      options,
    );
    expect(entry.input).toEqual({
      server: `https://x/${'a'.repeat(244)}…`,
      call: { method: 'tools/\\u000acall', target: '\\u202etxt' },
      context: { caller: 'edge', client_ip: '203.0.113.7\\u000a', request_id: 'r-1' },
    });
  });
});

describe('arguments', () => {
  const values = { path: '/etc/passwd', note: 'ünï' };

  test('are written as SHA-256 and size, and listed as erased', () => {
    const entry = writeEntry({ ...event, arguments: values }, options);
    const text = JSON.stringify(values);
    expect(entry.input.call?.arguments).toEqual({
      sha256: createHash('sha256').update(text).digest('hex'),
      size: Buffer.byteLength(text),
    });
    expect(entry.erased).toEqual(['/input/call/arguments']);
  });

  test('are digested too when the decision ended before policy', () => {
    const entry = writeEntry({ ...event, input: null, arguments: values }, options);
    expect(entry.input.call?.arguments).toHaveProperty('size', 37);
    expect(entry.erased).toEqual(['/input/call/arguments']);
  });

  test('are written where the configuration says so, cut and escaped', () => {
    const entry = writeEntry(
      {
        ...event,
        arguments: {
          long: 'x'.repeat(300),
          'na\u0000me': 'a\u0007b',
          list: Array.from({ length: 20 }, (_, at) => at),
          nested: { deep: ['\u202e'] },
        },
      },
      { ...options, arguments: true },
    );
    expect(entry.input.call?.arguments).toEqual({
      long: `${'x'.repeat(254)}…`,
      'na\\u0000me': 'a\\u0007b',
      list: [...Array.from({ length: 15 }, (_, at) => at), '…'],
      nested: { deep: ['\\u202e'] },
    });
    expect(entry.erased).toEqual([]);
  });

  test('nested without end are cut', () => {
    let deep: JsonObject = { bottom: 'here' };
    for (let level = 0; level < 30; level++) deep = { deep };
    const text = JSON.stringify(writeEntry({ ...event, arguments: deep }, { ...options, arguments: true }).input.call);
    expect(text).not.toContain('bottom');
    expect(text).toContain('"…"');
  });
});

describe('what nobody may log', () => {
  const secret = 'eyJzZWNyZXQiOiJpIGFtIGEgdG9rZW4ifQ';
  const anywhere = fc.dictionary(fc.string(), fc.oneof(fc.constant(secret), fc.constant({ in: [secret] })), {
    maxKeys: 4,
  });

  test('stays out wherever it stands in what policy saw', () => {
    fc.assert(
      fc.property(anywhere, anywhere, anywhere, anywhere, anywhere, (claims, args, extra, dpop, cnf) => {
        const { jkt: _, 'x5t#S256': __, ...confirmation } = cnf;
        const all: DecisionEvent = {
          ...event,
          input: {
            ...input,
            call: { ...input.call, arguments: args },
            token: { ...input.token, claims, confirmation },
            proof: { dpop: { ...dpop, jkt: 'thumbprint', algorithm: 'ES256', issued_at: 0 } },
            context: { ...input.context, extra },
          },
        };
        expect(JSON.stringify(writeEntry(all, options))).not.toContain(secret);
      }),
    );
  });

  test('is listed as erased, and thumbprints stay', () => {
    const entry = writeEntry(
      {
        ...event,
        input: {
          ...input,
          token: { ...input.token, claims: { sub: 'user-1' }, confirmation: { jkt: 'thumb', jwk: { kty: 'EC' } } },
          context: { caller: 'edge', extra: { a: 1 } },
        },
      },
      options,
    );
    expect(entry.input).toHaveProperty('token.confirmation', { jkt: 'thumb' });
    expect([...entry.erased].sort()).toEqual([
      '/input/context/extra',
      '/input/token/claims',
      '/input/token/confirmation',
    ]);
  });
});

test('what a token or client wrote is cut to 255 characters and 16 values everywhere', () => {
  const long = 'y'.repeat(2000);
  const many = Array.from({ length: 40 }, (_, at) => `s${at}`);
  const allow = writeEntry(
    {
      ...event,
      decision: {
        ...event.decision,
        decision: 'allow',
        principal: { issuer: long, subject: long, client_id: 'a\u202eb', scopes: many, actor: long },
        valid_until: '2026-11-23T12:05:00Z',
        advice: {},
      },
      input: {
        ...input,
        call: { method: long, uri: long, uris: many.map((uri) => uri + long), tasks: many, lists: [long] },
        token: { ...input.token, audiences: [long], scopes: many, subject: long, key_id: long },
        registered: {
          ...input.registered,
          elsewhere: many,
          unlisted: { uris: many.map((uri) => uri + long), tasks: many },
          // METHOD TARGET, where the registry opens tools or URIs that it does not list.
          operation: { name: `resources/read \u202e${long}`, scopes: ['files:read'], implied_by: {}, labels: {} },
        },
      },
      caller: 'edge',
      request_id: long,
    },
    options,
  );
  const deny = writeEntry(
    {
      ...event,
      decision: {
        decision: 'deny',
        decision_id: event.decision.decision_id,
        server: 'files',
        reasons: [
          { code: 'header_mismatch', message: 'a\nb', expected: [long], actual: many },
          { code: `custom:rule/${long}`, message: long.repeat(2) },
        ],
        challenge: { status: 400, headers: {}, body: { jsonrpc: '2.0', id: long } },
        revision: 'sha256:rev',
      },
    },
    options,
  );
  expect(deny.result.reasons[1]?.code).toBe(`custom:rule/${'y'.repeat(254)}…`);
  for (const text of [
    JSON.stringify(allow),
    JSON.stringify({ ...deny, result: { ...deny.result, reasons: [deny.result.reasons[0]] } }),
  ]) {
    expect(text).not.toContain('y'.repeat(255));
    expect(text).not.toContain('s16');
    expect(text).not.toContain('\u202e');
  }
  expect(deny.result.reasons[0]?.message).toBe('a\\u000ab');
});
