/** Two issuers whose key is one (design 4): who is refused, and who is told. */
import { expect, test } from 'vitest';
import { FILES, ISS, readFile, startIssuer } from './issue.ts';
import { start } from './start.ts';

const BOTH = 'https://both.example.com/mcp';

test('a key of two issuers opens only the server that lists both, and alarms', async () => {
  const issuer = await startIssuer();
  const server = (resource: string, issuers: readonly string[]) => ({
    resource,
    issuers,
    max_lifetime_seconds: 900,
    tools: { read_file: { scopes: ['files:read'] } },
  });
  const audgate = await start({
    registry: {
      issuers: { corp: issuer.record, tenant: { ...issuer.record, issuer: 'https://tenant.example.com' } },
      servers: { files: server(FILES, ['corp']), both: server(BOTH, ['corp', 'tenant']) },
    },
  });
  const token = await issuer.token(FILES);
  expect(await audgate.decide(readFile(FILES, token))).toMatchObject({
    decision: 'deny',
    reasons: [{ code: 'issuer_not_trusted', actual: ['corp', 'tenant'], verified: false }],
    challenge: { status: 401 },
  });
  // Of either issuer, and remembered or not.
  for (const iss of [ISS, 'https://tenant.example.com']) {
    const right = await issuer.token(BOTH, { claims: { iss } });
    for (let n = 0; n < 2; n += 1) expect((await audgate.decide(readFile(BOTH, right))).decision).toBe('allow');
  }
  const metrics = await (await audgate.get('/metrics')).text();
  expect(metrics).toMatch(/^audgate_alarms_total\{kind="key_shared"\} 1$/m);
  expect(audgate.stderr()).toMatch(/"issuers":\["corp","tenant"\].*key in common/);
});
