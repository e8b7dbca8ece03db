/** The promise: a token issued for one server never opens another, but for listed exceptions. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/json/value.ts';
import { signText } from '../../src/testing/mint.ts';
import { FILES, HEADER, openWorld, RIGHT, type World } from './world.ts';

const SLASHED = `${FILES}/`;
const ISSUERS = { corp: 'https://login.example.com', partner: 'https://login.partner.example' } as const;
type Issuer = keyof typeof ISSUERS;

const letter = fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }).filter((text) => text.isWellFormed());
const position = fc.nat({ max: FILES.length });

/** One edit away from the resource, or a few. */
const nearly = fc
  .array(
    fc.oneof(
      fc.tuple(position, letter).map(
        ([at, text]) =>
          (aud: string) =>
            aud.slice(0, at) + text + aud.slice(at),
      ),
      position.map((at) => (aud: string) => aud.slice(0, at) + aud.slice(at + 1)),
      fc.tuple(position, letter).map(
        ([at, text]) =>
          (aud: string) =>
            aud.slice(0, at) + text + aud.slice(at + 1),
      ),
      position.map((at) => (aud: string) => aud.slice(0, at) + aud.slice(at).toUpperCase()),
      position.map((at) => (aud: string) => aud.slice(0, at)),
      position.map((at) => (aud: string) => {
        const code = aud.charCodeAt(at);
        return Number.isNaN(code) ? aud : `${aud.slice(0, at)}%${code.toString(16)}${aud.slice(at + 1)}`;
      }),
      fc
        .constantFrom('/', '#', '?', '//', '/.', '/..', ':443', ' ', '\t', '\u0000', '\u200b')
        .map((end) => (aud: string) => aud + end),
      fc.constant((aud: string) => aud.replace('.com/', '.com:443/')),
      fc.constant((aud: string) => aud.replace('https', 'http')),
      fc.constant((aud: string) => aud.normalize('NFKD').replace('e', 'е')),
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((edits) => edits.reduce((aud, edit) => edit(aud), FILES).slice(0, 2048));

const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(FILES, SLASHED, 'api://files', 'account') },
  { weight: 4, arbitrary: nearly },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...[
        'https://billing.example.com/mcp',
        'api://default',
        'https://login.example.com',
        'client-1',
        'files',
        '*',
        '',
      ],
    ),
  },
  { weight: 1, arbitrary: fc.webUrl() },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()) },
);
const aud = fc.oneof(value, fc.uniqueArray(value, { maxLength: 4 }));

/** Contract 5 in one line, written a second time: what an issuer's token may name at `files`. */
function isForFiles(issuer: Issuer, written: string | readonly string[]): boolean {
  const accepted = issuer === 'partner' ? [FILES, SLASHED, 'api://files'] : [FILES, SLASHED];
  const extra = issuer === 'partner' ? ['account'] : [];
  const values = typeof written === 'string' ? [written] : written;
  return values.some((one) => accepted.includes(one)) && values.every((one) => [...accepted, ...extra].includes(one));
}

async function decide({ bench, key }: World, issuer: Issuer, claims: JsonObject) {
  const text = JSON.stringify({ ...RIGHT, iss: ISSUERS[issuer], ...claims });
  const token = await signText(key(issuer), JSON.stringify({ ...HEADER, kid: issuer }), text);
  const source = { kind: 'call', method: 'tools/call', tool: 'read_file' } as const;
  const { decision } = await bench.decide({ server: FILES, token, source });
  return decision;
}

describe('whatever stands in aud', () => {
  it('a token opens the server exactly if it was issued for it, and for nothing else', async () => {
    const world = await openWorld();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('corp' as const, 'partner' as const), aud, async (issuer, written) => {
        const { decision } = await decide(world, issuer, { aud: written });
        expect(decision).toBe(isForFiles(issuer, written) ? 'allow' : 'deny');
      }),
      { numRuns: 2000 },
    );
  });

  it('the client of a waiver gains the one listed value', async () => {
    const world = await openWorld();
    await fc.assert(
      fc.asyncProperty(aud, async (written) => {
        const { decision } = await decide(world, 'corp', { aud: written, client_id: 'desktop' });
        const waived = written === 'api://default' || (written.length === 1 && written[0] === 'api://default');
        expect(decision).toBe(isForFiles('corp', written) || waived ? 'allow' : 'deny');
      }),
      { numRuns: 1000 },
    );
  });

  it('the client that is observed gains all but what is good elsewhere, and is told each time', async () => {
    const world = await openWorld();
    const elsewhere = ['https://billing.example.com/mcp', 'https://login.example.com', 'https://login.partner.example'];
    await fc.assert(
      fc.asyncProperty(aud, async (written) => {
        const decision = await decide(world, 'corp', { aud: written, client_id: 'observed' });
        const values = typeof written === 'string' ? [written] : written;
        const observed = written !== '' && values.length > 0 && !values.some((one) => elsewhere.includes(one));
        // What JSON cannot carry never reaches the rules.
        if (values.every((one) => one.isWellFormed())) {
          expect(decision.decision).toBe(isForFiles('corp', written) || observed ? 'allow' : 'deny');
        } else expect(decision.decision).toBe('deny');
        if (decision.decision === 'allow') {
          expect('would_deny' in decision.advice).toBe(!isForFiles('corp', written));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('no other claim makes up for it', async () => {
    const world = await openWorld();
    const claims = fc.dictionary(
      fc.oneof(fc.constantFrom('azp', 'resource', 'scp', 'roles', 'aud ', 'Aud', 'audience', 'target'), fc.string()),
      fc.oneof(
        fc.constant(FILES),
        fc.constant([FILES]),
        fc.jsonValue({ maxDepth: 2 }).map((json) => JSON.stringify(json)),
      ),
      { maxKeys: 4, noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(aud, claims, async (written, more) => {
        const { decision } = await decide(world, 'corp', { ...more, ...RIGHT, aud: written });
        expect(decision === 'allow' && !isForFiles('corp', written)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});
