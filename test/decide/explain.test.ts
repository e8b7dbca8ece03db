/** Explain: the same decision for any time, and every rule with what it expected and what it found. */
import { describe, expect, it } from 'vitest';
import type { Ask } from '../../src/decide/ask.ts';
import { referencesOfRule } from '../../src/decision/frameworks.ts';
import { explanation as explanationForm } from '../../src/http/native/answers.ts';
import { FILES, NOW } from '../property/world.ts';
import { BILLING, openDesk } from './desk.ts';

const RULES = [
  ...[
    'audience',
    'authentication',
    'authorization_details',
    'delegation',
    'issuer',
    'lifetime',
    'operation',
    'passthrough',
    'scope',
  ],
  'sender_constraint',
];

describe('explain', () => {
  it('shows of a right call that every rule is satisfied, with what it compared and where that stands', async () => {
    const { explain, token, service } = await openDesk();
    const explanation = await explain({ token: await token() });
    expect(explanationForm.parse(explanation)).toEqual(explanation);
    expect(explanation.would_decide.decision).toBe('allow');
    expect(explanation.checks.map(({ rule, outcome }) => `${rule} ${outcome}`)).toEqual(
      RULES.map((rule) => `${rule} satisfied`),
    );
    expect(explanation.checks[0]).toEqual({
      rule: 'audience',
      outcome: 'satisfied',
      expected: [FILES],
      actual: [FILES],
      registry: 'registry.yaml:7',
      rule_file: 'policies/core/audgate/rules/audience/audience.rego',
      references: referencesOfRule('audience'),
    });
    expect(explanation.references).toEqual([]);
    expect(explanation.input).toMatchObject({ now: NOW, token: { subject: 'user-1' }, context: { caller: 'local' } });
    const { registry, policy } = service.current();
    expect(explanation.digests).toEqual({ registry: registry.digest, core: policy.core.digest, custom: null });
  });

  it('names the rules that deny, and evaluates the others', async () => {
    const { explain, token } = await openDesk();
    const { checks, would_decide } = await explain({ token: await token({ claims: { aud: BILLING } }) });
    expect(would_decide.reasons.map(({ code }) => code)).toEqual(['audience_mismatch']);
    expect(checks.filter(({ outcome }) => outcome !== 'satisfied')).toMatchObject([
      { rule: 'audience', outcome: 'denied', expected: [FILES], actual: [BILLING] },
    ]);
  });

  it('tells in the words of published frameworks what the reasons stand against, and the decision itself does not', async () => {
    const { explain, token } = await openDesk();
    const { references, would_decide } = await explain({ token: await token({ claims: { aud: BILLING, scope: '' } }) });
    expect(references).toContainEqual({
      id: 'MCP02:2025',
      framework: 'owasp-mcp',
      title: 'Privilege Escalation via Scope Creep',
      reasons: ['scope_insufficient'],
    });
    expect(references).toContainEqual(
      expect.objectContaining({ id: 'ASI03', reasons: ['audience_mismatch', 'scope_insufficient'] }),
    );
    expect(JSON.stringify(would_decide)).not.toContain('ASI03');
  });

  it('evaluates no scope of an unknown operation', async () => {
    const { explain, token } = await openDesk();
    const { checks } = await explain({
      token: await token(),
      source: { kind: 'call', method: 'tools/call', tool: 'unlisted' },
    });
    expect(checks.filter(({ outcome }) => outcome !== 'satisfied').map(({ rule, outcome }) => [rule, outcome])).toEqual(
      [
        ['authentication', 'not_evaluated'],
        ['operation', 'denied'],
        ['scope', 'not_evaluated'],
      ],
    );
  });

  it.each<[string, Partial<Ask>, string | null]>([
    ['an unknown server', { server: 'x' }, null],
    ['a body that is no call', { source: { kind: 'body', body: '' } }, 'registry.yaml:7'],
    ['no token', { token: null }, 'registry.yaml:7'],
    ['a token that is none', { token: 'x' }, 'registry.yaml:7'],
  ])('of %s still names every rule: none was asked', async (_, question, registry) => {
    const { explain, token } = await openDesk();
    const { checks, input } = await explain({ token: await token(), ...question });
    expect(input).toBeNull();
    expect(checks).toEqual(
      RULES.map((rule) => ({
        rule,
        outcome: 'not_evaluated',
        expected: [],
        actual: [],
        registry,
        rule_file: `policies/core/audgate/rules/${rule}/${rule}.rego`,
        references: referencesOfRule(rule),
      })),
    );
  });

  it('decides for another time, and records it as explain', async () => {
    const { explain, token, events } = await openDesk();
    const { would_decide, input } = await explain({ token: await token() }, NOW + 3600);
    expect(would_decide.reasons.map(({ code }) => code)).toEqual(['token_expired']);
    expect(input).toMatchObject({ now: NOW + 3600, time: { hour: 13 } });
    expect(events.map(({ path }) => path)).toEqual(['audgate/explain']);
  });

  it('judges a token whose keys cannot be had by core alone', async () => {
    const { explain, token } = await openDesk({ keyless: true });
    const { would_decide, checks } = await explain({ token: await token() });
    expect(would_decide.decision).toBe('indeterminate');
    expect(new Set(checks.map(({ outcome }) => outcome))).toEqual(new Set(['satisfied']));
  });

  it('cuts and escapes what a token wrote in the checks', async () => {
    const { explain, token } = await openDesk();
    const scope = Array.from({ length: 40 }, (_, at) => `s${at}`).join(' ');
    const { checks } = await explain({
      token: await token({ claims: { scope, aud: `\u202e${'😀'.repeat(200)}` } }),
    });
    expect(checks.find(({ rule }) => rule === 'scope')?.actual).toHaveLength(16);
    expect(checks.find(({ rule }) => rule === 'audience')?.actual).toEqual([`\\u202e${'😀'.repeat(124)}…`]);
  });
});

