/** Whom the asker takes the token to speak for is held against the token's own word, after it was verified. */
import { expect, test } from 'vitest';
import { openDesk } from './desk.ts';

const SCOPE = { scope: '' };

test('the token’s own subject changes nothing', async () => {
  const desk = await openDesk();
  const right = await desk.decide({ token: await desk.token(), subject: 'user-1' });
  expect(right.decision).toBe('allow');
});

test.each(['user-2', 'USER-1', 'user-1 ', ''])(
  '%j is a deny, recorded as one, that repeats nothing of it',
  async (subject) => {
    const desk = await openDesk();
    const decision = await desk.decide({ token: await desk.token(), subject });
    expect(decision).toMatchObject({ decision: 'deny', reasons: [{ code: 'claims_invalid', actual: ['user-1'] }] });
    expect(decision.decision === 'deny' && decision.challenge.status).toBe(401);
    expect(desk.events).toMatchObject([{ decision: { decision: 'deny' } }]);
  },
);

test('what the asker takes for a subject is never repeated: it may be a token', async () => {
  const desk = await openDesk();
  const token = await desk.token();
  const decision = await desk.decide({ token, subject: token });
  expect(decision.decision).toBe('deny');
  expect(JSON.stringify([decision, desk.events])).not.toContain(token.slice(0, 20));
});

test('it stands beside all other reasons', async () => {
  const desk = await openDesk();
  const { reasons } = await desk.decide({ token: await desk.token({ claims: SCOPE }), subject: 'user-2' });
  expect(reasons.map(({ code }) => code)).toEqual(['claims_invalid', 'scope_insufficient']);
});

test('a token without sub speaks for nobody', async () => {
  const desk = await openDesk();
  const { reasons } = await desk.decide({ token: await desk.token({ claims: { sub: null } }), subject: 'user-1' });
  expect(reasons.map(({ code }) => code)).toEqual(['claims_invalid']);
});

test('without keys another subject is a certain deny, and the right one is nobody’s knowledge', async () => {
  const desk = await openDesk({ keyless: true });
  const token = await desk.token();
  expect(await desk.decide({ token, subject: 'user-2' })).toMatchObject({
    decision: 'deny',
    reasons: [{ code: 'claims_invalid', verified: false }],
  });
  expect(await desk.decide({ token, subject: 'user-1' })).toMatchObject({ decision: 'indeterminate' });
});
