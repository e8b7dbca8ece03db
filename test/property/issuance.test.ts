/** Whatever is asked for and whatever a grant is bound to: what is issued opens one server, and the right one. */
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { type IssuanceQuestion, TOKEN_EXCHANGE } from '../../src/decision/issuance.ts';
import { isIdJag, scopesOf } from '../../src/issuance/request.ts';
import { issuanceQuestions } from '../issuance/questions.ts';
import { NOW, openWorld, REGISTRY, type World } from '../issuance/world.ts';

/** Cheap: some tens of microseconds each. */
const RUNS = { numRuns: 2000, seed: 20261123 };
type Key = keyof typeof REGISTRY.servers;
const ISSUERS = Object.entries(REGISTRY.issuers);
const SERVERS = Object.entries(REGISTRY.servers) as readonly [Key, (typeof REGISTRY.servers)[Key]][];

let world: World;
beforeAll(async () => {
  world = await openWorld();
});

const issuerOf = (iss: string | undefined) => ISSUERS.find(([, { issuer }]) => issuer === iss)?.[0];

/** Written again from the registry's text, so that nothing of what is tested is asked. */
function acceptedBy(key: Key, issuer: string | undefined): readonly string[] {
  const server: { readonly resource: string; readonly audiences?: readonly unknown[] } = REGISTRY.servers[key];
  const others = (server.audiences ?? []).flatMap((one) => {
    if (typeof one === 'string') return [one];
    const { value, issuer: by } = one as { readonly value: string; readonly issuer: string };
    return by === issuer ? [value] : [];
  });
  return [server.resource, ...others];
}

function boundTo({ bound, issuer }: IssuanceQuestion): readonly Key[] {
  const by = issuerOf(issuer);
  const found = (bound?.resources ?? []).map(
    (value) => SERVERS.find(([key]) => acceptedBy(key, by).includes(value))?.[0],
  );
  return [...new Set(found.filter((key) => key !== undefined))];
}

const each = (check: (question: IssuanceQuestion, issue: NonNullable<Awaited<ReturnType<typeof issued>>>) => void) =>
  fc.assert(
    fc.asyncProperty(issuanceQuestions, async (question) => {
      const issue = await issued(question);
      if (issue !== undefined) check(question, issue);
    }),
    RUNS,
  );

async function issued(question: IssuanceQuestion) {
  const decision = await world.decide(question);
  expect(decision.decision === 'allow').toBe(decision.reasons.length === 0);
  return decision.decision === 'allow' ? { ...decision.issue, server: decision.server } : undefined;
}

it('the aud is one registered resource that lists the issuer, or, of an ID-JAG, an issuer that its resource lists', async () => {
  let allowed = 0;
  await each((question, { aud, resource }) => {
    allowed++;
    const idJag = isIdJag(question);
    const trusted = issuerOf(idJag ? aud : question.issuer);
    const [key, ...more] = SERVERS.filter(([, server]) => server.resource === resource).map(([name]) => name);
    if (key === undefined) throw new Error(`${resource} is no registered resource`);
    expect(more).toEqual([]);
    const { issuers } = REGISTRY.servers[key] as { readonly issuers: readonly string[] };
    expect(issuers).toContain(trusted);
    if (!idJag) expect(aud).toBe(resource);
    const asked = [...(question.resources ?? []), ...(idJag ? [] : (question.audiences ?? []))];
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((value) => !acceptedBy(key, trusted).includes(value))).toEqual([]);
    expect(question.issuer).not.toBe(REGISTRY.issuers.old.issuer);
  });
  // Else this would hold of a service that refuses everything.
  expect(allowed).toBeGreaterThan(200);
});

it('its target is what the grant was bound to, but for an edge', async () => {
  let byEdge = 0;
  await each((question, { server }) => {
    if (question.bound === undefined) return;
    const bound = boundTo(question);
    if (question.bound.client_id === question.client_id && bound.length === 1 && bound[0] === server) return;
    expect(question.grant).toBe(TOKEN_EXCHANGE);
    if (isIdJag(question) && bound.length === 0) {
      expect(question.bound.resources).toEqual([question.client_id]);
      expect(question.bound.client_id).toBe(question.client_id);
      return;
    }
    byEdge++;
    expect(bound).toHaveLength(1);
    const edges = REGISTRY.exchanges.filter(
      ({ from, to, client }) => from === bound[0] && to === server && client === question.client_id,
    );
    expect(edges).toHaveLength(1);
  });
  expect(byEdge).toBeGreaterThan(20);
});

it('its scope was asked for and granted, and it ends in time', async () => {
  await each((question, { scope, expires_in, server }) => {
    const scopes = scopesOf(scope) ?? [];
    const requested = scopesOf(question.scope);
    if (requested !== undefined) expect(scopes.filter((one) => !requested.includes(one))).toEqual([]);
    expect(scopes.filter((one) => !one.startsWith(`${server}:`))).toEqual([]);
    const { bound, grant } = question;
    const held = scopesOf(bound?.scope) ?? [];
    const edge = REGISTRY.exchanges.find(({ from, to }) => from === boundTo(question)[0] && to === server);
    if (bound !== undefined && !isIdJag(question))
      expect(scopes.filter((one) => !(edge?.scopes ?? held).includes(one))).toEqual([]);
    expect(expires_in).toBeGreaterThan(0);
    expect(expires_in).toBeLessThanOrEqual(
      Math.min(server === 'billing' ? 300 : 900, question.lifetime_seconds ?? 900),
    );
    if (bound?.expires_at !== undefined) expect(bound.expires_at).toBeGreaterThan(NOW);
    if (grant === TOKEN_EXCHANGE && bound?.expires_at !== undefined)
      expect(expires_in).toBeLessThanOrEqual(bound.expires_at - NOW);
  });
});

it('nothing of what the rules allowed was below the floor', () => {
  expect(world.alarms).toEqual([]);
});
