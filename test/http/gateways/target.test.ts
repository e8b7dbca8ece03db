/** The server is the key in the first raw segment after the profile, whatever stands behind it (contract 7). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALLOW, caller, serve } from '../serve.ts';
import { ask } from './request.ts';

describe('the server that is asked about is the first raw segment', () => {
  it.each([
    '/v1/gateways/envoy/files/../billing/mcp',
    '/v1/gateways/envoy/files/%2e%2e/billing/mcp',
    '/v1/gateways/envoy/files/..%2Fbilling',
    '/v1/gateways/envoy/files\\..\\billing',
    '/v1/gateways/envoy/files//../billing',
    '/v1/gateways/envoy/files/./../billing',
    '/v1/gateways/envoy/files?/../billing',
    '/v1/gateways/envoy/files#/../billing',
    '/v1/gateways/envoy/files/../../envoy/billing/mcp',
    '/v1/gateways/envoy/files/../../../gateways/envoy/billing',
    'http://127.0.0.1/v1/gateways/envoy/files/../billing/mcp',
    'HTTP://localhost:8181/v1/gateways/envoy/files/../billing/mcp',
  ])('%s', async (target) => {
    const { port, asked } = await serve();
    await ask(port, { target });
    expect(asked).toHaveLength(1);
    const [question] = asked;
    const key = typeof question?.ask.server === 'object' ? question.ask.server.key : '';
    expect(['files', 'files\\..\\billing', 'files#']).toContain(key);
  });

  it('whatever text follows it', async () => {
    const { port, asked } = await serve();
    const piece = fc.constantFrom(
      '/',
      '..',
      '.',
      '%2e',
      '%2F',
      '%5C',
      '\\',
      '//',
      ';',
      '?',
      '#',
      'billing',
      'mcp',
      '%',
      '@',
    );
    const rest = fc.array(fc.oneof(piece, fc.stringMatching(/^[!-~]{0,6}$/)), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(rest, fc.constantFrom('/', '?'), async (pieces, first) => {
        asked.length = 0;
        await ask(port, { target: `/v1/gateways/envoy/files${first}${pieces.join('')}` });
        expect(asked.map(({ ask: { server } }) => server)).toEqual([{ key: 'files' }]);
      }),
      { numRuns: 200 },
    );
  });
});

describe('no other spelling of the path is an adapter', () => {
  it.each([
    '/v1/x/../gateways/envoy/files',
    '/v1/./gateways/envoy/files',
    '/v1//gateways/envoy/files',
    '/v1/gateways//files',
    '/v1/gateways/envoy//files',
    '/v1/%67ateways/envoy/files',
    '/V1/gateways/envoy/files',
    '/v1/gateways%2Fenvoy/files',
    '/v1\\gateways\\envoy\\files',
    '/v1/x/../gateways',
    '//127.0.0.1/v1/gateways/envoy/files',
    'http://127.0.0.1/v1/x/../gateways/envoy/files',
    'http://127.0.0.1',
    'http://[/v1/gateways/envoy/files',
    'ftp://127.0.0.1/v1/gateways/envoy/files',
  ])('%s', async (target) => {
    const { port, asked, logged } = await serve({ decide: () => Promise.resolve(ALLOW) });
    const { status } = await ask(port, { target });
    expect([400, 404]).toContain(status);
    expect(asked).toEqual([]);
    expect(logged).toEqual([]);
  });
});

it('the host of an absolute target counts, as ever: without callers only this machine is served', async () => {
  const { port, asked } = await serve();
  expect((await ask(port, { target: 'http://evil.example/v1/gateways/envoy/files' })).status).toBe(421);
  expect(asked).toEqual([]);
});

it('one connection asks about one server after the other', async () => {
  const { url, asked } = await serve({ callers: { edge: caller('key', '*', ['decide']) } });
  for (const key of ['files', 'billing', 'files'])
    await (await fetch(`${url}/v1/gateways/envoy/${key}/mcp`, { headers: { 'x-audgate-key': 'key' } })).text();
  expect(asked.map(({ ask: { server } }) => server)).toEqual([{ key: 'files' }, { key: 'billing' }, { key: 'files' }]);
});
