import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { KeyAnswer } from '../../../src/decision/key.ts';
import { createKeys, type Keys } from '../../../src/facts/keys/look-up.ts';
import { createTokenReader, type KeyLookup } from '../../../src/facts/token/read.ts';
import { createMemory, digestOf, type Verified } from '../../../src/facts/token/remember.ts';
import type { IssuerRecord } from '../../../src/registry/registry.ts';
import { at, generate, issuerRecord, type KeyServer, type Pair, serveKeys } from '../keys/serve.ts';
import { askedAt, mint, NOW, outcome } from './mint.ts';

let pair: Pair;
let other: Pair;
beforeAll(async () => {
  [pair, other] = await Promise.all([generate('ES256', 'k1'), generate('ES256', 'k1')]);
});

let server: KeyServer;
let clock: number;
let keys: Keys;
let issuer: IssuerRecord;
beforeEach(async () => {
  server = await serveKeys([pair.jwk]);
  clock = NOW * 1000;
  keys = createKeys({
    fetch: () => globalThis.fetch,
    now: () => clock,
    settings: { max_age_seconds: 300, cooldown_seconds: 30, timeout_ms: 2000, outage_ceiling_seconds: 3600 },
  });
  issuer = issuerRecord(at(server.url));
});
afterEach(async () => {
  keys.close();
  await server.close();
});

const token = (jti = 'token-1') => mint(pair.privateKey, { alg: 'ES256', kid: 'k1' }, { jti });
/** Has the key server's new answer taken in, as the passing of time does. */
async function refresh(): Promise<void> {
  clock += 301_000;
  await keys.lookup(issuer, { kid: 'k1', alg: 'ES256' });
}

