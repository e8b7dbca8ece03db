/** The runner finds what is wrong: in a case, between the ways to decide, and in a file that cannot be run. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { count, type FileResult, type RunParts, runCaseFile } from '../../src/testing/run.ts';
import { runParts } from './parts.ts';

const parts = await runParts();

const REGISTRY = `registry:
  issuers: { corp: { issuer: https://login.example.com, algorithms: [ES256] } }
  servers:
    files: { resource: https://files.example.com/mcp, issuers: [corp], max_lifetime_seconds: 900, actors: any }
now: 2026-11-23T12:00:00Z
cases:
`;

async function run(
  text: string,
  using: RunParts = parts,
  more: Readonly<Record<string, string>> = {},
): Promise<FileResult> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-cases-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'cases.yaml');
  for (const [name, content] of Object.entries({ 'cases.yaml': text, ...more }))
    writeFileSync(join(folder, name), content);
  return runCaseFile(path, using);
}

async function differencesOf(text: string, using?: RunParts): Promise<readonly string[]> {
  const result = await run(REGISTRY + text, using);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.cases.flatMap(({ differences }) => differences);
}

const PING = 'server: files, token: { issuer: corp }, call: { method: ping }';
const ALLOW = 'decision: allow, reasons: [], status: 200';

describe('a case', () => {
  it('passes when all is as expected', async () => {
    expect(await differencesOf(`  - { name: a, ${PING}, expect: { ${ALLOW} } }`)).toEqual([]);
  });

  it.each([
    ['another decision', PING, 'decision: deny, reasons: [], status: 200', 'decision: expected deny, got allow'],
    [
      'a reason that is not there',
      PING,
      'decision: allow, reasons: [token_expired], status: 200',
      'reasons: expected token_expired, got none',
    ],
    ['another status', PING, 'decision: allow, reasons: [], status: 401', 'status: expected 401, got 200'],
    [
      'a reason that was not expected',
      'server: files, call: { method: ping }',
      'decision: deny, reasons: [], status: 401',
      'reasons: expected none, got token_missing',
    ],
    [
      'the order of reasons',
      'server: files, token: { issuer: corp, claims: { aud: a, exp: "+999" } }, call: { method: ping }',
      'decision: deny, reasons: [lifetime_exceeded, audience_mismatch], status: 401',
      'reasons: expected lifetime_exceeded, audience_mismatch, got audience_mismatch, lifetime_exceeded',
    ],
    [
      'another challenge',
      'server: files, call: { method: ping }',
      'decision: deny, reasons: [token_missing], status: 401, challenge: { headers: { www-authenticate: [Bearer] } }',
      'challenge header www-authenticate: expected ["Bearer"], got',
    ],
    [
      'a challenge where none is',
      'server: nowhere, call: { method: ping }',
      'decision: deny, reasons: [server_unknown], status: 403, challenge: { body: {} }',
      'challenge body: expected {}, got null',
    ],
    [
      'an unknown issuer',
      'server: files, token: { issuer: crop }, call: { method: ping }',
      ALLOW,
      `the token's issuer "crop" is not in the registry`,
    ],
    [
      'what no gateway may ask',
      'server: files, scheme: "two words", call: { method: ping }',
      ALLOW,
      'no gateway may ask this: /scheme',
    ],
    [
      'a call that is no call',
      'server: files, call: { method: tools/call }',
      'decision: deny, reasons: [], status: 400',
      'HTTP status: expected 200, got 400',
    ],
  ])('fails on %s', async (_, asked, expected, difference) => {
    const found = await differencesOf(`  - { name: a, ${asked}, expect: { ${expected} } }`);
    expect(
      found.some((one) => one.startsWith(difference)),
      found.join('\n'),
    ).toBe(true);
  });

  it('fails when opa eval judges otherwise than the module', async () => {
    const coreSources = new Map(
      [...parts.coreSources].map(([file, text]) => [file, text.replace('actors == "any"', 'actors != "any"')]),
    );
    const act = 'server: files, token: { issuer: corp, claims: { act: { sub: a } } }, call: { method: ping }';
    const cases = `  - { name: a, ${act}, expect: { ${ALLOW} } }`;
    expect(await differencesOf(cases)).toEqual([]);
    const found = await differencesOf(cases, { ...parts, coreSources });
    expect(found).toContain('allow by opa eval: expected true, got false');
  });
});

describe('a file', () => {
  it('is counted by where its cases end', async () => {
    const result = await run(`${REGISTRY}  - { name: a, ${PING}, expect: { ${ALLOW} } }
  - { name: b, server: files, token: null, call: { method: ping }, expect: { ${ALLOW} } }
`);
    expect(count([result])).toEqual({ policy: 1, facts: 1, failed: 1, unusable: 0 });
  });

  it('that does not exist cannot be used', async () => {
    expect(await runCaseFile('/nowhere/cases.yaml', parts)).toMatchObject({ ok: false });
  });

  it('shows where its registry is wrong', async () => {
    const result = await run(
      REGISTRY.replace('max_lifetime_seconds: 900', 'max_lifetime_seconds: 90000').concat(
        `  - { name: a, ${PING}, expect: { ${ALLOW} } }`,
      ),
    );
    if (result.ok) throw new Error('it was used');
    expect(result.problems).toMatchObject([{ line: 4, path: '/servers/files/max_lifetime_seconds' }]);
  });

  it('shows where its registry file is wrong', async () => {
    const text = `registry: ./registry.yaml\nnow: 2026-11-23T12:00:00Z\ncases: [{ name: a, ${PING}, expect: { ${ALLOW} } }]\n`;
    const result = await run(text, parts, { 'registry.yaml': 'issuers: {}\nserver: {}\n' });
    if (result.ok) throw new Error('it was used');
    expect(result.problems[0]).toMatchObject({ line: 2 });
    expect(JSON.stringify(result.problems[0])).toContain('registry.yaml');
  });

  it('shows what is wrong with its rules', async () => {
    const text = REGISTRY.replace('cases:', 'policies: .\ncases:').concat(
      `  - { name: a, ${PING}, expect: { ${ALLOW} } }`,
    );
    const result = await run(text, parts, {
      'rule.rego': 'package custom.rule\n\ndeny contains {"code": "a"} if input.now\n',
    });
    if (result.ok) throw new Error('it was used');
    expect(JSON.stringify(result.problems)).toContain('does not define satisfied');
  });
});
