import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { TokenReading } from '../../../src/facts/token/read.ts';
import {
  type Answer,
  active,
  asked,
  json,
  NOW,
  reading,
  serveIntrospection,
  serverWith,
} from './introspection-server.ts';

const OPAQUE = '2YotnFZFEjr1zCsicMWpAA';
const codeOf = (read: TokenReading) => ('reason' in read ? read.reason.code : read.kind);

async function opened(options: Parameters<typeof reading>[0] = {}, answer: Answer = json(active())) {
  const server = await serveIntrospection(answer);
  const issuer = asked(server.endpoint);
  const { reader, pass, introspector } = reading(options);
  const read = (text = OPAQUE, at = serverWith([issuer])) => Promise.resolve(reader.read(text, at));
  return { server, issuer, read, pass, introspector };
}

describe('an answer serves for the seconds that are configured', () => {
  test('and is asked for again after them', async () => {
    const { server, read, pass } = await opened({ cache_seconds: 10 });
    await read();
    pass(9);
    expect(codeOf(await read())).toBe('verified');
    expect(server.questions).toHaveLength(1);
    pass(1);
    server.answer(json({ active: false }));
    expect(codeOf(await read())).toBe('token_inactive');
    expect(server.questions).toHaveLength(2);
  });

  test('never beyond the token’s exp', async () => {
    const { server, read, pass } = await opened({}, json(active({ exp: NOW + 3 })));
    await read();
    pass(2);
    await read();
    expect(server.questions).toHaveLength(1);
    pass(1);
    await read();
    expect(server.questions).toHaveLength(2);
  });

  test('not at all where the token has ended already', async () => {
    const { server, read } = await opened({}, json(active({ iat: NOW - 10, exp: NOW })));
    await read();
    await read();
    expect(server.questions).toHaveLength(2);
  });

  test('not at all with 0', async () => {
    const { server, read } = await opened({ cache_seconds: 0 });
    await Promise.all([read(), read()]);
    await read();
    expect(server.questions).toHaveLength(3);
  });

  test('no longer when the clock is set back', async () => {
    const { server, read, pass } = await opened();
    await read();
    pass(-3600);
    await read();
    expect(server.questions).toHaveLength(2);
  });

  test('counted from the question, not from an answer that came late', async () => {
    const { server, read, pass } = await opened({}, (question, response) => {
      pass(9);
      json(active())(question, response);
    });
    await read();
    server.answer(json(active()));
    pass(1);
    await read();
    expect(server.questions).toHaveLength(2);
  });
});

test('answers are held up to a size in all, the last ones first', async () => {
  const { server, read } = await opened({ cacheSize: 10_000 }, json(active({ pad: 'x'.repeat(45 * 1024) })));
  for (let at = 0; at < 760; at++) await read(`token-${at}`);
  expect(server.questions).toHaveLength(760);
  await read('token-759');
  expect(server.questions).toHaveLength(760);
  await read('token-0');
  expect(server.questions).toHaveLength(761);
});

test.each<[string, Answer]>([
  ['that it is not active', json({ active: false })],
  ['what is ill-formed', json(active({ iss: 'https://other.example.com' }))],
  ['nothing', json({}, 500)],
])('an answer that says %s is not remembered', async (_, answer) => {
  const { server, read } = await opened({}, answer);
  expect(codeOf(await read())).not.toBe('verified');
  server.answer(json(active()));
  expect(codeOf(await read())).toBe('verified');
});

test('an answer to one server is none to another', async () => {
  const { server, issuer, read } = await opened();
  const billing = serverWith([issuer], ['opaque'], 'billing');
  expect(codeOf(await read())).toBe('verified');
  server.answer(({ headers }, response) =>
    json({ active: headers.authorization === `Basic ${btoa('files-server:s3cret')}` })(
      { headers, form: new URLSearchParams() },
      response,
    ),
  );
  expect(codeOf(await read(OPAQUE, billing))).toBe('token_inactive');
  expect(server.questions).toHaveLength(2);
  expect(codeOf(await read())).toBe('verified');
  expect(server.questions).toHaveLength(2);
});

