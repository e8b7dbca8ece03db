/** The corpus again, while something that a decision depends on fails: whatever was refused stays refused. */
import { describe, expect, it } from 'vitest';
import { NO_REVOCATIONS, type Revocations } from '../../src/facts/revocation/revocations.ts';
import { each } from '../e2e/start.ts';
import { FILES } from './authorities.ts';
import { type HostileToken, hostileTokens } from './tokens.ts';
import { openWorld, said, type World } from './world.ts';

const expected = ({ reasons }: HostileToken) => ['deny', ...reasons].join(' ');

/** Each token that is decided otherwise than so. */
async function otherwise(
  { decide }: World,
  corpus: readonly HostileToken[],
  wanted: (hostile: HostileToken) => readonly string[],
  width = 1,
) {
  const wrong: object[] = [];
  await each(corpus, width, async (hostile) => {
    const decision = said(await decide({ token: hostile.text }));
    if (!wanted(hostile).includes(decision)) wrong.push({ name: hostile.name, decision, wanted: wanted(hostile) });
  });
  return wrong;
}

/** What only a key can tell: nobody knows it while there is none. */
const BY_KEY = ['key_unknown', 'signature_invalid'];
const needsKey = ({ family, name, reasons }: HostileToken) =>
  BY_KEY.includes(reasons[0] ?? '') || (family === 'keys' && name.includes('is not the key’s'));

const without = ({ family, name, reasons }: HostileToken) =>
  needsKey({ family, name, reasons, text: '' }) ? ['indeterminate keys_unavailable'] : [['deny', ...reasons].join(' ')];

describe('keys', () => {
  it('that cannot be had turn no deny into anything but what nobody knows', async () => {
    const world = await openWorld();
    const corpus = await hostileTokens(world.by);
    world.keys.turn('fail');
    expect(await otherwise(world, corpus, without)).toEqual([]);
    expect(said(await world.decide({ token: await world.by.right('corp') }))).toBe('indeterminate keys_unavailable');
  });

  it('of which there are none any more turn nothing into an allow', async () => {
    const world = await openWorld();
    const corpus = await hostileTokens(world.by);
    world.keys.turn('empty');
    expect(await otherwise(world, corpus, without)).toEqual([]);
    expect(said(await world.decide({ token: await world.by.right('corp') }))).toBe('indeterminate keys_unavailable');
  });

  it('that come late keep everyone waiting, and change nothing', async () => {
    const world = await openWorld();
    const corpus = await hostileTokens(world.by);
    world.keys.turn('hold');
    const deciding = otherwise(world, corpus, (hostile) => [expected(hostile)], corpus.length);
    const right = world.decide({ token: await world.by.right('corp') });
    await expect.poll(() => world.keys.requests()).toBeGreaterThan(0);
    world.keys.turn('serve');
    expect(await deciding).toEqual([]);
    expect(said(await right)).toBe('allow');
  });

  it('that fail while everyone waits turn no deny into an allow', async () => {
    const world = await openWorld();
    const corpus = await hostileTokens(world.by);
    world.keys.turn('hold');
    const deciding = otherwise(world, corpus, without, corpus.length);
    await expect.poll(() => world.keys.requests()).toBeGreaterThan(0);
    world.keys.turn('fail');
    expect(await deciding).toEqual([]);
  });

  it('that are changed about for others of the same name verify nothing that they should not', async () => {
    const world = await openWorld({ max_age_seconds: 1, cooldown_seconds: 0 });
    const corpus = await hostileTokens(world.by);
    const right = await world.by.right('corp');
    const rights = new Set<string>();
    const wrong: object[] = [];
    let turns = 0;
    await each(corpus, 8, async ({ name, text }) => {
      if (turns++ % 10 === 0) {
        world.keys.turn(turns % 20 === 1 ? 'others' : 'serve');
        // Old enough to be asked for again; less in all than the tokens live.
        world.pass(2);
      }
      const { decision } = await world.decide({ token: text });
      if (decision === 'allow') wrong.push({ name });
      rights.add(said(await world.decide({ token: right })));
    });
    expect(wrong).toEqual([]);
    // They really were changed about.
    expect(rights).toEqual(new Set(['allow', 'deny signature_invalid']));
    expect(world.keys.requests()).toBeGreaterThan(50);
  });
});

describe('revoked tokens', () => {
  it('of which there is no list turn no deny into anything else, and let nobody in', async () => {
    const gone: Revocations = { ...NO_REVOCATIONS, judge: () => ({ kind: 'unavailable', detail: 'it is gone' }) };
    const world = await openWorld({ revocations: gone });
    const corpus = await hostileTokens(world.by);
    expect(await otherwise(world, corpus, (hostile) => [expected(hostile)])).toEqual([]);
    expect(said(await world.decide({ token: await world.by.right('corp') }))).toBe(
      'indeterminate revocation_unavailable',
    );
  });

  it('that come and go while the corpus is judged change no deny', async () => {
    let asked = 0;
    const flickering: Revocations = {
      ...NO_REVOCATIONS,
      judge() {
        const answers = [
          { kind: 'clear' },
          { kind: 'unavailable', detail: 'it is gone' },
          { kind: 'revoked', by: 'jti' },
        ] as const;
        return answers[asked++ % 3] ?? answers[1];
      },
    };
    const world = await openWorld({ revocations: flickering });
    const corpus = await hostileTokens(world.by);
    expect(
      await otherwise(world, corpus, (hostile) => {
        const { reasons } = hostile;
        // Told beside what the rules say, in its place in the order.
        return [expected(hostile), `deny ${['token_revoked', ...reasons].join(' ')}`];
      }),
    ).toEqual([]);
    expect(asked).toBeGreaterThan(100);
  });
});

describe('a reload under way', () => {
  it('changes no deny, whether it is taken up or refused', async () => {
    const world = await openWorld();
    const corpus = await hostileTokens(world.by);
    const right = world.by.registry(world.keys.url);
    const other = { ...right, servers: { ...Object(right.servers), more: MORE } };
    const wrong = { ...right, servers: { ...Object(right.servers), more: { ...MORE, resource: FILES } } };
    const outcomes: boolean[] = [];
    let decided = 0;
    let reloading: Promise<unknown> = Promise.resolve();
    const found: object[] = [];
    await each(corpus, 8, async (hostile) => {
      if (decided++ % 100 === 0) {
        world.write([other, wrong, right][outcomes.length % 3] ?? right);
        reloading = world.service.reload().then(({ ok }) => outcomes.push(ok));
      }
      const decision = said(await world.decide({ token: hostile.text }));
      if (decision !== expected(hostile)) found.push({ name: hostile.name, decision });
    });
    const allowed = said(await world.decide({ token: await world.by.right('corp') }));
    await reloading;
    expect(new Set(outcomes)).toEqual(new Set([true, false]));
    expect(found).toEqual([]);
    expect(allowed).toBe('allow');
  });
});

const MORE = { resource: 'https://more.example.com/mcp', issuers: ['corp'], max_lifetime_seconds: 300 };
