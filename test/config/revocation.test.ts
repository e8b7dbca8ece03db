/** `revocation` and the addresses of Valkey, as a configuration holds them. */
import { describe, expect, it } from 'vitest';
import { placeOf } from '../../src/config/valkey.ts';
import { readConfig } from '../../src/config.ts';

const read = (revocation: object) => readConfig(JSON.stringify({ revocation }), '/etc/audgate/config.yaml');
const problems = (revocation: object) => {
  const found = read(revocation);
  return found.ok ? [] : found.problems.map(({ pointer, message }) => `${pointer} ${message}`);
};
const url = 'valkey://127.0.0.1';

describe('revocation', () => {
  it('has defaults, and paths relative to its file', () => {
    expect(read({ file: 'revoked.jsonl', valkey: { url, password_file: 'password', username: 'a' } })).toMatchObject({
      ok: true,
      config: {
        revocation: {
          file: '/etc/audgate/revoked.jsonl',
          valkey: { url, password_file: '/etc/audgate/password', key: 'audgate:revoked', timeout_ms: 1000 },
          max_staleness_seconds: 5,
          max_entries: 100_000,
        },
      },
    });
    const tls = { ca: 'ca.pem', certificate: 'cert.pem', key: '/key.pem' };
    expect(read({ valkey: { url: 'valkeys://valkey.example.com', tls } })).toMatchObject({
      config: {
        revocation: {
          valkey: { tls: { ca: '/etc/audgate/ca.pem', certificate: '/etc/audgate/cert.pem', key: '/key.pem' } },
        },
      },
    });
    expect(read({ valkey: { url: 'unix:run/valkey.sock' } })).toMatchObject({
      config: { revocation: { valkey: { url: 'unix:/etc/audgate/run/valkey.sock' } } },
    });
    expect(readConfig('', '/etc/audgate/config.yaml')).not.toHaveProperty('config.revocation');
  });

  it.each([
    [{}, '/revocation names no list: expected file, valkey or both'],
    [{ max_staleness_seconds: 60 }, '/revocation names no list'],
    [{ file: 'a', max_staleness_seconds: 1 }, '/revocation/max_staleness_seconds must be from 2 to 3600'],
    [{ file: 'a', max_entries: 0 }, '/revocation/max_entries must be from 1 to 1000000'],
    [{ file: '' }, '/revocation/file must name a file'],
    [{ files: 'a' }, '/revocation/files'],
    [{ file: 'a', events: { issuers: {} } }, '/revocation/events/issuers must name at least one issuer'],
    [{ file: 'a', events: { issuers: { corp: {} } } }, '/revocation/events/issuers/corp/audience'],
    [
      { file: 'a', events: { issuers: { corp: { audience: 'a', subjects_of: [] } } } },
      '/revocation/events/issuers/corp/subjects_of must hold',
    ],
    [{ valkey: { url, key: 'a b' } }, '/revocation/valkey/key must be 1 to 200'],
    [{ valkey: { url, username: 'a' } }, '/revocation/valkey/username needs password_file beside it'],
    [{ valkey: { url, tls: {} } }, '/revocation/valkey/tls is for valkeys:// (or rediss://) only'],
    [{ valkey: { url: 'unix:/a', tls: {} } }, '/revocation/valkey/tls is for valkeys://'],
    [{ valkey: { url: 'valkeys://a', tls: { key: 'a' } } }, '/revocation/valkey/tls/key needs certificate beside it'],
    [
      { valkey: { url: 'valkeys://a', tls: { certificate: 'a' } } },
      '/revocation/valkey/tls/certificate needs key beside it',
    ],
    [{ valkey: { url: 'valkey://:secret@a' } }, '/revocation/valkey/url must be valkey://HOST'],
    [{ valkey: { url, password: 'secret' } }, '/revocation/valkey/password'],
  ])('%j is refused', (revocation, told) => {
    expect(problems(revocation)).toEqual([expect.stringContaining(told)]);
    expect(problems(revocation).join()).not.toContain('secret');
  });
});

describe('the address of a server', () => {
  it.each([
    ['valkey://a', { host: 'a', port: 6379, db: 0, tls: false }],
    ['redis://a:1/', { host: 'a', port: 1, db: 0, tls: false }],
    ['valkeys://valkey.example.com:6380/15', { host: 'valkey.example.com', port: 6380, db: 15, tls: true }],
    ['rediss://[::1]:6379', { host: '::1', port: 6379, db: 0, tls: true }],
  ])('%s is one', (text, expected) => {
    expect(placeOf(text)).toEqual({ kind: 'tcp', ...expected });
  });

  it.each(
    [
      [
        '',
        'a:6379',
        'http://a',
        'valkey:a',
        'valkey://',
        'valkey://a:0',
        'valkey://a:65536',
        'valkey://u@a',
        'valkey://u:p@a',
      ],
      [
        'valkey://a/x',
        'valkey://a/0/1',
        'valkey://a?db=1',
        'valkey://a#b',
        'valkey://a b',
        'VALKEY://a',
        'unix:',
        'valkey://[a]',
      ],
    ].flat(),
  )('%j is none', (text) => {
    expect(placeOf(text)).toBeNull();
  });
});
