/** RFC 9470 and RFC 9396: no token opens more than what it says of its user meets, whatever it says besides. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { JsonObject } from '../../src/json/value.ts';
import { signText } from '../../src/testing/mint.ts';
import { FILES, HEADER, NOW, openWorld, RIGHT, type World } from './world.ts';

/** Seconds: of the issuer's clock, as nothing else is registered. */
const TOLERANCE = 5;
const WAYS = ['mfa', 'phr', 'pwd'];

interface Asked {
  readonly acr_values?: readonly string[];
  readonly max_age_seconds?: number;
}

const asked: fc.Arbitrary<Asked> = fc
  .record(
    { acr_values: fc.subarray(WAYS, { minLength: 1 }), max_age_seconds: fc.constantFrom(0, 60, 300, 86_400) },
    { requiredKeys: [], noNullPrototype: true },
  )
  .filter((one) => Object.keys(one).length > 0);

/** One tool each. */
const ASKED = fc.sample(asked, { numRuns: 30, seed: 9470 });
const OF_METHOD: Asked = { acr_values: ['mfa', 'phr'], max_age_seconds: 3600 };
const tools = Object.fromEntries(ASKED.map((authentication, at) => [`tool_${at}`, { authentication }]));

const claims = fc.record<JsonObject>(
  {
    acr: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...WAYS) },
      { weight: 1, arbitrary: fc.constantFrom('MFA', 'mfa phr', '0', 'mfa,phr', ' mfa') },
      { weight: 1, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength: 1 }) },
    ),
    auth_time: fc.oneof(
      {
        weight: 6,
        arbitrary: fc
          .constantFrom(0, 5, 6, 60, 65, 66, 300, 305, 306, 3600, 3605, 3606, -5, -6)
          .map((ago) => NOW - ago),
      },
      { weight: 1, arbitrary: fc.nat({ max: NOW * 2 }) },
    ),
    // What says nothing to anyone: an amr of the best kind, the same in another claim.
    amr: fc.constant(['mfa', 'hwk']),
    acr_values: fc.constant('mfa phr'),
    authn_time: fc.constant(NOW),
  },
  { requiredKeys: [], noNullPrototype: true },
);

/** The rule written a second time. */
function meets({ acr, auth_time: at }: JsonObject, { acr_values, max_age_seconds }: Asked): boolean {
  const way = acr_values === undefined || (typeof acr === 'string' && acr_values.includes(acr));
  if (max_age_seconds === undefined) return way;
  return way && typeof at === 'number' && NOW - at <= max_age_seconds + TOLERANCE && at - NOW <= TOLERANCE;
}

async function decide({ bench, key }: World, tool: string, more: JsonObject) {
  const token = await signText(key('corp'), JSON.stringify(HEADER), JSON.stringify({ ...RIGHT, ...more }));
  const { decision } = await bench.decide({
    server: FILES,
    token,
    source: { kind: 'call', method: 'tools/call', tool },
  });
  return decision;
}

it.each<[string, object, readonly Asked[]]>([
  ['its tool asks', {}, []],
  ['its tool and its method ask', { methods: { 'tools/call': { authentication: OF_METHOD } } }, [OF_METHOD]],
])('a token opens a tool exactly if it shows what %s', async (_, files, besides) => {
  const world = await openWorld(null, { tools, files });
  let opened = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: ASKED.length - 1 }), claims, async (at, more) => {
      const all = [ASKED[at] ?? {}, ...besides];
      const right = all.every((one) => meets(more, one));
      if (right) opened += 1;
      const decision = await decide(world, `tool_${at}`, more);
      expect(decision.decision).toBe(right ? 'allow' : 'deny');
      if (decision.decision !== 'deny') return;
      expect(decision.reasons.map(({ code }) => code)).toEqual(['authentication_insufficient']);
      const [challenge = ''] = decision.challenge.headers['www-authenticate'] ?? [];
      expect(challenge).toContain('error="insufficient_user_authentication"');
      // Whoever asks for what the challenge says is let in.
      const ways = /acr_values="([^"]+)"/.exec(challenge)?.[1]?.split(' ') ?? [];
      const age = /max_age="(\d+)"/.exec(challenge)?.[1];
      const common = all.flatMap(({ acr_values }) => (acr_values === undefined ? [] : [acr_values]));
      if (common.length > 0 && ways.length === 0) return;
      for (const acr of ways.length === 0 ? ['pwd'] : ways)
        expect(await decide(world, `tool_${at}`, { acr, auth_time: NOW - Number(age ?? 0) })).toMatchObject({
          decision: 'allow',
        });
    }),
    { numRuns: 600, seed: 9470 },
  );
  expect(opened).toBeGreaterThan(40);
});

it('a token with authorization details opens a server exactly if it knows all their types', async () => {
  const listed = ['payment', 'account'];
  const world = await openWorld(null, { files: { authorization_details_types: listed } });
  const type = fc.oneof(
    fc.constantFrom(...listed, ...listed, 'Payment', 'payment ', 'other', '__proto__', 'constructor', '*'),
    fc.string({ unit: 'grapheme-ascii', minLength: 1 }),
  );
  const detail = type.map((name) => ({ type: name, locations: [FILES], types: listed }));
  await fc.assert(
    fc.asyncProperty(fc.array(detail, { maxLength: 3 }), async (details) => {
      const known = details.every((one) => listed.includes(one.type));
      const decision = await decide(world, 'read_file', { authorization_details: details });
      expect(decision.decision).toBe(known ? 'allow' : 'deny');
      if (!known) expect(decision.reasons.map(({ code }) => code)).toEqual(['authorization_details_unknown']);
    }),
    { numRuns: 400, seed: 9396 },
  );
});
