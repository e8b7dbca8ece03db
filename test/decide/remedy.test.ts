/** What explain proposes: each change that it calls verified is made here as its reader would, and the call decided again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ask } from '../../src/decide/ask.ts';
import type { Explanation } from '../../src/decision/explanation.ts';
import type { JsonObject } from '../../src/json/value.ts';
import { createProofKey, prove } from '../../src/testing/prove.ts';
import { FILES, NOW } from '../property/world.ts';
import { BILLING, EDGE, openDesk } from './desk.ts';
import { type Made, makeChanges } from './make-changes.ts';

const HOLDER = await createProofKey();

const TOOLS: JsonObject = {
  read_file: { scopes: ['files:read'] },
  write_file: { scopes: ['files:write', 'files:read'] },
  admin: { scopes: ['files:admin'] },
};
const calling = (tool: string): Partial<Ask> => ({ source: { kind: 'call', method: 'tools/call', tool } });

interface Denied {
  readonly claims: JsonObject;
  readonly issuer: 'corp' | 'partner';
  readonly tool: string;
  readonly files: JsonObject;
}

async function explained({ claims, issuer, tool, files }: Denied): Promise<Explanation> {
  const desk = await openDesk({ files: { tools: TOOLS, ...files } });
  return desk.explain({ token: await desk.token({ claims }, issuer), ...calling(tool) });
}

/** The decision once these places of the list of changes were made, and no others. */
async function decidedWith(denied: Denied, { changes }: Explanation, places: readonly number[]): Promise<string> {
  const made: Made = {
    claims: { ...denied.claims },
    issuer: denied.issuer,
    tool: denied.tool,
    at: NOW,
    files: { tools: TOOLS, ...denied.files },
    issuers: { corp: {}, partner: {} },
    jkt: HOLDER.jkt,
    proved: false,
  };
  makeChanges(
    places.flatMap((at) => changes[at] ?? []),
    made,
  );
  const desk = await openDesk({ files: made.files, issuers: made.issuers });
  const token = await desk.token({ claims: made.claims }, made.issuer);
  const dpop = [await prove(HOLDER, { method: 'POST', resource: FILES, token, proof_id: 'once', now: made.at })];
  const proved = made.proved ? { scheme: 'DPoP', method: 'POST', proof: { dpop } } : {};
  const { would_decide } = await desk.explain({ token, ...calling(made.tool), ...proved }, made.at);
  return would_decide.reasons.map(({ code }) => code).join() || would_decide.decision;
}

const denials: fc.Arbitrary<Denied> = fc.record({
  claims: fc.record(
    {
      aud: fc.constantFrom<JsonObject[string]>(BILLING, 'api://x', [FILES, BILLING], null, [FILES, 'account'], FILES),
      scope: fc.constantFrom('', 'files:read', 'files:read files:write', 'other'),
      iat: fc.constantFrom(NOW, NOW - 2000, NOW + 40, NOW + 400),
      exp: fc.constantFrom(NOW + 300, NOW - 60, NOW + 3000, NOW + 20_000, NOW + 900_000),
      act: fc.constantFrom({ sub: 'agent-1' }),
      cnf: fc.constantFrom({ jkt: HOLDER.jkt }, { jkt: HOLDER.jkt, other: 'x' }, { other: 'x' }),
    },
    { requiredKeys: [] },
  ),
  issuer: fc.constantFrom('corp', 'corp', 'corp', 'partner'),
  tool: fc.constantFrom('read_file', 'read_file', 'write_file', 'admin', 'raed_file', 'unheard_of'),
  files: fc.constantFrom<JsonObject>({}, {}, { actors: ['agent-2'] }, { sender_constraint: 'dpop' }),
});

