/** The promise itself: a token issued for one server never opens another of the same issuer. */
import { expect, test } from 'vitest';
import type { Decision } from '../../src/decision/decision.ts';
import { flood } from './flood.ts';
import { readFile, registryOf, startIssuer } from './issue.ts';
import { start } from './start.ts';

/** Neighbours of every kind: hosts of their own, paths of one host, and paths below one another. */
function neighbours(count: number): Record<string, string> {
  const kinds = [
    (n: number) => `https://server-${n}.example.com/mcp`,
    (n: number) => `https://gateway.example.com/${n}/mcp`,
    (n: number) => `https://gateway.example.com/${n - 1}/mcp/inner`,
    (n: number) => `https://gateway.example.com/mcp?server=${n}`,
  ];
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`server-${n}`, kinds[n % kinds.length]?.(n) ?? '']),
  );
}

test('the same token at 50 servers of one issuer is allowed by exactly one', async () => {
  const issuer = await startIssuer();
  const servers = neighbours(50);
  const audgate = await start({ registry: registryOf(issuer, servers) });
  for (const mine of ['server-1', 'server-18', 'server-20', 'server-47']) {
    const token = await issuer.token(servers[mine] ?? '');
    const answers = await Promise.all(
      Object.values(servers).map((resource) => audgate.decide(readFile(resource, token))),
    );
    const allowed = answers.filter(({ decision }) => decision === 'allow');
    expect(allowed.map(({ server }) => server)).toEqual([mine]);
    const others = answers
      .filter(({ server }) => server !== mine)
      .map(({ reasons }) => reasons.map(({ code }) => code));
    expect(others).toEqual(Array(49).fill(['audience_mismatch']));
  }
});

test('200 tokens at 200 servers: 40,000 requests, of which 200 are allowed, each at its own server', async () => {
  const issuer = await startIssuer();
  const servers = Object.entries(neighbours(200));
  const audgate = await start({ registry: registryOf(issuer, Object.fromEntries(servers)) });
  const tokens = await Promise.all(servers.map(([, resource]) => issuer.token(resource)));
  const pairs = tokens.flatMap((token, of) => servers.map(([key, resource]) => ({ token, of, key, resource })));

  const counts = new Map<string, number>();
  const allowed: string[] = [];
  const question = ({ resource, token }: (typeof pairs)[number]) => readFile(resource, token);
  await flood(audgate.port, pairs, question, ({ of, key }, { body }) => {
    const { decision, reasons } = JSON.parse(body) as Decision;
    const outcome = [decision, ...reasons.map(({ code }) => code)].join(' ');
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    if (decision === 'allow') allowed.push(`server-${of} at ${key}`);
  });
  expect(Object.fromEntries(counts)).toEqual({ allow: 200, 'deny audience_mismatch': 39_800 });
  expect(allowed.sort()).toEqual(servers.map(([key]) => `${key} at ${key}`).sort());
});
