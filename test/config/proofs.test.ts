/** `proofs` of the configuration: what is accepted, what is not, and which paths it holds. */
import { describe, expect, it } from 'vitest';
import { readProofs } from '../../src/config/proofs.ts';
import { readConfig } from '../../src/config.ts';

const read = (proofs: object) => readConfig(JSON.stringify({ proofs }), '/etc/audgate/config.yaml');

function proofsOf(written: object) {
  const reading = read(written);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.config.proofs;
}

function problemsOf(written: object): readonly string[] {
  const reading = read(written);
  return reading.ok ? [] : reading.problems.map(({ pointer, message }) => `${pointer} ${message}`);
}

const valkey = (more: object = {}) => ({ store: { valkey: { url: 'valkey://cache.example:6379', ...more } } });

describe('proofs', () => {
  it('need nothing: one process, with a memory of its own', () => {
    const whole = {
      ...{ max_age_seconds: 60, replicas: 1 },
      replay: { store: 'memory', max_entries: 100_000, timeout_ms: 250 },
    };
    expect(proofsOf({})).toEqual(whole);
    expect(readProofs({})).toEqual(whole);
  });

  it('name their files relative to the configuration', () => {
    const tls = { ca: 'ca.pem', certificate: 'own.pem', key: '/run/own.key' };
    const store = { url: 'valkeys://cache.example', username: 'audgate', password_file: 'password', tls };
    const written = proofsOf({
      nonce: { secret_file: ['new', '/run/old'] },
      replay: { store: { valkey: store } },
      replicas: 3,
    });
    expect(written).toMatchObject({
      nonce: { secret_file: ['/etc/audgate/new', '/run/old'], max_age_seconds: 300 },
      replay: {
        store: {
          valkey: {
            key: 'audgate:proofs',
            password_file: '/etc/audgate/password',
            tls: { ca: '/etc/audgate/ca.pem', certificate: '/etc/audgate/own.pem', key: '/run/own.key' },
          },
        },
      },
      replicas: 3,
    });
    expect(proofsOf({ nonce: { secret_file: 'one' } }).nonce?.secret_file).toBe('/etc/audgate/one');
  });

  it('of several replicas need a store that they share', () => {
    const sentence =
      '/proofs/replicas needs a store that all replicas share, or one proof opens a call at each: set proofs.replay.store to { valkey: { url: … } }';
    expect(problemsOf({ replicas: 2 })).toEqual([sentence]);
    expect(problemsOf({ replicas: 2, replay: { store: 'memory' } })).toEqual([sentence]);
    expect(problemsOf({ replicas: 2, replay: valkey() })).toEqual([]);
    expect(() => readProofs({ replicas: 2 })).toThrow(sentence);
  });

  it.each<[object, RegExp]>([
    [{ max_age: 60 }, /^\/proofs.*max_age_seconds/],
    [{ max_age_seconds: 301 }, /^\/proofs\/max_age_seconds must be from 5 to 300$/],
    [{ replay: { store: 'redis' } }, /^\/proofs\/replay\/store must be memory, or an object with valkey$/],
    [{ replay: { max_entries: 0 } }, /^\/proofs\/replay\/max_entries must be from 100 to 10000000$/],
    [{ replay: { timeout_ms: 1 } }, /^\/proofs\/replay\/timeout_ms must be from 20 to 5000$/],
    [{ replicas: 0 }, /^\/proofs\/replicas must be from 1 to 1000$/],
    [{ nonce: {} }, /^\/proofs\/nonce/],
    [{ nonce: { secret_file: [] } }, /^\/proofs\/nonce\/secret_file/],
    [{ nonce: { secret_file: 'a', secret: 'x'.repeat(32) } }, /^\/proofs\/nonce/],
    [{ replay: valkey({ username: 'audgate' }) }, /valkey\/username needs password_file beside it$/],
    [{ replay: valkey({ tls: { ca: 'ca.pem' } }) }, /valkey\/tls is for valkeys:\/\//],
  ])('%j is refused', (written, problem) => {
    const found = problemsOf(written);
    expect(found).toEqual([expect.stringMatching(problem)]);
    expect(found.join()).not.toContain('xxxx');
  });

  it('never hold a password', () => {
    const found = problemsOf({ replay: { store: { valkey: { url: 'valkey://user:hidden@cache.example' } } } });
    expect(found).toHaveLength(1);
    expect(found.join()).not.toContain('hidden');
  });
});
