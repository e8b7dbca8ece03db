import { exportJWK } from 'jose';
import { describe, expect, test } from 'vitest';
import { ask, elapse, first, keys, server } from './remote.ts';
import { issuerRecord } from './serve.ts';

describe('an inline set', () => {
  const inline = (...members: readonly object[]) =>
    issuerRecord({ kind: 'jwks', keys: JSON.parse(JSON.stringify(members)) });

  test('is imported once and asks nobody', async () => {
    const own = inline(first.jwk);
    keys.retain([own]);
    const answer = await ask('first', own);
    expect(answer.kind).toBe('key');
    expect(ask('first', own)).toBe(answer);
    elapse(1_000_000);
    expect(ask('first', own)).toBe(answer);
    expect(ask('second', own)).toEqual({ kind: 'unknown' });
    expect(keys.status()).toEqual({ corp: { keys: 1, fetched_at: null, last_error: null } });
    expect(server.count()).toBe(0);
  });

  test('takes no private key', async () => {
    const own = inline({ ...first.jwk, ...(await exportJWK(first.privateKey)) });
    expect(await ask('first', own)).toEqual({
      kind: 'unavailable',
      detail: 'none of the inline keys is a usable public key',
    });
  });
});
