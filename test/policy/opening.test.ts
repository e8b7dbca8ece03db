/** Which of many operations core opens: the same as one judgement each, and nothing when anything is odd. */
import { describe, expect, it } from 'vitest';
import type { OperationInput } from '../../src/decision/input.ts';
import { alarms, allowing, core, denying, load, POLICY_ERROR, released } from './obedient.ts';
import { audienceWaiver, question } from './questions.ts';

const operation = (name: string, scopes: string[] = ['files:read']): OperationInput => ({
  name,
  scopes,
  implied_by: {},
  labels: {},
});
const READ = operation('tools/call read_file');
const WRITE = operation('tools/call write_file', ['files:write']);
const PING = operation('ping', []);
const BROKEN = { itself: { kind: 'deny', denials: [POLICY_ERROR], custom: [], required_scopes: [] }, opened: [] };

describe('the released core', () => {
  it('opens what one judgement each would allow', async () => {
    const policy = await load(released, null);
    const operations = [WRITE, READ, PING];
    const { itself, opened } = await policy.open(question(), operations);
    expect(itself).toEqual(policy.judge(question(), null));
    expect(opened.map(({ at }) => operations[at]?.name).sort()).toEqual(['ping', 'tools/call read_file']);
    expect(alarms).toEqual([]);
  });

  it('opens nothing to a token for another server', async () => {
    const policy = await load(released, null);
    const input = question({ token: { audiences: ['https://billing.example.com/mcp'] } });
    expect(await policy.open(input, [READ, PING])).toMatchObject({ itself: { kind: 'deny' }, opened: [] });
  });

  it('opens by a waiver only what the waiver names, and says which', async () => {
    const policy = await load(released, null);
    const input = question({ token: { audiences: ['api://default'] }, waivers: [audienceWaiver()] });
    const { opened } = await policy.open(input, [PING, READ, WRITE]);
    const waivers = [{ what: 'audience', owner: 'team-files', until: '2026-11-24T12:00:00Z' }];
    expect(opened).toEqual([{ at: 1, waivers, would_deny: [] }]);
  });

  it('opens nothing of an empty list, and judges the token all the same', async () => {
    expect(await (await load(released, null)).open(question(), [])).toMatchObject({
      itself: { kind: 'allow' },
      opened: [],
    });
  });

  it('opens all of a list that is longer than one evaluation, each at its place', async () => {
    const policy = await load(released, null);
    const operations = Array.from({ length: 1201 }, (_, at) => (at % 3 === 0 ? WRITE : READ));
    const places = (await policy.open(question(), operations)).opened.map(({ at }) => at);
    const wanted = operations.flatMap((one, at) => (one === READ ? [at] : []));
    expect(places.toSorted((a, b) => a - b)).toEqual(wanted);
  });

  it('leaves room for other decisions in the middle of such a list', async () => {
    const policy = await load(released, null);
    let ended = false;
    const opening = policy.open(question(), Array(1201).fill(READ)).finally(() => {
      ended = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    expect((await opening).opened).toHaveLength(1201);
  });

  it('opens nothing at all where one operation is too large to be asked about', async () => {
    const scopes = Array.from({ length: 60_000 }, (_, at) => `scope-${at}`);
    const opening = await (await load(released, null)).open(question(), [READ, operation('tools/call large', scopes)]);
    expect(opening).toEqual(BROKEN);
    expect(alarms).toMatchObject([{ kind: 'core' }]);
  });
});

describe('a core that answers oddly', () => {
  const told = async (allowed: unknown, change = {}) => {
    const policy = await load(core, null);
    return policy.open(question({ ...change, context: { extra: { allowed } } }), [READ, PING]);
  };
  const place = { at: 0, waivers: [] };

  it.each([
    ['nothing of the sort', 'yes'],
    ['no token', { opened: [place] }],
    ['a token in another form', { itself: { allow: true }, opened: [place] }],
    ['no list', { itself: allowing }],
    ['a member more', { itself: allowing, opened: [], note: 'x' }],
    ['names for places', { itself: allowing, opened: [{ at: 'ping', waivers: [] }] }],
    ['a place beyond the list', { itself: allowing, opened: [{ at: 2, waivers: [] }] }],
    ['a place below it', { itself: allowing, opened: [{ at: -1, waivers: [] }] }],
    ['half a place', { itself: allowing, opened: [{ at: 0.5, waivers: [] }] }],
    ['a place twice', { itself: allowing, opened: [place, place] }],
    ['no waivers', { itself: allowing, opened: [{ at: 0 }] }],
  ])('(%s) opens nothing, with an alarm', async (_, allowed) => {
    expect(await told(allowed)).toEqual(BROKEN);
    expect(alarms).toEqual([{ kind: 'core', detail: expect.any(String) }]);
  });

  it('(a list beside an odd deny) opens what the list says, and denies the token', async () => {
    expect(await told({ itself: denying, opened: [place] })).toMatchObject({
      itself: { kind: 'deny' },
      opened: [place],
    });
  });

  it('(open to a foreign audience) is held by the floor, with an alarm of its own', async () => {
    const foreign = { token: { audiences: ['https://billing.example.com/mcp'] } };
    expect(await told({ itself: denying, opened: [place] }, foreign)).toEqual(BROKEN);
    expect(alarms).toEqual([{ kind: 'floor', detail: expect.stringContaining('files') }]);
  });

  it('(open by a waiver for another operation) is held by the floor', async () => {
    const waived = { token: { audiences: ['api://default'] }, waivers: [audienceWaiver()] };
    expect(await told({ itself: denying, opened: [place] }, waived)).toMatchObject({ opened: [place] });
    expect(await told({ itself: denying, opened: [{ at: 1, waivers: [] }] }, waived)).toEqual(BROKEN);
  });
});
