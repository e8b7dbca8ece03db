import { describe, expect, test } from 'vitest';
import { introspectionFiles, readIntrospection } from '../../src/config/introspection.ts';
import { readConfig } from '../../src/config.ts';

const FILE = '/etc/audgate/config.yaml';
const read = (introspection: unknown) => readConfig(JSON.stringify({ introspection }), FILE);
const problemsOf = (introspection: unknown) => {
  const reading = read(introspection);
  return reading.ok ? [] : reading.problems.map(({ pointer, message }) => `${pointer} ${message}`);
};
const files = (one: unknown) => ({ credentials: { files: one } });
const SECRET = { client_id: 'files', method: 'client_secret_basic', secret_file: 'secrets/files' };
const KEY = { client_id: 'files', method: 'private_key_jwt', key_file: '/run/files.pem', algorithm: 'ES256' };

describe('introspection', () => {
  test('has defaults, and files beside the configuration', () => {
    const reading = read({ credentials: { files: SECRET, billing: { ...KEY, key_id: 'k1' } } });
    if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
    expect(reading.config.introspection).toEqual({
      credentials: {
        files: { ...SECRET, secret_file: '/etc/audgate/secrets/files' },
        billing: { ...KEY, key_id: 'k1' },
      },
      cache_seconds: 10,
      timeout_ms: 2000,
    });
    expect(introspectionFiles(reading.config.introspection)).toEqual([
      { path: '/etc/audgate/secrets/files', as: 'introspection.credentials.files.secret_file' },
      { path: '/run/files.pem', as: 'introspection.credentials.billing.key_file' },
    ]);
  });

  test.each<[string, unknown, string[]]>([
    [
      'no secret',
      files({ ...SECRET, secret_file: undefined }),
      ['/introspection/credentials/files method client_secret_basic needs secret_file beside it'],
    ],
    [
      'a key for a secret',
      files({ ...SECRET, key_file: 'k', algorithm: 'ES256', key_id: 'k' }),
      [
        '/introspection/credentials/files/key_file is not for method client_secret_basic',
        '/introspection/credentials/files/algorithm is not for method client_secret_basic',
        '/introspection/credentials/files/key_id is not for method client_secret_basic',
      ],
    ],
    [
      'no algorithm',
      files({ ...KEY, algorithm: undefined }),
      ['/introspection/credentials/files method private_key_jwt needs algorithm beside it'],
    ],
    [
      'a secret for a key',
      files({ ...KEY, secret_file: 's' }),
      ['/introspection/credentials/files/secret_file is not for method private_key_jwt'],
    ],
    ['eleven seconds', { cache_seconds: 11 }, ['/introspection/cache_seconds must be from 0 to 10']],
    ['no time', { timeout_ms: 0 }, ['/introspection/timeout_ms must be from 100 to 30000']],
  ])('is refused with %s', (_, written, told) => {
    expect(problemsOf(written)).toEqual(told);
  });

  test.each([
    ['the secret itself', files({ ...SECRET, client_secret: 'hunter2' })],
    ['an unknown method', files({ ...SECRET, method: 'hunter2' })],
    ['a symmetric algorithm', files({ ...KEY, algorithm: 'HS256' })],
    ['a client_id with a line break', files({ ...SECRET, client_id: 'hunter2\n' })],
    ['no object', files('hunter2')],
  ])('is refused with %s, and nothing of it is repeated', (_, written) => {
    const told = problemsOf(written);
    expect(told).toHaveLength(1);
    expect(told.join()).not.toContain('hunter2');
  });

  test('of a program of one’s own is read likewise', () => {
    expect(readIntrospection({ cache_seconds: 0 })).toEqual({ credentials: {}, cache_seconds: 0, timeout_ms: 2000 });
    expect(() => readIntrospection({ cache_seconds: 60 })).toThrow('/introspection/cache_seconds must be from 0 to 10');
  });
});
