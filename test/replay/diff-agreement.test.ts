/**
 * `diff` says what deciding says, both ways: whatever of 10,000 generated decisions opens or closes, it names; and each token
 * that it says is gained or lost, the real policy allows by one registry and not by the other.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Registry } from '../../src/registry/registry.ts';
import { operationsOf } from '../../src/replay/diff/operations.ts';
import { type Combination, compareRegistries, type Example } from '../../src/replay/diff/registries.ts';
import { openPolicy } from '../../src/replay/open.ts';
import { NOW } from '../property/world.ts';
import { decided, loaded, type Question, question, registryValue } from './generate.ts';

const PAIRS = 100;
const QUESTIONS = 100;
const LISTED = ['read_file', 'write_file', 'delete_file'];

it(`agrees with deciding again on ${PAIRS * QUESTIONS} decisions, and every token that it names is a true one`, async () => {
  const policy = await openPolicy(null);
  if (!policy.ok) throw new Error(JSON.stringify(policy.problems));
  const allowed = async (asked: Question, registry: Registry, at = NOW) =>
    (await decided(asked, registry, policy.opened, at)).decision.decision === 'allow';
  const seen = { opens: 0, closes: 0, examples: 0 };
  await fc.assert(
    fc.asyncProperty(
      registryValue,
      registryValue,
      fc.array(question, { minLength: QUESTIONS, maxLength: QUESTIONS }),
      async (before, after, questions) => {
        const [then, next] = [loaded(before), loaded(after)];
        const { combinations } = compareRegistries(then, next, NOW);
        const byName = new Map(combinations.map((one) => [one.name, one]));

        for (const asked of questions) {
          // Whether anybody asks that way is the gateway's doing, which no decision shows.
          if (asked.call.method === '*') continue;
          const [was, is] = [await allowed(asked, then), await allowed(asked, next)];
          if (was === is) continue;
          seen[is ? 'opens' : 'closes']++;
          const found = namesOf(asked, then, next).flatMap((name) => byName.get(name) ?? []);
          const told = found.some((one) => (is ? one.gained : one.lost) !== null);
          expect(told, JSON.stringify({ asked, was, is, found })).toBe(true);
        }

        for (const one of combinations) {
          for (const [example, gains] of [
            [one.gained, true],
            [one.lost, false],
          ] as const) {
            if (example === null) continue;
            const asked = questionOf(one, example, then, next);
            if (asked === null) continue;
            seen.examples++;
            const context = JSON.stringify({ one, asked });
            expect(await allowed(asked, next, example.at), context).toBe(gains);
            expect(await allowed(asked, then, example.at), context).toBe(!gains);
          }
        }
      },
    ),
    { numRuns: PAIRS, seed: 7, endOnFailure: true },
  );
  expect(Math.min(seen.opens, seen.closes), JSON.stringify(seen)).toBeGreaterThan(100);
  expect(seen.examples, JSON.stringify(seen)).toBeGreaterThan(1_000);
});

it('says nothing of two registries that are the same', () => {
  fc.assert(
    fc.property(registryValue, (value) => {
      expect(compareRegistries(loaded(value), loaded(value), NOW)).toEqual({ combinations: [], uncertain: [] });
    }),
    { numRuns: 50, seed: 1 },
  );
});

/** Names under which a question may be told: as it stands, and as what its registry entries make of it. */
function namesOf({ server: resource, call, token }: Question, then: Registry, next: Registry): readonly string[] {
  const server = (next.serverByResource.get(resource) ?? then.serverByResource.get(resource))?.key ?? '';
  const issuer = (next.issuerByIss.get(token.issuer) ?? then.issuerByIss.get(token.issuer))?.key ?? '';
  const { method, tool, prompt, uri } = call;
  const targets = [tool, prompt, uri].filter((target) => target !== undefined);
  if (tool !== undefined && !LISTED.includes(tool)) targets.push('*');
  // A tool that neither lists is any other.
  if (tool !== undefined) targets.push('*');
  if (uri?.startsWith('file:///docs/deep/')) targets.push('file:///docs/deep/*');
  if (uri?.startsWith('file:///docs/')) targets.push('file:///docs/*');
  if (method.startsWith('notifications/')) return [`${server} notifications/* ${issuer}`];
  const operations = targets.length === 0 ? [method] : targets.map((target) => `${method} ${target}`);
  return operations.map((operation) => `${server} ${operation} ${issuer}`);
}

/** @returns null where the example rests on keys, which are not decided here */
function questionOf(
  { server, operation, issuer }: Combination,
  example: Example,
  then: Registry,
  next: Registry,
): Question | null {
  const servers = [then, next].flatMap(({ servers: all }) => all.get(server) ?? []);
  const [first] = servers;
  const record = next.issuers.get(issuer) ?? then.issuers.get(issuer);
  const sources = [then, next].map(({ issuers }) => JSON.stringify(issuers.get(issuer)?.key_source));
  const calls = operationsOf(servers).filter(({ name }) => name === operation);
  if (first === undefined || record === undefined || calls.length !== 1 || sources[0] !== sources[1]) return null;
  const [only] = calls;
  if (only === undefined || only.call.method === '*') return null;
  const { audiences, scopes, lifetime, tolerance, actor, algorithm, type, client, at } = example;
  const { binding, context, authenticated, details } = example;
  const name = binding === 'mtls' ? 'x5t#S256' : 'jkt';
  const expires = at + 1 - tolerance;
  // A token that needs tolerance has ended already; any other is fresh.
  const times =
    tolerance > 0
      ? { issued_at: expires - lifetime, expires_at: expires }
      : { issued_at: at, expires_at: at + lifetime };
  return {
    server: first.resource,
    call: only.call,
    token: {
      ...{ type, algorithm, key_id: 'k', issuer: record.issuer, audiences, scopes, ...times },
      subject: 'user-1',
      client_id: client ?? 'nobody',
      ...(actor !== null && { actor }),
      ...(binding !== null && { confirmation: { [name]: 'thumbprint' } }),
      ...(context !== null && { authentication_context: context }),
      ...(authenticated !== null && { authenticated_at: at - authenticated }),
      ...(details !== null && { authorization_details: [{ type: details }] }),
      claims: { iss: record.issuer },
    },
    ...(binding === 'dpop' && { proof: { dpop: { jkt: 'thumbprint', algorithm: 'ES256', issued_at: at } } }),
    ...(binding === 'mtls' && { proof: { mtls: { 'x5t#S256': 'thumbprint' } } }),
  };
}
