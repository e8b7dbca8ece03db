/** What a handler tells its client inside a session, where no challenge can be sent. */
import { expect, test } from 'vitest';
import type { Decision } from '../../src/decision/decision.ts';
import type { Evidence } from '../../src/decision/reason.ts';
import { authorizationOf } from '../../src/mcp/authorization.ts';

const denied = (expected: Evidence): Decision => ({
  decision: 'deny',
  decision_id: 'd-1',
  server: 'files',
  reasons: [{ code: 'authentication_insufficient', message: '', expected }],
  challenge: { status: 401, headers: {} },
  revision: 'sha256:0',
});

test.each<[Evidence, string]>([
  [['mfa', 'phr', 300], ': acr_values=mfa phr, max_age=300'],
  [['mfa'], ': acr_values=mfa'],
  [[0], ': max_age=0'],
  [[], ''],
])('step-up to %j is told as the challenge would', (expected, told) => {
  expect(authorizationOf(denied(expected))).toMatchObject({
    allowed: false,
    message: `insufficient_user_authentication: this call needs another, or a more recent, authentication of the user${told} (decision d-1)`,
  });
});