test('an answer of one issuer is none of another', async () => {
  const first = await opened();
  const second = await serveIntrospection(json({ active: false }));
  expect(codeOf(await first.read())).toBe('verified');
  const other = { ...asked(second.endpoint), key: 'other', issuer: 'https://other.example.com' };
  expect(codeOf(await first.read(OPAQUE, serverWith([other])))).toBe('token_inactive');
});

describe('a registry that changed', () => {
  test('in where the issuer is asked: what it said before is forgotten', async () => {
    const { read } = await opened();
    const moved = await serveIntrospection(json({ active: false }));
    expect(codeOf(await read())).toBe('verified');
    expect(codeOf(await read(OPAQUE, serverWith([asked(moved.endpoint)])))).toBe('token_inactive');
  });

  test('in the issuer’s tolerance, or whether its answers are signed: likewise', async () => {
    const { server, issuer, read } = await opened();
    await read();
    await read(OPAQUE, serverWith([{ ...issuer, clock_tolerance_seconds: 0 }]));
    expect(server.questions).toHaveLength(2);
    const signed = asked(server.endpoint, { signed: { jwks_uri: 'http://127.0.0.1:9/jwks' } });
    expect(codeOf(await read(OPAQUE, serverWith([signed])))).toBe('introspection_unavailable');
  });

  test('in where its record stands: nothing is asked again, and the record in force is the one that is told', async () => {
    const { server, issuer, read } = await opened();
    await read();
    const again = { ...issuer, source: { file: 'other.yaml', line: 7 } };
    const told = await read(OPAQUE, serverWith([again]));
    expect(server.questions).toHaveLength(1);
    expect(told).toMatchObject({ kind: 'verified', issuer: { source: { line: 7 } } });
  });

  test('while the issuer was asked: the answer serves the decision that asked, and no later one', async () => {
    const arrived = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const { server, read } = await opened({}, async (question, response) => {
      arrived.resolve();
      await go.promise;
      json(active())(question, response);
    });
    const early = read();
    await arrived.promise;
    // The registry changes now: the issuer is asked elsewhere from here on.
    const moved = await serveIntrospection(json({ active: false }));
    const after = serverWith([asked(moved.endpoint)]);
    const meanwhile = read(OPAQUE, after);
    expect(codeOf(await meanwhile)).toBe('token_inactive');
    go.resolve();
    expect(codeOf(await early)).toBe('verified');
    expect(codeOf(await read(OPAQUE, after))).toBe('token_inactive');
    expect(server.questions).toHaveLength(1);
  });
});

describe('many at once', () => {
  test('of one token are one question', async () => {
    const { server, read } = await opened();
    const all = await Promise.all(Array.from({ length: 50 }, () => read()));
    expect(all.map(codeOf)).toEqual(Array.from({ length: 50 }, () => 'verified'));
    expect(server.questions).toHaveLength(1);
  });

  test('of one token at two servers are two', async () => {
    const { server, issuer, read } = await opened();
    await Promise.all([read(), read(OPAQUE, serverWith([issuer], ['opaque'], 'billing'))]);
    expect(server.questions).toHaveLength(2);
  });

  test('of made-up tokens are bounded, and told as such at once; afterwards it is asked again', async () => {
    const go = Promise.withResolvers<void>();
    const { server, read } = await opened({ timeout_ms: 30_000 }, async (question, response) => {
      await go.promise;
      json({ active: false })(question, response);
    });
    const waiting = Array.from({ length: 256 }, (_, at) => read(`made-up-${at}`));
    await setImmediate();
    const refused = await read('one-more');
    expect(codeOf(refused)).toBe('introspection_unavailable');
    expect('reason' in refused && refused.reason.message).toContain('256 questions wait');
    go.resolve();
    expect(new Set((await Promise.all(waiting)).map(codeOf))).toEqual(new Set(['token_inactive']));
    server.answer(json(active()));
    expect(codeOf(await read('one-more'))).toBe('verified');
  });
});
