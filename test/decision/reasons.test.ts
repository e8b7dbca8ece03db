/** The tie of contract 4: each code is documented, has its wire form, and something really brings it about. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reasonsPage } from '../../build/reasons-page.ts';
import { metadataUrl, writeChallenge } from '../../src/decision/challenge.ts';
import { CUSTOM_CODE, isFixedCode, REASONS, type ReasonCode } from '../../src/decision/reasons.ts';
import { readCases } from '../../src/testing/schema.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const CASES = join(ROOT, 'test', 'cases');

/** Contract 4 as it is written, rows of other issues left out: wire form → codes in the order of precedence. */
const CONTRACT = {
  server: { wire: '403', codes: 'server_unknown' },
  request: {
    wire: '400 invalid_request',
    codes: 'credential_ambiguous, scheme_unsupported, call_missing, call_malformed, call_incomplete, header_mismatch',
  },
  missing: { wire: '401', codes: 'token_missing' },
  token: {
    wire: '401 invalid_token',
    codes: `token_malformed, token_encrypted, issuer_unknown, issuer_disabled, algorithm_not_allowed,
      token_type_not_allowed, claims_invalid, key_unknown, signature_invalid, token_inactive, token_revoked,
      issuer_not_trusted, audience_missing,
      audience_mismatch, audience_not_exclusive, waiver_expired, lifetime_missing, token_expired, token_not_yet_valid,
      lifetime_exceeded, actor_not_allowed, certificate_missing, certificate_mismatch, token_not_bound, binding_mismatch,
      token_passthrough`,
  },
  proof: { wire: '401 invalid_dpop_proof', codes: 'proof_missing, proof_invalid, proof_mismatch, proof_replayed' },
  nonce: { wire: '401 use_dpop_nonce', codes: 'proof_nonce_required' },
  authentication: { wire: '401 insufficient_user_authentication', codes: 'authentication_insufficient' },
  operation: {
    wire: '403',
    codes: `method_unknown, tool_unknown, prompt_unknown, resource_unknown, task_unknown, arguments_too_large,
      authorization_details_unknown, rule_not_satisfied,
      policy_error, custom:some_rule/some_code`,
  },
  scope: { wire: '403 insufficient_scope', codes: 'scope_insufficient' },
  target: {
    wire: 'invalid_target',
    codes: `resource_missing, resource_multiple, resource_unregistered, resource_generic, resource_changed,
      exchange_not_allowed`,
  },
  grant: { wire: 'invalid_scope', codes: 'scope_exceeds_grant' },
  unavailable: {
    wire: '503',
    codes: `keys_unavailable, policy_unavailable, introspection_unavailable, revocation_unavailable, replay_store_unavailable,
      log_unavailable`,
  },
};
const rows = Object.values(CONTRACT).flatMap(({ wire, codes }) => codes.split(/,\s*/).map((code) => ({ wire, code })));

/** Codes that no case can bring about, and the test that does. */
const ISSUANCE = [
  'resource_missing',
  'resource_multiple',
  'resource_unregistered',
  'resource_generic',
  'resource_changed',
  'exchange_not_allowed',
  'scope_exceeds_grant',
];
const BY_TEST: Readonly<Record<string, { readonly file: string; readonly name: string }>> = {
  ...Object.fromEntries(ISSUANCE.map((name) => [name, { file: 'test/issuance/decide.test.ts', name }])),
  credential_ambiguous: { file: 'test/decide/credentials.test.ts', name: 'credential_ambiguous' },
  log_unavailable: { file: 'test/decide/log-unavailable.test.ts', name: 'whose record cannot be written' },
  policy_unavailable: { file: 'test/decide/policy-unavailable.test.ts', name: 'when no instance is to be had' },
};

function isCode(code: string): code is ReasonCode {
  return isFixedCode(code) || CUSTOM_CODE.test(code);
}

/** Status and error of what a client is sent, written by the one writer of challenges. */
function wireOf(code: string): string {
  if (!isCode(code)) return 'no code';
  const [first] = REASONS.filter((row) => row.code === (CUSTOM_CODE.test(code) ? 'custom' : code));
  if (first?.wire === 'unavailable') return '503';
  if (first?.wire === 'invalid_target' || first?.wire === 'invalid_scope') return first.wire;
  const { status, headers } = writeChallenge([{ code, message: '' }], {
    resource_metadata: metadataUrl('https://files.example.com/mcp'),
    advertised_scopes: ['files:read'],
    required_scopes: ['files:read'],
  });
  const [, error] = /error="([^"]*)"/.exec(headers['www-authenticate']?.[0] ?? '') ?? [];
  return error === undefined ? String(status) : `${status} ${error}`;
}

const expected = new Set(
  readdirSync(CASES)
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => {
      const read = readCases(readFileSync(join(CASES, name), 'utf8'), name);
      if (!read.ok) throw new Error(JSON.stringify(read.problems));
      return read.file.cases.flatMap(({ expect: { reasons } }) => reasons);
    })
    .map((code) => (CUSTOM_CODE.test(code) ? 'custom' : code)),
);

describe('the registry of reason codes', () => {
  it('has the codes of the contract, in their order', () => {
    const codes = rows.map(({ code }) => (CUSTOM_CODE.test(code) ? 'custom' : code));
    expect(REASONS.map(({ code }) => code)).toEqual(codes);
  });

  it('is what docs/reasons.md says', () => {
    expect(readFileSync(join(ROOT, 'docs', 'reasons.md'), 'utf8')).toBe(reasonsPage());
  });

  it('tells of every code what is wrong and what to do', () => {
    for (const { code, summary, remedy } of REASONS) {
      expect(`${code}: ${summary}`).toMatch(/: [A-Z].{10,}\.$/);
      expect(`${code}: ${remedy}`).toMatch(/: [A-Z].{10,}\.$/);
    }
  });
});

describe.each(rows)('$code', ({ wire, code }) => {
  const name = CUSTOM_CODE.test(code) ? 'custom' : code;

  it('stands in docs/reasons.md', () => {
    const shown = name === 'custom' ? 'custom:<rule>/<code>' : code;
    expect(reasonsPage()).toContain(`| \`${shown}\` |`);
  });

  it(`is sent as ${wire}`, () => {
    expect(wireOf(code)).toBe(wire);
  });

  it('is brought about by a case, or by a named test', () => {
    const test = BY_TEST[code];
    if (test === undefined) expect(expected).toContain(name);
    else expect(readFileSync(join(ROOT, test.file), 'utf8')).toContain(test.name);
  });
});
