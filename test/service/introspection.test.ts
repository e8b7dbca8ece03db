/** A question about a token goes by the guarded fetch: a name that resolves to a private network is refused when it connects. */
import type { LookupFunction } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createKeys } from '../../src/facts/keys/look-up.ts';
import { createIssuerFetch } from '../../src/network/issuer-fetch.ts';
import { createMetrics } from '../../src/record/metrics.ts';
import { openIntrospection } from '../../src/service/introspection.ts';
import { active, asked, json, START, serveIntrospection, serverWith } from '../facts/token/introspection-server.ts';

const SETTINGS = { max_age_seconds: 300, cooldown_seconds: 30, timeout_ms: 30_000, outage_ceiling_seconds: 3600 };

function opened(addresses: readonly string[]) {
  const lookup: LookupFunction = (_, options, done) => {
    const found = addresses.map((address) => ({ address, family: 4 }));
    if (options.all) done(null, found);
    else done(null, found[0]?.address ?? '', 4);
  };
  const fetch = createIssuerFetch({ lookup });
  const logged: string[] = [];
  const note = (fields: object, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const now = () => START;
  const keys = createKeys({ fetch, now, settings: SETTINGS });
  const files = { client_id: 'files', method: 'client_secret_basic', secret_file: 'secret' } as const;
  const introspector = openIntrospection(
    {
      introspection: {
        config: { credentials: { files }, cache_seconds: 0, timeout_ms: 30_000 },
        readFile: () => Promise.resolve('s3cret'),
      },
      fetch,
      keys: SETTINGS,
      now,
      ticks: () => 0n,
      newId: () => 'id',
      log: { info: note, warn: note, error: note },
      metrics: createMetrics(),
      recorder: { record: () => {}, flush: () => Promise.resolve(), dropped: () => 0 },
    },
    keys,
  );
  if (introspector === null) throw new Error('nobody is asked');
  onTestFinished(() => {
    introspector.close();
    keys.close();
  });
  const ask = async (issuer: ReturnType<typeof asked>, text = 'opaque-1') => {
    const { server } = serverWith([issuer]);
    const read = await introspector.ask(text, issuer, server);
    return 'reason' in read ? read.reason.code : read.kind;
  };
  return { ask, logged };
}

test.each([['10.1.2.3'], ['169.254.169.254'], ['127.0.0.1']])(
  'nobody is asked at a name that resolves to %s',
  async (address) => {
    const server = await serveIntrospection(json(active()));
    const { port } = new URL(server.endpoint);
    const { ask, logged } = opened([address]);
    expect(await ask(asked(`https://login.example.com:${port}/introspect`))).toBe('introspection_unavailable');
    expect(server.questions).toHaveLength(0);
    // One line for many questions, and no token in it.
    for (let at = 0; at < 20; at++) await ask(asked(`https://login.example.com:${port}/introspect`), `opaque-${at}`);
    expect(logged).toHaveLength(1);
    expect(logged.join()).toContain('the request was not sent');
    expect(logged.join()).not.toMatch(/opaque-\d|s3cret/);
  },
);

test('where the registry allows it, the same is connected to, and TLS is asked for', async () => {
  const server = await serveIntrospection(json(active()));
  const { port } = new URL(server.endpoint);
  const { ask, logged } = opened(['127.0.0.1']);
  const named = asked(`https://login.example.com:${port}/introspect`, { allow_private_network: true });
  // The server speaks plain HTTP: whoever gets as far as that was let through.
  expect(await ask(named)).toBe('introspection_unavailable');
  expect(logged.join()).toContain('SSL');
  expect(server.questions).toHaveLength(0);
});

test('an endpoint on this machine is asked', async () => {
  const server = await serveIntrospection(json(active()));
  const { ask } = opened([]);
  expect(await ask(asked(server.endpoint))).toBe('verified');
  expect(server.questions).toHaveLength(1);
});
