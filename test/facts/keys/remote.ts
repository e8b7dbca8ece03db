/** One key server, one issuer and its keys, made anew for each test of the file that imports this; a clock to be moved. */
import { afterEach, beforeAll, beforeEach } from 'vitest';
import type { KeyAnswer } from '../../../src/decision/key.ts';
import { createKeys, type Keys } from '../../../src/facts/keys/look-up.ts';
import type { KeysEvent, KeysSettings } from '../../../src/facts/keys/set.ts';
import type { IssuerRecord } from '../../../src/registry/registry.ts';
import { at, generate, issuerRecord, type KeyServer, type Pair, send, serveKeys } from './serve.ts';

const START = Date.parse('2026-11-23T12:00:00Z');
const SETTINGS = { max_age_seconds: 300, cooldown_seconds: 30, timeout_ms: 2000, outage_ceiling_seconds: 3600 };

export let first: Pair;
export let second: Pair;
beforeAll(async () => {
  [first, second] = await Promise.all([generate('ES256', 'first'), generate('ES256', 'second')]);
});

export let server: KeyServer;
let clock: number;
export let events: KeysEvent[];
export let keys: Keys;
export let issuer: IssuerRecord;
beforeEach(async () => {
  server = await serveKeys([first.jwk]);
  clock = START;
  events = [];
  open();
  issuer = issuerRecord(at(server.url));
});
afterEach(async () => {
  keys.close();
  await server.close();
});

function open(settings: Partial<KeysSettings> = {}): void {
  keys = createKeys({
    fetch: () => globalThis.fetch,
    now: () => clock,
    settings: { ...SETTINGS, ...settings },
    onEvent: (event) => events.push(event),
  });
}

/** Begins anew with other settings. */
export function reopen(settings: Partial<KeysSettings>): void {
  keys.close();
  open(settings);
}

export const elapse = (seconds: number) => {
  clock += seconds * 1000;
};
export const ask = (kid: string, of = issuer) => keys.lookup(of, { kid, alg: 'ES256' });
/** The answer's kind, of a lookup that must not wait. */
export const now = (kid: string) => {
  const answer = ask(kid);
  if (answer instanceof Promise) throw new Error('the lookup waits');
  return answer.kind;
};
export const kind = async (kid: string) => (await ask(kid)).kind;
export const generation = (answer: KeyAnswer) => (answer.kind === 'key' ? answer.generation : undefined);
export const down = send('out of order', {}, 503);
/** Until a request in the background is answered and taken in. */
export const settled = async (count: number) => {
  for (;;) {
    if (events.length >= count) return;
    await new Promise((done) => setTimeout(done, 1));
  }
};