describe('a verified change', () => {
  it('allows the call with those that it names beside it, and needs each of them', async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(denials, async (denied) => {
        fc.pre(Number(denied.claims.iat ?? NOW) < Number(denied.claims.exp ?? NOW + 300));
        const explanation = await explained(denied);
        const { would_decide, changes } = explanation;
        if (would_decide.decision === 'allow') return expect(changes).toEqual([]);
        for (const [at, { side, verified, cures, with: beside = [] }] of changes.entries()) {
          if (!verified) continue;
          for (const code of cures) seen.set(`${side} ${code}`, (seen.get(`${side} ${code}`) ?? 0) + 1);
          const whole = [at, ...beside];
          expect(await decidedWith(denied, explanation, whole)).toBe('allow');
          if (whole.length === 1) continue;
          const [left = at] = beside;
          const without = whole.filter((other) => other !== left);
          expect(await decidedWith(denied, explanation, without)).not.toBe('allow');
        }
      }),
      { numRuns: 45, seed: 5 },
    );
    // Every core rule was denied and cured from the side that can.
    for (const cure of [
      ...[
        'client audience_mismatch',
        'client audience_missing',
        'client audience_not_exclusive',
        'client token_expired',
      ],
      ...[
        'client token_not_yet_valid',
        'client scope_insufficient',
        'client issuer_not_trusted',
        'client tool_unknown',
      ],
      ...['client binding_mismatch', 'client token_not_bound', 'authorization_server binding_mismatch'],
      ...['client actor_not_allowed', 'client proof_missing', 'operator issuer_not_trusted', 'operator tool_unknown'],
      ...['operator lifetime_exceeded', 'operator actor_not_allowed'],
      ...['authorization_server audience_mismatch', 'authorization_server lifetime_exceeded'],
    ])
      expect([...seen.keys()]).toContain(cure);
  }, 240_000);
});

describe('an audience', () => {
  const operators = ({ changes }: Explanation) => changes.filter(({ side }) => side === 'operator');
  const right = { issuer: 'corp', tool: 'read_file', files: {} } as const;

  it.each<[string, JsonObject]>([
    ['of another server', { aud: BILLING }],
    ['of an issuer', { aud: 'https://login.example.com' }],
    ['beside another', { aud: [FILES, BILLING] }],
    ['near that of a server', { aud: `${BILLING}/` }],
    ['that is none', { aud: null }],
    ['of several', { aud: ['api://x', 'api://y'] }],
  ])('%s is never loosened', async (_, claims) => {
    const explanation = await explained({ ...right, claims });
    expect(operators(explanation)).toEqual([]);
    expect(explanation.no_safe_change).toEqual([{ side: 'operator', why: expect.stringMatching(/route|loosens/) }]);
  });

  it('that nobody owns is not waived by an explanation: somebody has to own that', async () => {
    const explanation = await explained({ ...right, claims: { aud: 'api://x' } });
    expect(operators(explanation)).toEqual([]);
    expect(explanation.no_safe_change).toEqual([
      { side: 'operator', why: expect.stringMatching(/only a waiver .* which somebody must own .*registry\.yaml:7/) },
    ]);
  });

  it('is no ground to change a registry while nobody has verified the token', async () => {
    const desk = await openDesk({ keyless: true });
    const { changes } = await desk.explain({ token: await desk.token({ claims: { aud: 'api://x' } }) });
    expect(changes.map(({ side, verified }) => [side, verified])).toEqual([
      ['client', false],
      ['authorization_server', false],
    ]);
  });

  it('of a server that the asker may not see is not named', async () => {
    const desk = await openDesk();
    const ask = {
      server: FILES,
      source: { kind: 'call', method: 'tools/call', tool: 'read_file' },
      token: await desk.token({ claims: { aud: BILLING } }),
    } as const;
    const { no_safe_change, changes } = await desk.service.explain(ask, undefined, EDGE);
    expect(JSON.stringify([no_safe_change, changes])).not.toContain('billing');
  });
});

