/** What people and programs get of one and the same probe. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { findingsOf, type Report } from '../../src/probe/findings.ts';
import { KINDS } from '../../src/probe/report.ts';
import { RULES, ruleOf } from '../../src/probe/rules.ts';
import { sarif } from '../../src/probe/sarif.ts';
import { inProcess } from '../cli/in-process.ts';
import { scratch } from '../e2e/start.ts';
import { SARIF_SCHEMA } from './sarif-schema.ts';

const METADATA = 'https://files.example.com/.well-known/oauth-protected-resource/mcp';
const attempt = (kind: (typeof KINDS)[number], verdict: 'refused' | 'accepted' | 'unclear' | 'not_sent') => ({
  kind,
  verdict,
  method: verdict === 'not_sent' ? null : 'server/discover',
  expected: `401 with WWW-Authenticate: resource_metadata="${METADATA}"`,
  found: { refused: '401', accepted: '200 with a JSON-RPC result', unclear: 'HTTP status 503', not_sent: 'no --key' }[
    verdict
  ],
  remedy: verdict === 'refused' ? '' : 'Mend it.',
  ...(verdict === 'not_sent' && { could: true }),
});
/** One of everything. */
const REPORT: Report = {
  servers: [
    {
      server: 'files',
      resource: 'https://files.example.com/mcp',
      source: { file: './my registry/files & co.yaml', line: 7 },
      attempts: [
        attempt('absent', 'refused'),
        attempt('foreign_audience', 'accepted'),
        attempt('two_audiences', 'unclear'),
        attempt('expired', 'not_sent'),
      ],
      checks: [
        { check: 'metadata-resource', verdict: 'same', expected: ['a'], found: ['a'], remedy: '' },
        { check: 'metadata-scopes', verdict: 'differs', expected: [], found: ['<admin>'], remedy: 'Mend it.' },
      ],
      notes: ['The server requires client certificates.'],
    },
  ],
  issuers: [
    {
      issuer: 'corp',
      iss: 'https://login.example.com',
      source: { file: '/etc/audgate/issuers.yaml', line: 2 },
      checks: [],
      attempts: [
        {
          target: 'unknown',
          resources: ['https://nobody.invalid'],
          verdict: 'ignored',
          expected: 'the error invalid_target',
          found: 'an opaque token',
          remedy: 'Refuse it.',
        },
      ],
    },
  ],
};

interface Run {
  readonly tool: {
    readonly driver: { readonly rules: readonly { readonly id: string; readonly help: { readonly text: string } }[] };
  };
  readonly results: readonly {
    readonly ruleId: string;
    readonly ruleIndex: number;
    readonly level: string;
    readonly kind: string;
    readonly message: { readonly text: string };
    readonly locations: readonly {
      readonly physicalLocation: {
        readonly artifactLocation: { readonly uri: string };
        readonly region: { readonly startLine: number };
      };
    }[];
    readonly partialFingerprints: Readonly<Record<string, string>>;
  }[];
  readonly invocations: readonly {
    readonly toolExecutionNotifications: readonly { readonly message: { readonly text: string } }[];
  }[];
}