describe('a remembered token', () => {
  test('is served at once, and as it was', async () => {
    const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 10 });
    const text = await token();
    const first = await reader.read(text, askedAt(issuer));
    expect(outcome(first)).toBe('verified');
    expect(reader.read(text, askedAt(issuer))).toBe(first);
  });

  test('is served over a refresh that leaves its key unchanged', async () => {
    const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 10 });
    const text = await token();
    const first = await reader.read(text, askedAt(issuer));
    await refresh();
    expect(server.count()).toBe(2);
    expect(reader.read(text, askedAt(issuer))).toBe(first);
  });

  test('waits for the keys when these are due, and is served if its key is still there', async () => {
    const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 10 });
    const text = await token();
    const first = await reader.read(text, askedAt(issuer));
    clock += 301_000;
    expect(await reader.read(text, askedAt(issuer))).toBe(first);
    server.answer([other.jwk]);
    clock += 301_000;
    expect(outcome(await reader.read(text, askedAt(issuer)))).toBe('signature_invalid');
  });

  test('is not served once its key is withdrawn', async () => {
    const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 10 });
    const text = await token();
    await reader.read(text, askedAt(issuer));
    server.answer([{ ...other.jwk, kid: 'k2' }]);
    await refresh();
    expect(outcome(await reader.read(text, askedAt(issuer)))).toBe('key_unknown');
  });

  test('is not served once its keys are too old', async () => {
    const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 10 });
    const text = await token();
    await reader.read(text, askedAt(issuer));
    await server.close();
    clock += 3_600_000;
    expect(outcome(await reader.read(text, askedAt(issuer)))).toBe('unverified');
  });

  test('is not served under another record of its issuer', async () => {
    const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 10 });
    const text = await token();
    await reader.read(text, askedAt(issuer));
    const narrowed: IssuerRecord = { ...issuer, token_types: ['jwt'] };
    expect(outcome(await reader.read(text, askedAt(narrowed)))).toBe('token_type_not_allowed');
    expect(outcome(await reader.read(text, askedAt({ ...issuer, algorithms: ['RS256'] })))).toBe(
      'algorithm_not_allowed',
    );
    expect(outcome(await reader.read(text, askedAt(issuer)))).toBe('verified');
  });

  test('is served after a reload that says the same of its issuer, with the record that is in force', async () => {
    const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 10 });
    keys.retain([issuer]);
    const text = await token();
    await reader.read(text, askedAt(issuer));
    // Read again from the file, where it stands some lines lower.
    const again: IssuerRecord = { ...structuredClone(issuer), profile: issuer.profile, source: { file: 'r', line: 9 } };
    keys.retain([again]);
    const served = reader.read(text, askedAt(again));
    expect(served).not.toBeInstanceOf(Promise);
    expect(served).toMatchObject({ kind: 'verified' });
    expect((served as Verified).issuer).toBe(again);
    expect(server.count()).toBe(1);
  });

  test.each<[string, (now: IssuerRecord) => Partial<IssuerRecord>]>([
    ['disabled', () => ({ disabled: true })],
    ['its tolerance', () => ({ clock_tolerance_seconds: 6 })],
    ['its algorithms', () => ({ algorithms: ['ES256', 'RS256'] })],
    ['its key', () => ({ key: 'other' })],
    ['its extra audiences', () => ({ extra_audiences: ['account'] })],
    ['where its keys come from', () => ({ key_source: { kind: 'jwks', keys: [pair.jwk] } })],
    ['its profile', ({ profile }) => ({ profile: { ...profile, name: 'okta' } as never })],
  ])('is verified again after a reload that changes its issuer: %s', async (_, change) => {
    const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 10 });
    keys.retain([issuer]);
    const text = await token();
    await reader.read(text, askedAt(issuer));
    const changed: IssuerRecord = { ...issuer, ...change(issuer) };
    keys.retain([changed]);
    expect(reader.read(text, askedAt(changed))).toBeInstanceOf(Promise);
  });

  test('is verified again when its key was replaced, although a reload says the same of its issuer', async () => {
    const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 10 });
    keys.retain([issuer]);
    const text = await token();
    await reader.read(text, askedAt(issuer));
    server.answer([other.jwk]);
    await refresh();
    const again: IssuerRecord = { ...issuer, source: { file: 'r', line: 9 } };
    keys.retain([again]);
    expect(outcome(await reader.read(text, askedAt(again)))).toBe('signature_invalid');
  });

  test('is known by its whole text: another signature of the same claims is another token', async () => {
    const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 10 });
    const text = await token();
    await reader.read(text, askedAt(issuer));
    const forged = `${text.slice(0, text.lastIndexOf('.'))}.${'A'.repeat(86)}`;
    expect(outcome(await reader.read(forged, askedAt(issuer)))).toBe('signature_invalid');
  });

  test('makes room for others: the count is bounded', async () => {
    const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 2 });
    const texts = await Promise.all(['a', 'b', 'c'].map((jti) => token(jti)));
    for (const text of texts) await reader.read(text, askedAt(issuer));
    const remembered = texts.map((text) => !(reader.read(text, askedAt(issuer)) instanceof Promise));
    expect(remembered).toEqual([false, true, true]);
  });

  test('makes room by its length too: large ones are fewer', async () => {
    const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 8 });
    const long = (jti: string) =>
      mint(pair.privateKey, { alg: 'ES256', kid: 'k1' }, { jti, padding: 'x'.repeat(5000) });
    const texts = await Promise.all(['a', 'b', 'c', 'd'].map(long));
    for (const text of texts) expect(outcome(await reader.read(text, askedAt(issuer)))).toBe('verified');
    const remembered = texts.map((text) => !(reader.read(text, askedAt(issuer)) instanceof Promise));
    // Room for eight of 2,048 characters.
    expect(remembered).toEqual([false, false, true, true]);
  });

  test('is never a refused one', async () => {
    const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 10 });
    const text = await mint(other.privateKey, { alg: 'ES256', kid: 'k1' });
    expect(outcome(await reader.read(text, askedAt(issuer)))).toBe('signature_invalid');
    server.answer([other.jwk]);
    await refresh();
    expect(outcome(await reader.read(text, askedAt(issuer)))).toBe('verified');
  });

  test('is never an unverified one', async () => {
    server.answer([]);
    const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 10 });
    const text = await token();
    expect(outcome(await reader.read(text, askedAt(issuer)))).toBe('unverified');
    server.answer([pair.jwk]);
    clock += 30_000;
    expect(outcome(await reader.read(text, askedAt(issuer)))).toBe('verified');
  });
});

