/** Security events (RFC 8417, CAEP, RISC): which are taken, which are refused, and what they revoke. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/config.ts';
import { createReceiver, type Receipt } from '../../src/decide/receive.ts';
import type { KeyAnswer } from '../../src/decision/key.ts';
import { createKeys } from '../../src/facts/keys/look-up.ts';
import type { WrittenEntry } from '../../src/facts/revocation/entry.ts';
import { readEntry } from '../../src/facts/revocation/entry.ts';
import { loadRegistryFiles } from '../../src/registry/load.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { createIssuerKey, type IssuerKey, signText } from '../../src/testing/mint.ts';

const NOW = 1_795_000_000;
const CORP = 'https://login.example.com';
const PARTNER = 'https://login.partner.example';
const SSE = 'https://events.example.com';
const AUDIENCE = 'https://audgate.example.com/v1/events';
const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';

let keys: Readonly<Record<'corp' | 'partner' | 'sse', IssuerKey>>;
let registry: Registry;
let lookup: ReturnType<typeof createKeys>['lookup'];

beforeAll(async () => {
  const make = (name: string) => createIssuerKey(name, 'ES256');
  keys = { corp: await make('corp'), partner: await make('partner'), sse: await make('sse') };
  const issuer = (iss: string, key: IssuerKey) => ({ issuer: iss, jwks: { keys: [key.jwk] }, algorithms: ['ES256'] });
  const content = JSON.stringify({
    issuers: {
      corp: issuer(CORP, keys.corp),
      partner: issuer(PARTNER, keys.partner),
      sse: issuer(SSE, keys.sse),
      gone: { ...issuer('https://gone.example.com', keys.corp), disabled: true },
    },
    servers: { files: { resource: 'https://files.example.com/mcp', issuers: ['corp'], max_lifetime_seconds: 900 } },
  });
  const loaded = await loadRegistryFiles([{ file: 'registry.json', content: Buffer.from(content) }], { now: NOW });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  ({ registry } = loaded);
  ({ lookup } = createKeys({ fetch: () => fetch, now: () => NOW * 1000, settings: defaultConfig().keys }));
});

const TRANSMITTERS = {
  corp: { audience: AUDIENCE },
  sse: { audience: 'files-and-mail', subjects_of: ['corp', 'partner'] },
  gone: { audience: AUDIENCE },
};

interface Sent {
  readonly receipt: Receipt;
  readonly written: readonly WrittenEntry[];
}

async function send(
  text: string,
  parts: { readonly knows?: boolean; readonly problem?: string; readonly keys?: KeyAnswer } = {},
): Promise<Sent> {
  const written: WrittenEntry[] = [];
  const take = createReceiver({
    transmitters: TRANSMITTERS,
    list: {
      knows: () => parts.knows === true,
      add: async (entries) => {
        if (parts.problem === undefined) written.push(...entries);
        return parts.problem ?? null;
      },
    },
    at: () => ({
      registry,
      now: NOW,
      lookup: parts.keys === undefined ? lookup : () => parts.keys ?? { kind: 'unknown' },
    }),
    log: { info: () => {}, warn: () => {} },
  });
  return { receipt: await take(text), written };
}

interface Spec {
  readonly header?: object;
  readonly claims?: object;
  readonly event?: object;
  readonly type?: string;
  readonly key?: IssuerKey;
}

/** A right event of corp, and how it departs from that; undefined removes a member. */
function set({
  header = {},
  claims = {},
  event = {},
  type = `${CAEP}session-revoked`,
  key = keys.corp,
}: Spec = {}): Promise<string> {
  const right = {
    iss: CORP,
    aud: AUDIENCE,
    jti: 'event-1',
    iat: NOW,
    sub_id: { format: 'iss_sub', iss: CORP, sub: 'user-1' },
    events: { [type]: { event_timestamp: NOW - 10, ...event } },
    ...claims,
  };
  const top = { alg: 'ES256', kid: key.key_id, typ: 'secevent+jwt', ...header };
  return signText(key, JSON.stringify(top), JSON.stringify(right));
}

const applied = { kind: 'taken', outcome: 'applied' };
const ignored = { kind: 'taken', outcome: 'ignored' };
const sse = { iss: SSE, aud: 'files-and-mail' };

