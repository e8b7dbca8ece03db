/** One proof opens one call: in one process, at replicas that share a Valkey, and with everything that can befall it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startValkey } from '../sources/valkey.ts';
import { build } from './bundles.ts';
import { boundClient, codeOf, countOf } from './proof-uses.ts';
import { scratch, start, until } from './start.ts';

const EQUALS = 200;
const REPLAYED = { allow: 1, proof_replayed: EQUALS - 1 };

it('of 200 equal proofs at once exactly one is allowed by one process', async () => {
  const { registry, question } = await boundClient();
  const service = await start({ registry });
  // Also the very first: audgate listens once the second in which it began is over.
  expect(codeOf(await service.decide(await question()))).toBe('allow');
  const proof = await question();
  const codes = await Promise.all(Array.from({ length: EQUALS }, async () => codeOf(await service.decide(proof))));
  expect(countOf(codes)).toEqual(REPLAYED);
});

it('of 200 equal proofs at once exactly one is allowed by two replicas with one Valkey', async () => {
  const { registry, question } = await boundClient();
  const { url } = await startValkey();
  const config = { proofs: { replicas: 2, replay: { store: { valkey: { url } }, timeout_ms: 5000 } } };
  const replicas = await Promise.all([start({ registry, config }), start({ registry, config })]);
  for (const replica of replicas)
    await until(
      async () => codeOf(await replica.decide(await question())),
      (code) => code === 'allow',
    );
  const proof = await question();
  const codes = await Promise.all(
    Array.from({ length: EQUALS / 2 }, () =>
      replicas.map(async (replica) => codeOf(await replica.decide(proof))),
    ).flat(),
  );
  expect(countOf(codes)).toEqual(REPLAYED);
});

it('with one process a proof of before it began is refused, also by a client whose clock is ahead', async () => {
  const { registry, question } = await boundClient();
  const service = await start({ registry });
  const ahead = await question(4);
  // It is answered once its time has come, so that the next process is none of those that began before.
  expect(codeOf(await service.decide(ahead))).toBe('allow');
  const before = await question();
  await service.stop();
  const next = await start({ registry });
  for (const proof of [ahead, before]) expect(codeOf(await next.decide(proof))).toBe('proof_invalid');
  await until(
    async () => codeOf(await next.decide(await question())),
    (code) => code === 'allow',
  );
});

it('a full memory refuses with 503 and keeps what it holds', async () => {
  const { registry, question } = await boundClient();
  const service = await start({ registry, config: { proofs: { replay: { max_entries: 100 } } } });
  await until(
    async () => codeOf(await service.decide(await question())),
    (code) => code === 'allow',
  );
  const used = await question();
  expect(codeOf(await service.decide(used))).toBe('allow');
  const codes: string[] = [];
  for (let more = 0; more < 105; more++) codes.push(codeOf(await service.decide(await question())));
  expect(codes.at(-1)).toBe('replay_store_unavailable');
  expect(countOf(codes).allow).toBeLessThan(100);
  expect(codeOf(await service.decide(used))).toBe('proof_replayed');
  const { status, headers } = await service.post('/v1/decide', await question());
  expect([status, headers.get('retry-after')]).toEqual([503, '5']);
  const answer = (await (await service.get('/v1/status')).json()) as { proofs: object };
  expect(answer.proofs).toEqual({
    ...{ store: 'memory', location: null, available: false, entries: 100, max_entries: 100, last_error: null },
    accepted_since: expect.any(String),
  });
  const metrics = await (await service.get('/metrics')).text();
  expect(metrics).toMatch(/^audgate_proof_uses_total\{outcome="fresh"\} 100$/m);
  expect(metrics).toMatch(/^audgate_proof_uses_total\{outcome="replayed"\} 1$/m);
  expect(metrics).toMatch(/^audgate_proof_entries 100$/m);
  expect(metrics).toMatch(/^audgate_proof_store_available 0$/m);
});

it('without its Valkey a service answers 503, denies what it would deny, and allows again once it is back', async () => {
  const { registry, question } = await boundClient();
  const server = await startValkey();
  const config = { proofs: { replay: { store: { valkey: { url: server.url } }, timeout_ms: 5000 } } };
  const service = await start({ registry, config });
  const fresh = async () => codeOf(await service.decide(await question()));
  // At once: it listened no earlier than that.
  const used = await question();
  expect(codeOf(await service.decide(used))).toBe('allow');
  await server.stop();
  await until(fresh, (code) => code !== 'allow');
  const response = await service.post('/v1/decide', await question());
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({
    decision: 'indeterminate',
    reasons: [{ code: 'replay_store_unavailable', message: expect.stringMatching(/Valkey .*fresh proof/) }],
  });
  const wrong = { ...(await question()), http: { method: 'PUT', url: 'https://files.example.com/mcp' } };
  expect(codeOf(await service.decide(wrong))).toBe('proof_invalid');
  // Back, and empty: it has forgotten the used proof, and nobody else may.
  await server.start('--appendonly', 'no');
  await until(fresh, (code) => code === 'allow');
  expect(codeOf(await service.decide(used))).not.toBe('allow');
  expect(service.stderr()).toContain('the store of used proofs has trouble');
  expect(await (await service.get('/metrics')).text()).toMatch(
    /^audgate_proof_uses_total\{outcome="unavailable"\} [1-9]/m,
  );
});

it.each<[string, object, RegExp]>([
  [
    'several replicas, each with a memory of its own',
    { replicas: 2 },
    /\/proofs\/replicas needs a store that all replicas share.*set proofs\.replay\.store/,
  ],
  [
    'a Valkey that is not there',
    { replay: { store: { valkey: { url: 'valkey://127.0.0.1:1' } } } },
    /proofs\.replay\.store\.valkey valkey:\/\/127\.0\.0\.1:1 cannot be reached \(ECONNREFUSED\); start it/,
  ],
  [
    'a secret that is no file',
    { nonce: { secret_file: 'absent' } },
    /proofs\.nonce\.secret_file .*absent cannot be read \(ENOENT\): make one with openssl rand -hex 32/,
  ],
])('a service does not start with %s, and says what to do', async (_, proofs, message) => {
  const { registry } = await boundClient();
  await expect(start({ registry, config: { proofs } })).rejects.toThrow(message);
});

it('a service does not start with a Valkey that may evict, or with a short secret, and says both at once', async () => {
  const { registry } = await boundClient();
  const { url } = await startValkey('--maxmemory-policy', 'allkeys-lru');
  const short = join(await scratch(), 'short');
  await writeFile(short, 'too short\n');
  const proofs = { nonce: { secret_file: short }, replay: { store: { valkey: { url } } } };
  const started = start({ registry, config: { proofs } });
  await expect(started).rejects.toThrow(/has maxmemory-policy allkeys-lru: expected noeviction/);
  await expect(started).rejects.toThrow(/short has 9 bytes, and at least 32 are needed/);
});

it('a shadow that judges a call again does not take its proof for a replayed one', async () => {
  const { registry, question } = await boundClient();
  const built = await build({
    'open.rego': 'package custom.open\n\nsatisfied if true\n\ndenials contains {"code": "never"} if false\n',
  });
  const service = await start({ registry, config: { shadow: { bundle: built.bundle } } });
  const proof = await question();
  expect(codeOf(await service.decide(proof))).toBe('allow');
  expect(codeOf(await service.decide(proof))).toBe('proof_replayed');
  const shadowed = async () =>
    (await (await service.get('/metrics')).text()).split('\n').filter((line) => line.startsWith('audgate_shadow_'));
  expect(await until(shadowed, (lines) => lines.join().includes(' 2'))).toEqual([
    'audgate_shadow_decisions_total{outcome="same"} 2',
  ]);
});