describe('what an operator is never told to do', () => {
  const asked = { issuer: 'corp', tool: 'write_file', files: {}, claims: {} } as const;

  it.each<[string, Partial<Denied>, RegExp]>([
    ['ask for fewer scopes', { claims: { scope: 'files:read' } }, /open to every client that lacks them/],
    ['waive a life', { claims: { exp: NOW + 20_000 } }, /no server accepts more than 3600.*only a waiver/],
    ['waive more than a waiver may', { claims: { exp: NOW + 900_000 } }, /No waiver allows/],
    ['take unbound tokens', { files: { sender_constraint: 'dpop' } }, /bound to their client \(registry/],
  ])('%s', async (_, changed, why) => {
    const { changes, no_safe_change } = await explained({ ...asked, ...changed });
    expect(changes.filter(({ side }) => side === 'operator')).toEqual([]);
    expect(no_safe_change).toContainEqual({ side: 'operator', why: expect.stringMatching(why) });
  });

  it('name a waiver, any actor, another audience or what an issuer adds, whatever is denied', async () => {
    await fc.assert(
      fc.asyncProperty(denials, async (denied) => {
        fc.pre(Number(denied.claims.iat ?? NOW) < Number(denied.claims.exp ?? NOW + 300));
        const { changes } = await explained(denied);
        const operators = changes.filter(({ side }) => side === 'operator').map(({ change }) => change);
        for (const change of operators)
          expect(change).not.toMatch(/waiver|actors: any|"any"|audience|sender_constraint|fewer|without/);
      }),
      { numRuns: 60, seed: 7 },
    );
  }, 120_000);
});

describe('before the rules', () => {
  it('a token that is not there is proposed as a right one, and what else would have to change', async () => {
    const desk = await openDesk();
    expect((await desk.explain({ token: null })).changes).toEqual([
      {
        side: 'client',
        change: `Get an access token from https://login.example.com with resource=${FILES} and scope="files:read", and send it as Authorization: Bearer.`,
        why: 'The request carries no access token.',
        cures: ['token_missing'],
        verified: true,
      },
    ]);
    const { changes } = await desk.explain({ token: null, ...calling('unheard_of') });
    expect(changes).toMatchObject([
      { side: 'client', cures: ['token_missing'], verified: true, with: [1] },
      { side: 'operator', cures: ['tool_unknown'], verified: true, with: [0] },
    ]);
  });

  it.each<[string, Partial<Ask>, string]>([
    ['server_unknown', { server: 'x' }, 'operator'],
    ['call_malformed', { source: { kind: 'body', body: '' } }, 'client'],
    ['scheme_unsupported', { scheme: 'Basic' }, 'client'],
  ])('%s has the remedy of the reason, which nobody can try', async (code, question, side) => {
    const desk = await openDesk();
    const { changes } = await desk.explain({ token: await desk.token(), ...question });
    expect(changes).toMatchObject([{ side, cures: [code], verified: false }]);
  });

  it('keys that cannot be had are the operator’s', async () => {
    const desk = await openDesk({ keyless: true });
    const { changes } = await desk.explain({ token: await desk.token() });
    expect(changes).toMatchObject([{ side: 'operator', cures: ['keys_unavailable'], verified: false }]);
  });
});

describe('a binding', () => {
  const changesOf = async (claims: JsonObject, files: JsonObject = {}, question: Partial<Ask> = {}) => {
    const desk = await openDesk({ files });
    const { changes } = await desk.explain({ token: await desk.token({ claims }), ...question });
    return changes.map(({ side, change, verified }) => `${side} ${verified}: ${change}`);
  };

  it('to a certificate is proved by connecting with it', async () => {
    expect(await changesOf({ cnf: { 'x5t#S256': 'thumb' } })).toEqual([
      'client true: Connect with the client certificate that the token is bound to, through a gateway that forwards it.',
    ]);
  });

  it('that the server requires is got together with its proof', async () => {
    expect(await changesOf({}, { sender_constraint: 'mtls' })).toEqual([
      expect.stringMatching(/^client true: Ask for a token that is bound to your client certificate/),
    ]);
    expect(await changesOf({}, { sender_constraint: 'any' })).toEqual([
      expect.stringMatching(/^client true: Ask for a token that is bound to a DPoP key, and send it with scheme DPoP/),
    ]);
  });

  it('that is none, sent with scheme DPoP, is sent with Bearer', async () => {
    expect(await changesOf({}, {}, { scheme: 'DPoP', method: 'POST' })).toEqual([
      'client true: Send the token with scheme Bearer.',
    ]);
  });

  it('of a token that is not there is part of the right one', async () => {
    const desk = await openDesk({ files: { sender_constraint: 'dpop' } });
    expect((await desk.explain({ token: null })).changes).toMatchObject([
      { change: expect.stringMatching(/send it as Authorization: DPoP, with a fresh proof/), verified: true },
    ]);
  });

  it('to what nobody can read has no remedy of the client’s', async () => {
    expect(await changesOf({ cnf: { jkt: 7 } })).toEqual([]);
  });
});