describe('an event that revokes', () => {
  it('voids what its subject was issued up to its time, for as long as such a token may live', async () => {
    const { receipt, written } = await send(await set());
    expect(receipt).toEqual(applied);
    expect(written).toEqual([
      {
        by: 'issued_before',
        issuer: 'corp',
        sub: 'user-1',
        value: '2026-11-18T11:06:31Z',
        until: '2026-11-19T12:06:30Z',
        note: 'session-revoked',
        event: expect.stringMatching(/^corp\/[\w-]{43}$/),
      },
    ]);
    expect(Date.parse('2026-11-18T11:06:31Z') / 1000).toBe(NOW - 10 + 1);
    expect(readEntry(written[0]).ok).toBe(true);
  });

  it.each([
    ['session-revoked', `${CAEP}session-revoked`, {}],
    ['a revoked credential', `${CAEP}credential-change`, { change_type: 'revoke' }],
    ['a deleted credential', `${CAEP}credential-change`, { change_type: 'delete' }],
    ['account-disabled', `${RISC}account-disabled`, { reason: 'hijacking' }],
    ['account-purged', `${RISC}account-purged`, {}],
    ['credential-compromise', `${RISC}credential-compromise`, {}],
    ['sessions-revoked', `${RISC}sessions-revoked`, {}],
  ])('is %s', async (_, type, event) => {
    expect((await send(await set({ type, event }))).receipt).toEqual(applied);
  });

  it.each([
    ['an updated credential', `${CAEP}credential-change`, { change_type: 'update' }],
    ['changed claims', `${CAEP}token-claims-change`, { claims: {} }],
    ['account-enabled', `${RISC}account-enabled`, {}],
    ['the transmitter’s own test', 'https://schemas.openid.net/secevent/ssf/event-type/verification', { state: 'x' }],
    ['a type that nobody knows', 'https://example.com/event', {}],
  ])('is not %s, which is acknowledged', async (_, type, event) => {
    expect(await send(await set({ type, event }))).toEqual({ receipt: ignored, written: [] });
  });

  it.each([
    ['iss_sub', { format: 'iss_sub', iss: CORP, sub: 'u' }, { issuer: 'corp', sub: 'u' }],
    ['opaque', { format: 'opaque', id: 'u' }, { issuer: 'corp', sub: 'u' }],
    ['complex', { format: 'complex', user: { format: 'opaque', id: 'u' }, device: {} }, { issuer: 'corp', sub: 'u' }],
    ['jwt_id', { format: 'jwt_id', iss: CORP, jti: 'id' }, { by: 'jti', issuer: 'corp', value: 'id' }],
    [
      'aliases',
      {
        format: 'aliases',
        identifiers: [
          { format: 'email', email: 'a@b' },
          { format: 'iss_sub', iss: CORP, sub: 'u' },
        ],
      },
      { sub: 'u' },
    ],
  ])('names its subject as %s', async (_, sub_id, expected) => {
    expect((await send(await set({ claims: { sub_id } }))).written).toEqual([expect.objectContaining(expected)]);
  });

  it('revokes under each name that its subject has, and by each event that it holds', async () => {
    const named = (iss: string, sub: string) => ({ format: 'iss_sub', iss, sub });
    const sub_id = { format: 'aliases', identifiers: [named(CORP, 'u'), named(PARTNER, 'v'), named(CORP, 'w')] };
    const aliases = await send(await set({ key: keys.sse, claims: { ...sse, sub_id } }));
    expect(aliases.written).toMatchObject([
      { issuer: 'corp', sub: 'u' },
      { issuer: 'partner', sub: 'v' },
      { issuer: 'corp', sub: 'w' },
    ]);
    // By the last one written it is known that the event came: what was written in part only is sent again.
    expect(aliases.written.map(({ event }) => event !== undefined)).toEqual([false, false, true]);

    const events = {
      [`${CAEP}session-revoked`]: { event_timestamp: NOW - 100, subject: named(CORP, 'u') },
      [`${RISC}account-disabled`]: { event_timestamp: NOW - 10, subject: named(CORP, 'v') },
      [`${RISC}account-enabled`]: { subject: named(CORP, 'w') },
    };
    expect((await send(await set({ claims: { sub_id: undefined, events } }))).written).toMatchObject([
      { sub: 'u', value: '2026-11-18T11:05:01Z' },
      { sub: 'v', value: '2026-11-18T11:06:31Z' },
    ]);
    const half = { ...events, [`${RISC}account-disabled`]: { subject: { format: 'email', email: 'a@b' } } };
    const refused = await send(await set({ claims: { sub_id: undefined, events: half } }));
    expect(refused).toMatchObject({ receipt: { kind: 'refused', error: 'invalid_request' }, written: [] });
  });

  it('may name its subject within, as older transmitters do', async () => {
    const event = { subject: { format: 'iss_sub', iss: CORP, sub: 'u' } };
    expect((await send(await set({ claims: { sub_id: undefined }, event }))).written).toMatchObject([{ sub: 'u' }]);
  });

  it('may be of a transmitter that speaks for other issuers', async () => {
    const of = (iss: string) => ({ ...sse, sub_id: { format: 'iss_sub', iss, sub: 'u' } });
    expect((await send(await set({ key: keys.sse, claims: of(PARTNER) }))).written).toMatchObject([
      { issuer: 'partner', sub: 'u' },
    ]);
    expect((await send(await set({ key: keys.sse, claims: of(CORP) }))).written).toMatchObject([
      { issuer: 'corp', sub: 'u' },
    ]);
  });

  it.each([
    ['its own time', {}, { event_timestamp: NOW - 100.5 }, NOW - 100],
    ['else the time of event', { toe: NOW - 50 }, { event_timestamp: undefined }, NOW - 49],
    ['else the time of issue', {}, { event_timestamp: undefined }, NOW + 1],
    ['never a time to come', {}, { event_timestamp: NOW + 5000 }, NOW + 1],
  ])('voids what was issued before %s', async (_, claims, event, before) => {
    const [entry] = (await send(await set({ claims, event }))).written;
    expect(Date.parse(entry?.value ?? '') / 1000).toBe(before);
  });

  it('of another party than the issuer voids what that one’s clock may take for older, too', async () => {
    const claims = { ...sse, sub_id: { format: 'iss_sub', iss: CORP, sub: 'u' } };
    const [entry] = (await send(await set({ key: keys.sse, claims }))).written;
    expect(Date.parse(entry?.value ?? '') / 1000).toBe(NOW - 10 + 1 + 5);
  });

  it('revokes nothing once all such tokens have ended, and nothing twice', async () => {
    expect((await send(await set({ event: { event_timestamp: NOW - 91_000 } }))).receipt).toEqual(ignored);
    expect((await send(await set(), { knows: true })).receipt).toEqual({ kind: 'taken', outcome: 'known' });
  });

  it('may come again when it could not be written down, or not be verified', async () => {
    expect((await send(await set(), { problem: 'the list in file cannot be written (ENOSPC)' })).receipt.kind).toBe(
      'unavailable',
    );
    const none = { kind: 'unavailable', detail: 'down' } as const;
    expect((await send(await set(), { keys: none })).receipt).toEqual(none);
  });
});

