/**
 * Ratios, measured side by side in one run: audgate against a bare echo on the same HTTP server, and against OPA's own
 * server with an equivalent policy. Fresh processes, order alternated between rounds, records on.
 *
 * `npm run bench` takes about a quarter of an hour; `npm run bench -- --quick` some minutes, for a first impression.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOpa, opaCache } from '../src/policy/find.ts';
import { createIssuerKey, type Question, questionsOf, registryOf, type Scenario } from './fixture.ts';
import { type Measured, measure } from './measure.ts';
import { type Row, report } from './report.ts';
import { measureScale } from './scale.ts';
import { type Server, startTelling, startTold } from './server.ts';

const quick = process.argv.includes('--quick');
/** `--only "ES256 hot"`: just the scenarios whose name holds this. */
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined;
const ROUNDS = quick ? 1 : 3;
const SECONDS = quick ? 3 : 5;
const CONNECTIONS = 32;
/** Requests a second that every contender answers with room to spare: OPA's server saturates below twice this. */
const RATE = 1500;

const folder = await mkdtemp(join(tmpdir(), 'audgate-bench-'));
const keys = [await createIssuerKey('ES256'), await createIssuerKey('RS256')];
const registry = registryOf(keys);
const registryFile = join(folder, 'registry.json');
await writeFile(registryFile, JSON.stringify(registry));
const found = await findOpa({
  env: process.env,
  cache: opaCache(process.env),
  platform: process.platform,
  note: console.error,
});
if (!found.ok) throw new Error(found.message);
const opa = found.opa.path;

/** As one would give it to OPA: the registry is data, the keys are a key set. */
const opaData = join(folder, 'data.json');
await writeFile(
  opaData,
  JSON.stringify({
    bench_registry: { ...forOpa(registry), jwks: JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }) },
  }),
);

interface Contender {
  readonly name: 'audgate' | 'echo' | 'opa';
  readonly path: string;
  readonly start: () => Promise<Server>;
  readonly body: (question: Question) => string;
  readonly answer: (scenario: Scenario) => string;
}

const node = process.execPath;
const decideBody = ({ server, tool, token }: Question) =>
  JSON.stringify({ server, token, call: { method: 'tools/call', tool, arguments: {} } });

const contenders: readonly Contender[] = [
  {
    name: 'audgate',
    path: '/v1/decide',
    start: () => startTelling([node, 'src/main.ts', 'serve', '--registry', registryFile, '--listen', '127.0.0.1:0']),
    body: decideBody,
    answer: ({ outcome }) => (outcome === 'allow' ? '"decision":"allow"' : '"audience_mismatch"'),
  },
  {
    name: 'echo',
    path: '/v1/decide',
    start: () => startTelling([node, 'bench/echo.ts']),
    body: decideBody,
    answer: () => '"server"',
  },
  {
    name: 'opa',
    path: '/v1/data/bench/decide',
    start: () =>
      startTold(
        (port) => [
          opa,
          'run',
          '--server',
          '--addr',
          `127.0.0.1:${port}`,
          '--log-level',
          'error',
          '--set',
          'decision_logs.console=true',
          '--skip-version-check',
          'bench/opa/policy.rego',
          opaData,
        ],
        '/health',
      ),
    body: ({ server, tool, token }) =>
      JSON.stringify({ input: { server, token, call: { method: 'tools/call', tool } } }),
    answer: ({ outcome }) => (outcome === 'allow' ? '"allow":true' : '"allow":false'),
  },
];

const scenarios: Scenario[] = [];
for (const algorithm of ['ES256', 'RS256'] as const)
  for (const warmth of ['hot', 'cold'] as const)
    for (const outcome of ['allow', 'deny'] as const)
      if (only === undefined || `${algorithm} ${warmth} ${outcome}`.includes(only))
        scenarios.push({ algorithm, warmth, outcome });

const rows: Row[] = [];
for (const scenario of scenarios) {
  const key = keys.find(({ algorithm }) => algorithm === scenario.algorithm);
  if (key === undefined) throw new Error(`no key for ${scenario.algorithm}`);
  const questions = await questionsOf(scenario, key, Math.floor(Date.now() / 1000));
  for (let round = 0; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed();
    for (const contender of order) {
      const server = await contender.start();
      try {
        const load = {
          path: contender.path,
          bodies: questions.map(contender.body),
          connections: CONNECTIONS,
          seconds: SECONDS,
          answer: contender.answer(scenario),
        };
        for (const mode of ['rate', 'saturation'] as const) {
          const measured: Measured = await measure(server, load, mode === 'rate' ? RATE : null);
          rows.push({ ...scenario, round, contender: contender.name, mode, ...measured });
          process.stderr.write(
            `${scenario.algorithm} ${scenario.warmth} ${scenario.outcome} round ${round + 1} ${contender.name} ${mode}: ` +
              `${measured.cpu_us.toFixed(1)} us, ${Math.round(measured.throughput)}/s\n`,
          );
        }
      } finally {
        await server.stop();
      }
    }
  }
}
await mkdir('report', { recursive: true });
await writeFile('report/bench.json', `${JSON.stringify(rows, null, 2)}\n`);
const scale = await measureScale();
const text = report(rows, scale, { rate: RATE, rounds: ROUNDS, seconds: SECONDS });
await writeFile('report/bench.md', text);
process.stdout.write(text);
await rm(folder, { recursive: true });

function forOpa(written: object): object {
  const { servers, issuers } = written as {
    issuers: { bench: { issuer: string } };
    servers: Record<string, { resource: string }>;
  };
  const byResource = Object.values(servers).map((server) => [
    server.resource,
    { ...server, issuers: [issuers.bench.issuer] },
  ]);
  return { servers: Object.fromEntries(byResource) as object };
}
