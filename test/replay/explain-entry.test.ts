/** A line of the decision log explained: it is decided again as it was recorded, and says where it cannot be. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ask } from '../../src/decide/ask.ts';
import type { JsonObject } from '../../src/json/value.ts';
import { writeEntry } from '../../src/record/entry.ts';
import { explainEntry } from '../../src/replay/explain-entry.ts';
import { openPolicy } from '../../src/replay/open.ts';
import { READS_ALL } from '../../src/replay/reads.ts';
import { readRecord } from '../../src/replay/recorded.ts';
import { BILLING, type Desk, openDesk } from '../decide/desk.ts';
import { NOW } from '../property/world.ts';
import { decided, loaded, question, registryValue } from './generate.ts';

function read(line: string) {
  const found = readRecord(line);
  if (!found.ok) throw new Error(JSON.stringify(found.problems));
  return found.record;
}

/** The line of one decision. */
async function lineOf(desk: Desk, claims: JsonObject, ask: Partial<Ask> = {}): Promise<string> {
  await desk.decide({ token: await desk.token({ claims }), ...ask });
  const event = desk.events.at(-1);
  if (event === undefined) throw new Error('nothing was recorded');
  return JSON.stringify(writeEntry(event, { labels: {}, arguments: false }));
}

const POLICY = await openPolicy(null);

it('agrees with deciding again, by the registry of then and by another', async () => {
  if (!POLICY.ok) throw new Error(JSON.stringify(POLICY.problems));
  const policy = POLICY.opened;
  let judged = 0;
  await fc.assert(
    fc.asyncProperty(
      registryValue,
      registryValue,
      fc.array(question, { minLength: 10, maxLength: 10 }),
      async (a, b, all) => {
        const [then, now] = [loaded(a), loaded(b)];
        for (const asked of all) {
          const old = await decided(asked, then, policy);
          const record = read(old.line);
          const at = (registry: typeof then) => ({ registry, policy, revision: 'sha256:x', loaded_at: 0 });
          const again = explainEntry(record, at(then), READS_ALL);
          expect(again.differs).toEqual([]);
          expect(again.same, old.line).not.toBe(false);
          const other = explainEntry(record, at(now), READS_ALL);
          if (other.replayed !== 'all' || record.result.decision === 'indeterminate') continue;
          judged++;
          const fresh = await decided(asked, now, policy);
          expect(
            other.explanation?.would_decide.reasons.map(({ code }) => code),
            old.line,
          ).toEqual(fresh.decision.reasons.map(({ code }) => code));
        }
      },
    ),
    { numRuns: 40, seed: 5 },
  );
  expect(judged).toBeGreaterThan(150);
}, 120_000);

describe('a record', () => {
  it('is explained as the call was: rules, lines of the registry, and what would allow it', async () => {
    const desk = await openDesk();
    const record = read(await lineOf(desk, { aud: BILLING }));
    const explained = explainEntry(record, desk.service.current(), READS_ALL);
    const live = await desk.explain({ token: await desk.token({ claims: { aud: BILLING } }) });
    expect(explained).toMatchObject({ replayed: 'all', same: true, differs: [], missing: [] });
    const { explanation } = explained;
    expect(live.references.map(({ id, reasons }) => [id, reasons])).toContainEqual(['ASI03', ['audience_mismatch']]);
    expect(explanation?.references).toEqual(live.references);
    expect({ checks: explanation?.checks, changes: explanation?.changes, none: explanation?.no_safe_change }).toEqual({
      checks: live.checks,
      changes: live.changes,
      none: live.no_safe_change,
    });
  });

  it('is decided at its own time', async () => {
    const desk = await openDesk();
    const record = read(await lineOf(desk, { exp: NOW + 1 }));
    expect(explainEntry(record, desk.service.current(), READS_ALL)).toMatchObject({
      same: true,
      explanation: { would_decide: { decision: 'allow' } },
    });
  });

  it('says when registry or core are others than then, and what that changes', async () => {
    const record = read(await lineOf(await openDesk(), {}));
    const { service } = await openDesk({ files: { tools: {} } });
    expect(explainEntry(record, service.current(), READS_ALL)).toMatchObject({
      differs: ['registry'],
      same: false,
      recorded: { decision: 'allow' },
      explanation: { would_decide: { reasons: [{ code: 'tool_unknown' }] } },
    });
  });

  it('that ended before policy shows the recorded reasons, and what would allow the call', async () => {
    const desk = await openDesk();
    const record = read(await lineOf(desk, {}, { token: null }));
    const explained = explainEntry(record, desk.service.current(), READS_ALL);
    expect(explained).toMatchObject({
      replayed: 'facts',
      same: null,
      explanation: {
        would_decide: { reasons: [{ code: 'token_missing' }] },
        changes: [{ side: 'client' }],
        input: null,
      },
    });
  });

  it('whose values were cut is not decided again, and says which', async () => {
    const desk = await openDesk();
    const record = read(await lineOf(desk, { aud: `https://x.example/${'a'.repeat(300)}`, sub: 'a\u202eb' }));
    expect(explainEntry(record, desk.service.current(), READS_ALL)).toMatchObject({
      replayed: 'not_replayable',
      missing: ['/input/token/audiences', '/input/token/subject'],
      explanation: null,
    });
  });
});

describe('a line that is no record', () => {
  it.each<[string, string, string]>([
    ['no JSON', '{', ''],
    ['a list', '[]', ''],
    ['two members of one name', '{"a":1,"a":2}', '/a'],
    ['nothing in it', '{}', '/decision_id'],
  ])('%s is refused with a pointer', (_, line, pointer) => {
    const found = readRecord(line);
    expect(found.ok ? [] : found.problems.map((problem) => problem.pointer)).toContain(pointer);
  });

  it('is told of by the members that are wrong, and by no value', async () => {
    const line = JSON.parse(await lineOf(await openDesk(), {}));
    line.input.token.audiences = 'secret';
    line.result.reasons = [{ code: 'made_up', message: 'x' }];
    line.input.now = '12';
    const found = readRecord(JSON.stringify(line));
    expect(found.ok).toBe(false);
    if (found.ok) return;
    expect(found.problems.map(({ pointer }) => pointer).sort()).toEqual([
      '/input/now',
      '/input/token/audiences',
      '/result/reasons/0/code',
    ]);
    expect(JSON.stringify(found.problems)).not.toContain('secret');
  });
});
