/** How misuse is configured: what is written wrong is told at once, and files stand relative to the configuration. */
import { expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';

const read = (misuse: object) => readConfig(JSON.stringify({ misuse }), '/etc/audgate/config.yaml');
const problems = (misuse: object) => {
  const reading = read(misuse);
  return reading.ok ? [] : reading.problems.map(({ pointer }) => pointer);
};

it('finds the files of its receiver beside the configuration', () => {
  const webhook = { url: 'https://siem.example/events', token_file: 'token', secret_file: '/run/secret' };
  const reading = read({ webhook });
  expect(reading.ok && reading.config.misuse.webhook).toMatchObject({
    token_file: '/etc/audgate/token',
    secret_file: '/run/secret',
    source: 'urn:audgate',
    allow_private_network: false,
    max_attempts: 5,
  });
});

it.each([
  'http://siem.example/events',
  'ftp://siem.example/',
  'https://user:secret@siem.example/',
  'https://siem.example/#events',
  'https://siem .example/',
  'siem.example/events',
  'http://127.0.0.1.example/',
  '',
])('takes no %s for a receiver', (url) => {
  expect(problems({ webhook: { url } })).toEqual(['/misuse/webhook/url']);
});

it.each(['https://siem.example/e?x=1', 'http://127.0.0.1:9000/', 'http://localhost:9000/e', 'http://[::1]:9000/'])(
  'takes %s',
  (url) => {
    expect(problems({ webhook: { url } })).toEqual([]);
  },
);

it('tells all that is wrong at once', () => {
  const wrong = {
    kinds: ['sweep'],
    max_entries: 1,
    window_seconds: 0,
    webhook: { url: 'x', source: 'a b', retries: 3 },
  };
  expect(problems(wrong).toSorted()).toEqual([
    '/misuse/kinds/0',
    '/misuse/max_entries',
    '/misuse/webhook/retries',
    '/misuse/webhook/source',
    '/misuse/webhook/url',
    '/misuse/window_seconds',
  ]);
});
