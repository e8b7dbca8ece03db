/** Whoever reads the log may read as strictly as audgate itself. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readJson } from '../../src/json/read.ts';
import { writeEntry } from '../../src/record/entry.ts';
import { event, input } from './event.ts';

test('a record is strict JSON, whatever a client, token, caller or custom rule wrote', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => String.fromCharCode(code).repeat(300)),
    fc.constant(`a${'😀'.repeat(200)}`),
  );
  const texts = fc.array(text, { maxLength: 20 });
  const values = fc.dictionary(text, fc.oneof(text, fc.double(), texts), { maxKeys: 20, noNullPrototype: true });
  fc.assert(
    fc.property(text, texts, values, fc.boolean(), fc.boolean(), (one, many, object, judged, written) => {
      const operation = { name: one, scopes: [], implied_by: {}, labels: {} };
      const token = {
        ...input.token,
        audiences: many,
        scopes: many,
        subject: one,
        confirmation: { ...object, jkt: one },
      };
      const context = { caller: one, client_ip: one, request_id: one, extra: object };
      const registered = { ...input.registered, elsewhere: many, operation };
      const entry = writeEntry(
        {
          ...event,
          input: judged ? { ...input, call: { method: one, uri: one }, token, registered, context } : null,
          asked: { server: one, method: one, target: one },
          arguments: object,
          caller: one,
          request_id: one,
          client_ip: one,
          trace_id: one,
          decision: {
            decision: 'deny',
            decision_id: '1',
            server: null,
            reasons: [{ code: 'server_unknown', message: one, expected: many, actual: many }],
            challenge: { status: 400, headers: {}, body: { id: one } },
            revision: 'sha256:rev',
          },
        },
        { labels: {}, arguments: written },
      );
      const line = JSON.stringify(entry);
      expect(readJson(line, { depth: 32 })).toEqual({ ok: true, value: JSON.parse(line) });
    }),
  );
});