describe('SARIF', () => {
  const validate = new Ajv2020({ strict: false, formats: { uri: true, 'uri-reference': true } }).compile(SARIF_SCHEMA);
  const runOf = (document: unknown) => (document as { readonly runs: readonly [Run] }).runs[0];

  test('is what the standard allows, whatever was found', () => {
    for (const report of [REPORT, { servers: [], issuers: [] }]) {
      expect(validate(sarif(findingsOf(report), '1.0.0')), JSON.stringify(validate.errors)).toBe(true);
    }
  });

  test('has each finding where the server is registered, and what is unclear without a level', () => {
    const { results, invocations } = runOf(sarif(findingsOf(REPORT), '1.0.0'));
    const told = results.map(({ ruleId, kind, level, locations: [at] }) => {
      const { artifactLocation, region } = at?.physicalLocation ?? {};
      return [ruleId, kind, level, `${artifactLocation?.uri}:${region?.startLine}`];
    });
    const files = 'my%20registry/files%20%26%20co.yaml:7';
    expect(told).toEqual([
      ['accepted-foreign-audience', 'fail', 'error', files],
      ['accepted-two-audiences', 'review', 'none', files],
      ['metadata-scopes', 'fail', 'warning', files],
      ['issuer-unknown-resource', 'fail', 'error', 'file:///etc/audgate/issuers.yaml:2'],
    ]);
    expect(invocations[0]?.toolExecutionNotifications.map(({ message }) => message.text)).toEqual([
      'Server "files", expired: not sent: no --key.',
    ]);
  });

  test('names rules by stable ids with help, and results by what stays', () => {
    const { tool, results } = runOf(sarif(findingsOf(REPORT), '1.0.0'));
    const { rules } = tool.driver;
    expect(rules.map(({ id }) => id)).toEqual(Object.keys(RULES));
    for (const { help } of rules) expect(help.text.length).toBeGreaterThan(30);
    for (const { ruleId, ruleIndex } of results) expect(rules[ruleIndex]?.id).toBe(ruleId);
    for (const kind of KINDS) expect(Object.keys(RULES)).toContain(ruleOf(kind));
    const prints = (report: Report) =>
      runOf(sarif(findingsOf(report), '1.0.0')).results.map((one) => one.partialFingerprints['audgateProbe/v1']);
    const [server] = REPORT.servers;
    if (server === undefined) throw new Error('there is one');
    const moved = { ...REPORT, servers: [{ ...server, source: { file: 'other.yaml', line: 9 } }] };
    expect(prints(moved)).toEqual(prints(REPORT));
    expect(new Set(prints(REPORT)).size).toBe(4);
  });
});

describe('the command', () => {
  const registry = 'test/probe/unreachable.yaml';
  let folder: string;
  const run = async (args: readonly string[], terminal = false) => {
    folder = await scratch();
    const files = ['--junit', join(folder, 'probe.xml'), '--sarif', join(folder, 'probe.sarif')];
    return inProcess(['probe', '--registry', registry, ...files, ...args], {
      ...(terminal && { terminals: ['stdout' as const] }),
    });
  };

  test('prints a table with tabs, and what to do about each thing', async () => {
    const { code, stdout, stderr } = await run([]);
    expect(code).toBe(3);
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      'OF\tWHAT\tVERDICT\tFOUND',
      'server files\ttoken absent\tunclear\tthe request failed (ECONNREFUSED)',
      'server files\ttoken unsigned\tnot sent\tthe server did not answer the request without a token',
    ]);
    expect(stdout).toContain('  to do:    See whether the server runs at its resource');
    expect(stdout).toMatch(/\n0 refused, 0 accepted, 0 differ, 2 unclear, 6 not sent\n$/);
    expect(stdout).not.toContain('\u001b');
    expect(stderr).toBe('audgate: 1 of 1: files, 0 refused, 0 accepted\n');
  });

  test('colours on a terminal alone', async () => {
    expect((await run([], true)).stdout).toContain('\u001b[33m');
  });

  test('writes JUnit, in which nobody can take what is unclear for passed', async () => {
    await run(['--json']);
    const text = await readFile(join(folder, 'probe.xml'), 'utf8');
    expect(text).toContain('<testsuite name="server files" tests="8" failures="0" errors="2" skipped="6">');
    expect(text).toContain('<testcase name="token absent" classname="test/probe/unreachable.yaml:');
    expect(text).toMatch(/<error message="unclear: the request failed \(ECONNREFUSED\)">/);
    expect(text).toMatch(/<skipped message="not sent: /);
    const document = JSON.parse(await readFile(join(folder, 'probe.sarif'), 'utf8'));
    expect(document.runs[0].results.map(({ ruleId }: { ruleId: string }) => ruleId)).toEqual([
      'accepted-absent',
      'metadata-missing',
    ]);
  });

  test('says which file cannot be written', async () => {
    const ran = await inProcess(['probe', '--registry', registry, '--sarif', 'no/such/folder/x']);
    expect(ran).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('choose another with --sarif') });
  });
});