describe('an event is refused', () => {
  const CASES: readonly (readonly [string, Spec | (() => Spec), string])[] = [
    ['of an issuer that nobody knows', { claims: { iss: 'https://evil.example' } }, 'invalid_issuer'],
    ['without issuer', { claims: { iss: undefined } }, 'invalid_issuer'],
    ['of an issuer that is disabled', { claims: { iss: 'https://gone.example.com' } }, 'invalid_issuer'],
    ['of an issuer that is no transmitter', () => ({ claims: { iss: PARTNER }, key: keys.partner }), 'invalid_issuer'],
    ['for somebody else', { claims: { aud: 'https://other.example.com' } }, 'invalid_audience'],
    ['for another transmitter’s audience', { claims: { aud: 'files-and-mail' } }, 'invalid_audience'],
    ['for nobody', { claims: { aud: undefined } }, 'invalid_audience'],
    ['with a key of another', () => ({ key: keys.sse }), 'invalid_key'],
    ['with another’s key under its kid', () => ({ key: keys.sse, header: { kid: 'corp' } }), 'invalid_key'],
    ['with an algorithm that is not its issuer’s', { header: { alg: 'RS256' } }, 'invalid_key'],
    ['unsigned', { header: { alg: 'none' } }, 'invalid_key'],
    ['signed with the public key as a secret', { header: { alg: 'HS256' } }, 'invalid_key'],
    ['without kid', { header: { kid: undefined } }, 'invalid_request'],
    ['with its own key', { header: { jwk: {} } }, 'invalid_request'],
    ['of the type of access tokens', { header: { typ: 'at+jwt' } }, 'invalid_request'],
    ['without type', { header: { typ: undefined } }, 'invalid_request'],
    ['without jti', { claims: { jti: undefined } }, 'invalid_request'],
    ['without iat', { claims: { iat: undefined } }, 'invalid_request'],
    ['of the future', { claims: { iat: NOW + 6 } }, 'invalid_request'],
    ['that happens in the future', { claims: { toe: NOW + 6 } }, 'invalid_request'],
    ['in milliseconds', { claims: { iat: NOW * 1000 } }, 'invalid_request'],
    ['with an event’s time in milliseconds', { event: { event_timestamp: NOW * 1000 } }, 'invalid_request'],
    ['with an end, as tokens have', { claims: { exp: NOW + 60 } }, 'invalid_request'],
    ['with sub, as tokens have', { claims: { sub: 'user-1' } }, 'invalid_request'],
    ['with nonce, as ID tokens have', { claims: { nonce: 'n' } }, 'invalid_request'],
    ['without events', { claims: { events: {} } }, 'invalid_request'],
    [
      'with an event that is no object',
      { claims: { events: { [`${CAEP}session-revoked`]: true } } },
      'invalid_request',
    ],
    ['without subject', { claims: { sub_id: undefined } }, 'invalid_request'],
    [
      'about a subject of another issuer',
      { claims: { sub_id: { format: 'iss_sub', iss: PARTNER, sub: 'u' } } },
      'invalid_request',
    ],
    [
      'about a subject that is none',
      { claims: { sub_id: { format: 'iss_sub', iss: CORP, sub: '' } } },
      'invalid_request',
    ],
    [
      'about a subject with a line break',
      { claims: { sub_id: { format: 'iss_sub', iss: CORP, sub: 'a\nb' } } },
      'invalid_request',
    ],
    ['about an address', { claims: { sub_id: { format: 'email', email: 'a@example.com' } } }, 'invalid_request'],
    [
      'about a session alone',
      { claims: { sub_id: { format: 'complex', session: { format: 'opaque', id: 's' } } } },
      'invalid_request',
    ],
    [
      'about a user in a user',
      { claims: { sub_id: { format: 'complex', user: { format: 'complex' } } } },
      'invalid_request',
    ],
    [
      'about an opaque subject of several issuers',
      () => ({ key: keys.sse, claims: { ...sse, sub_id: { format: 'opaque', id: 'u' } } }),
      'invalid_request',
    ],
  ];

  it.each(CASES)('%s', async (_, spec, error) => {
    const { receipt, written } = await send(await set(typeof spec === 'function' ? spec() : spec));
    expect(receipt).toMatchObject({ kind: 'refused', error });
    expect(written).toEqual([]);
  });

  it('when anything of its text is changed', async () => {
    const right = await set();
    const at = fc.nat({ max: right.length - 1 });
    const letter = fc.constantFrom(...'ABCxyz019-_.=+ {"');
    await fc.assert(
      fc.asyncProperty(at, letter, fc.constantFrom('replace', 'insert', 'cut'), async (index, character, how) => {
        const rest = right.slice(how === 'insert' ? index : index + 1);
        const text = right.slice(0, index) + (how === 'cut' ? '' : character) + rest;
        fc.pre(text !== right);
        const { receipt, written } = await send(text);
        expect(receipt.kind).toBe('refused');
        expect(written).toEqual([]);
      }),
      { numRuns: 300, seed: 6 },
    );
  });

  it('or taken, whatever its subject and events are, and never throws', async () => {
    const json = fc.jsonValue({ maxDepth: 3 });
    const format = fc.constantFrom('iss_sub', 'opaque', 'complex', 'aliases', 'jwt_id', 'email', '__proto__');
    const subject = fc.oneof(
      json,
      fc.record({
        format,
        iss: fc.constantFrom(CORP, 'x'),
        sub: json,
        id: json,
        jti: json,
        user: json,
        identifiers: json,
      }),
    );
    const type = fc.constantFrom(`${CAEP}session-revoked`, `${RISC}account-disabled`, 'x', '');
    const events = fc.oneof(json, fc.dictionary(type, fc.record({ event_timestamp: json, subject }), { maxKeys: 3 }));
    await fc.assert(
      fc.asyncProperty(subject, events, json, async (sub_id, some, toe) => {
        const { receipt, written } = await send(await set({ claims: { sub_id, events: some, toe } }));
        expect(['taken', 'refused']).toContain(receipt.kind);
        for (const entry of written) {
          expect(readEntry(entry)).toMatchObject({ ok: true });
          expect(entry.sub ?? entry.value).not.toBe('');
        }
      }),
      { numRuns: 300, seed: 6 },
    );
  });
});
