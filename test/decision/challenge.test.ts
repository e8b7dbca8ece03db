/** The one writer of challenges, byte for byte (contract 2; RFC 6750 §3, RFC 9728 §3.1 and §5.1, RFC 9110 §11.2). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChallengeContext, metadataUrl, writeChallenge } from '../../src/decision/challenge.ts';
import type { FixedCode, ReasonCode } from '../../src/decision/reasons.ts';

const CONTEXT: ChallengeContext = {
  resource_metadata: 'https://files.example.com/.well-known/oauth-protected-resource/mcp',
  advertised_scopes: ['files:read', 'files:list'],
  required_scopes: ['files:list', 'files:write'],
};
const METADATA = 'resource_metadata="https://files.example.com/.well-known/oauth-protected-resource/mcp"';

const write = (codes: readonly ReasonCode[], context: Partial<ChallengeContext> | null = {}) =>
  writeChallenge(
    codes.map((code) => ({ code, message: 'never sent to a client' })),
    context && { ...CONTEXT, ...context },
  );
const authenticate = (...asked: Parameters<typeof write>) => write(...asked).headers['www-authenticate'];

describe('a challenge', () => {
  it.each<[ReasonCode, number, string]>([
    ['token_missing', 401, `Bearer ${METADATA}, scope="files:read files:list"`],
    [
      'audience_mismatch',
      401,
      `Bearer error="invalid_token", error_description="The access token is not valid for this server", ${METADATA}, scope="files:read files:list"`,
    ],
    [
      'scope_insufficient',
      403,
      `Bearer error="insufficient_scope", error_description="The access token lacks a scope that this operation needs", ${METADATA}, scope="files:list files:write"`,
    ],
    [
      'call_malformed',
      400,
      `Bearer error="invalid_request", error_description="The request is malformed", ${METADATA}`,
    ],
  ])('for %s is %i, byte for byte', (code, status, header) => {
    expect(write([code])).toEqual({ status, headers: { 'www-authenticate': [header] } });
  });

  it.each<ReasonCode>(['server_unknown', 'tool_unknown', 'policy_error', 'rule_not_satisfied', 'custom:a/b'])(
    'for %s is 403 without a header: no other token would help',
    (code) => {
      expect(write([code])).toEqual({ status: 403, headers: {} });
    },
  );

  it('for header_mismatch has the JSON-RPC error that MCP asks for, answering the client’s id', () => {
    for (const id of ['seven', 7, 0, '']) {
      expect(write(['header_mismatch'], { request_id: id })).toEqual({
        status: 400,
        headers: {
          'www-authenticate': [
            `Bearer error="invalid_request", error_description="The request is malformed", ${METADATA}`,
          ],
          'content-type': ['application/json'],
        },
        body: { jsonrpc: '2.0', id, error: { code: -32020, message: 'Header mismatch' } },
      });
    }
    expect(write(['header_mismatch']).body).toMatchObject({ id: null });
  });

  it('leaves out what is absent or empty', () => {
    expect(authenticate(['token_missing'], { advertised_scopes: [] })).toEqual([`Bearer ${METADATA}`]);
    expect(authenticate(['token_missing'], { advertised_scopes: [], resource_metadata: '' })).toEqual(['Bearer']);
  });

  it('is set by the first reason, but never by an ended waiver while another stands there', () => {
    expect(write(['call_malformed', 'header_mismatch'])).not.toHaveProperty('body');
    expect(write(['audience_mismatch', 'scope_insufficient']).status).toBe(401);
    expect(write(['tool_unknown', 'scope_insufficient'])).toEqual({ status: 403, headers: {} });
    expect(write(['waiver_expired', 'scope_insufficient']).status).toBe(403);
    expect(write(['waiver_expired']).status).toBe(401);
  });

  it('without a server is 403 and names nothing', () => {
    expect(write(['server_unknown'], null)).toEqual({ status: 403, headers: {} });
  });
});

describe('a parameter', () => {
  it('is a quoted string: quotes and backslashes are escaped (RFC 9110 §5.6.4)', () => {
    expect(authenticate(['token_missing'], { resource_metadata: 'a"b\\c', advertised_scopes: ['x', 'y'] })).toEqual([
      'Bearer resource_metadata="a\\"b\\\\c", scope="x y"',
    ]);
  });

  it.each(['\r', '\n', '\r\nset-cookie: a=b', '\0', '\t', '\x7f', 'ü', '\u2028', '\ud800'])(
    'with %j is refused: no header may carry it',
    (text) => {
      expect(() => write(['token_missing'], { resource_metadata: `https://a${text}` })).toThrow('no header may carry');
      expect(() => write(['token_missing'], { advertised_scopes: [text] })).toThrow('no header may carry');
      expect(() => write(['scope_insufficient'], { required_scopes: ['ok', text] })).toThrow('no header may carry');
    },
  );

  it('of any printable characters reads back as it was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1 }), (text) => {
        const [header = ''] = authenticate(['token_missing'], { resource_metadata: text, advertised_scopes: [] }) ?? [];
        const [, quoted = ''] = /^Bearer resource_metadata="((?:[^"\\]|\\.)*)"$/.exec(header) ?? [];
        expect(quoted.replace(/\\(.)/g, '$1')).toBe(text);
      }),
    );
  });
});

describe('what is no refusal', () => {
  it.each<FixedCode>(['keys_unavailable', 'policy_unavailable'])('%s has no challenge', (code) => {
    expect(() => write([code])).toThrow('no refusal');
  });

  it('nothing at all has none either', () => {
    expect(() => write([])).toThrow('without reason');
  });
});

describe('the URL of a server’s metadata (RFC 9728 §3.1)', () => {
  it.each([
    ['https://a.example', 'https://a.example/.well-known/oauth-protected-resource'],
    ['https://a.example/', 'https://a.example/.well-known/oauth-protected-resource'],
    ['https://a.example/mcp', 'https://a.example/.well-known/oauth-protected-resource/mcp'],
    ['https://a.example/mcp/', 'https://a.example/.well-known/oauth-protected-resource/mcp/'],
    ['https://a.example:8443/x/y', 'https://a.example:8443/.well-known/oauth-protected-resource/x/y'],
    ['https://a.example/mcp?t=1', 'https://a.example/.well-known/oauth-protected-resource/mcp?t=1'],
    ['https://a.example?t=1', 'https://a.example/.well-known/oauth-protected-resource?t=1'],
    ['https://a.example/?t=/1', 'https://a.example/.well-known/oauth-protected-resource?t=/1'],
    ['http://127.0.0.1:4000/mcp', 'http://127.0.0.1:4000/.well-known/oauth-protected-resource/mcp'],
    ['http://[::1]:4000/mcp', 'http://[::1]:4000/.well-known/oauth-protected-resource/mcp'],
  ])('of %s is %s', (resource, url) => {
    expect(metadataUrl(resource)).toBe(url);
  });
});