describe('the race: a key is withdrawn while its token is verified', () => {
  /** Withdraws the key after the reader was handed it, before the reader is done with it. */
  const withdrawing = (members: () => readonly unknown[]): KeyLookup => {
    let armed = true;
    return async (asked, wanted) => {
      const answer = await keys.lookup(asked, wanted);
      if (armed) {
        armed = false;
        server.answer(members());
        await refresh();
      }
      return answer;
    };
  };

  test('the token is not served from memory afterwards', async () => {
    const lookup = withdrawing(() => [{ ...other.jwk, kid: 'k2' }]);
    const reader = createTokenReader({ lookup, cacheSize: 10 });
    const text = await token();
    // The decision under way began before the withdrawal and ends with the key that it was given.
    expect(outcome(await reader.read(text, askedAt(issuer)))).toBe('verified');
    expect(outcome(await reader.read(text, askedAt(issuer)))).toBe('key_unknown');
  });

  test('nor when another key took its kid', async () => {
    const reader = createTokenReader({ lookup: withdrawing(() => [other.jwk]), cacheSize: 10 });
    const text = await token();
    expect(outcome(await reader.read(text, askedAt(issuer)))).toBe('verified');
    expect(outcome(await reader.read(text, askedAt(issuer)))).toBe('signature_invalid');
  });

  test('nor when the issuer was changed and changed back meanwhile: its keys are another set', async () => {
    let armed = true;
    const away: IssuerRecord = { ...issuer, algorithms: ['RS256'] };
    const back: IssuerRecord = { ...issuer, source: { file: 'r', line: 9 } };
    keys.retain([issuer]);
    const reader = createTokenReader({
      async lookup(asked, wanted) {
        const answer = await keys.lookup(asked, wanted);
        if (armed) {
          armed = false;
          keys.retain([away]);
          server.answer([other.jwk]);
          keys.retain([back]);
        }
        return answer;
      },
      cacheSize: 10,
    });
    const text = await token();
    expect(outcome(await reader.read(text, askedAt(issuer)))).toBe('verified');
    expect(outcome(await reader.read(text, askedAt(back)))).toBe('signature_invalid');
  });

  test('what comes too late is dropped, and is not there when the same generation returns', () => {
    const generation = {};
    const key: KeyAnswer = { kind: 'key', key: pair.privateKey, generation };
    let answer: KeyAnswer | Promise<KeyAnswer> = { kind: 'unknown' };
    const memory = createMemory(() => answer, 10);
    const reading = { kind: 'verified', issuer, token: { issuer: issuer.issuer } } as Verified;
    const wanted = { kid: 'k1', alg: 'ES256' } as const;
    const stale: (KeyAnswer | Promise<KeyAnswer>)[] = [
      { kind: 'unknown' },
      { kind: 'unavailable', detail: '' },
      { kind: 'not_allowed', expected: [] },
      { kind: 'key', key: pair.privateKey, generation: {} },
      Promise.resolve(key),
    ];
    for (const one of stale) {
      answer = one;
      memory.keep({ digest: digestOf('text'), length: 4 }, reading, wanted, generation);
      answer = key;
      expect(memory.recall(digestOf('text'), askedAt(issuer))).toBeUndefined();
    }
    memory.keep({ digest: digestOf('text'), length: 4 }, reading, wanted, generation);
    expect(memory.recall(digestOf('text'), askedAt(issuer))).toBe(reading);
  });

  test('what went stale in memory is dropped for good', () => {
    const generation = {};
    const key: KeyAnswer = { kind: 'key', key: pair.privateKey, generation };
    let answer: KeyAnswer = key;
    const memory = createMemory(() => answer, 10);
    const reading = { kind: 'verified', issuer, token: { issuer: issuer.issuer } } as Verified;
    memory.keep({ digest: digestOf('text'), length: 4 }, reading, { kid: 'k1', alg: 'ES256' }, generation);
    answer = { kind: 'unknown' };
    expect(memory.recall(digestOf('text'), askedAt(issuer))).toBeUndefined();
    answer = key;
    expect(memory.recall(digestOf('text'), askedAt(issuer))).toBeUndefined();
  });
});