describe('key material', () => {
  const KEY = 'c2VjcmV0LWtleS1tYXRlcmlhbA';
  const cnf = {
    jwk: { kty: 'oct', k: KEY },
    jwe: KEY,
    jku: `https://x.example/${KEY}`,
    jkt: { nested: KEY },
    'x5t#S256': 'thumbprint',
  };

  it('is not shown: of a confirmation its thumbprints, and that there is more', async () => {
    const { explain, token } = await openDesk();
    const explanation = await explain({ token: await token({ claims: { cnf } }) });
    expect(JSON.stringify(explanation)).not.toContain(KEY);
    expect(explanation.input?.token.confirmation).toEqual({
      jwk: '(not shown)',
      jwe: '(not shown)',
      jku: '(not shown)',
      jkt: '(not shown)',
      'x5t#S256': 'thumbprint',
    });
    expect(explanationForm.parse(explanation)).toEqual(explanation);
  });

  it('of a token without confirmation is not made up', async () => {
    const { explain, token } = await openDesk();
    expect((await explain({ token: await token() })).input?.token).not.toHaveProperty('confirmation');
    expect((await explain({ token: await token({ claims: { cnf: {} } }) })).input?.token.confirmation).toEqual({});
  });

  it('is nowhere when the claim has another form', async () => {
    const { explain, token } = await openDesk();
    for (const claims of [{ cnf: KEY }, { cnf: [KEY] }, { act: KEY }, { act: [KEY] }]) {
      expect(JSON.stringify(await explain({ token: await token({ claims }) }))).not.toContain(KEY);
    }
  });

  it('of sixteen members and more is cut, names too', async () => {
    const { explain, token } = await openDesk();
    const many = Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`${at}\u202e${'n'.repeat(256)}`, KEY]));
    const { input } = await explain({ token: await token({ claims: { cnf: { ...many, jkt: 'thumb' } } }) });
    const names = Object.keys(input?.token.confirmation ?? {});
    expect(names).toHaveLength(16);
    expect(names).toContain('jkt');
    expect(names.join()).not.toContain('\u202e');
    expect(Math.max(...names.map(({ length }) => length))).toBe(255);
  });
});
