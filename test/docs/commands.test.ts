/** Each command that a page or `--help` shows, typed in a policy repository as `audgate init` writes it, and its exit code. */
import { execFile, spawn } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { freePort } from '../../conformance/gateways/free-port.ts';
import { createIssuerKey, mint } from '../../src/testing/mint.ts';
import { inProcess } from '../cli/in-process.ts';
import { NODE, PROJECT } from '../e2e/start.ts';
import { blocksOf } from '../readme/blocks.ts';
import { newcomersEnvironment } from '../readme/clone.ts';
import { paste } from '../readme/shell.ts';
import { type Live, startLive } from './live.ts';

/** Real programs on a machine that may do much else; none of them takes a tenth of it by itself. */
const CEILING_MS = 120_000;
const PAGES = ['bundles', 'log', 'diff', 'waivers', 'explain', 'testing', 'revocation', 'reach', 'probe', 'misuse'];
const FILES = 'https://files.example.com/mcp';
const DAY_MS = 86_400_000;

/** Commands that are to end with another code than 0: they show a denial, or access that widens. */
const CODES: readonly (readonly [RegExp, number])[] = [
  [/^audgate explain .*--tool write_file/, 1],
  [/^audgate explain .*--at 2026-11-23T12:00:00Z/, 1],
  [/^audgate diff registry-before registry-after/, 1],
];

interface Shown {
  readonly where: string;
  readonly line: string;
}

async function examplesOf(words: readonly string[]): Promise<readonly Shown[]> {
  const { stdout } = await inProcess([...words, '--help']);
  const [usage = '', shown = ''] = stdout.split('\nExamples:\n');
  const [, commands = ''] = usage.split('\nCommands:\n');
  const names = [...commands.matchAll(/^ {2}(\w+)/gm)].map(([, name = '']) => name).filter((name) => name !== 'help');
  const below = await Promise.all(names.map((name) => examplesOf([...words, name])));
  const here = shown.split('\n\n')[0]?.matchAll(/^ {2}(.+)$/gm) ?? [];
  const own = [...here].map(([, line = '']) => ({ where: `${words.join(' ')} --help`, line }));
  if (names.length === 0) expect(own, `audgate ${words.join(' ')} --help shows no example`).not.toEqual([]);
  return [...own, ...below.flat()];
}

async function commandsOf(page: string): Promise<readonly Shown[]> {
  const blocks = blocksOf(await readFile(join(PROJECT, `docs/${page}.md`), 'utf8'));
  const texts = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text);
  const where = `docs/${page}.md`;
  return texts.flatMap((text) => text.trimEnd().split('\n')).map((line) => ({ where, line }));
}

const shown = [...(await Promise.all(PAGES.map(commandsOf))).flat(), ...(await examplesOf([]))];

let place: string;
let repository: string;
let env: NodeJS.ProcessEnv;
/** Of an audgate that runs with the repository's registry, and writes its log there. */
let url: string;
let stop: () => Promise<unknown>;
/** What `audgate probe` probes. */
let live: Live;

/** @throws with what they said when they fail */
const must = (commands: string, cwd = repository) =>
  promisify(execFile)('bash', ['-e', '-o', 'pipefail', '-c', commands], { cwd, env });

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'audgate-commands-'));
  const programs = join(place, 'bin');
  await mkdir(programs);
  await writeFile(join(programs, 'audgate'), `#!/bin/sh\nexec '${NODE}' '${join(PROJECT, 'src/main.ts')}' "$@"\n`);
  // What it prints here is JSON already, and not every machine has it.
  await writeFile(join(programs, 'jq'), '#!/bin/sh\nexec cat\n');
  for (const name of ['audgate', 'jq']) await chmod(join(programs, name), 0o755);
  const usual = newcomersEnvironment();
  // A newcomer has no compiled copy of each module yet; only the time of some sixty starts differs.
  const { NODE_COMPILE_CACHE } = process.env;
  env = { ...usual, ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }), PATH: [programs, usual.PATH].join(delimiter) };
  repository = join(place, 'policy');
  await must('audgate init policy', place);
  const token = await register();
  await build();
  live = await startLive(repository);
  await serve(token);
}, CEILING_MS);

afterAll(async () => {
  await stop?.();
  await live?.stop();
  await rm(place, { recursive: true, force: true });
});

/** An issuer whose keys are at hand, what the examples call, and a waiver that holds for long. @returns a right token */
async function register(): Promise<string> {
  const key = await createIssuerKey('corp-1', 'ES256');
  const issuers = join(repository, 'registry/issuers.yaml');
  const keys = `jwks: ${JSON.stringify({ keys: [key.jwk] })}`;
  await writeFile(
    issuers,
    (await readFile(issuers, 'utf8')).replace(/jwks_uri: .*/, () => keys),
  );
  const files = join(repository, 'registry/files.yaml');
  const until = new Date(Date.now() + 60 * DAY_MS).toISOString();
  const more = `    prompts: { summary: {} }
    methods: { completion/complete: {} }
    waivers:
      - { what: audience, issuer: corp, client_id: desktop, audience: api://default, operations: [tools/call read_file],
          owner: identity@example.com, reason: not yet, until: ${until} }
`;
  await writeFile(files, `${(await readFile(files, 'utf8')).trimEnd()}\n${more}`);
  const token = await mint(key, {
    issuer: 'https://login.example.com',
    type: 'at+jwt',
    audience: FILES,
    scopes: ['files:read'],
    token_id: 'token',
    now: Math.floor(Date.now() / 1000),
  });
  await writeFile(join(repository, 'token.jwt'), `${token}\n`);
  return token;
}

/** Two registries and two bundles that differ in what the examples accept: a tool that opens, and a rule that is gone. */
async function build(): Promise<void> {
  const at = (name: string) => join(repository, name);
  await writeFile(at('revoked.jsonl'), '');
  await cp(at('registry'), at('registry-before'), { recursive: true });
  await cp(at('registry'), at('registry-after'), { recursive: true });
  const after = at('registry-after/files.yaml');
  const opened = '      delete_file: { scopes: [files:write] }\n';
  await writeFile(
    after,
    (await readFile(after, 'utf8')).replace(/^ {6}write_file:.*\n/m, (line) => line + opened),
  );
  const older = join(place, 'older');
  await cp(at('rules'), older, { recursive: true });
  await mkdir(join(older, 'office_hours'));
  await writeFile(
    join(older, 'office_hours/office_hours.rego'),
    'package custom.office_hours\n\ndefault satisfied := false\n\nsatisfied if input.time.hour < 24\n\ndenials contains {"code": "closed"} if input.time.hour >= 24\n',
  );
  await must(`openssl ecparam -name prime256v1 -genkey -noout -out key.pem && openssl pkey -in key.pem -pubout -out key.pub
audgate policy build ./rules --registry ./registry -o bundle.tar.gz
audgate policy build ${older} --registry ./registry-before -o old.tar.gz
audgate policy build ./rules --registry ./registry-after -o new.tar.gz
audgate policy build ./rules -o ${join(place, 'plain.tar.gz')}
audgate policy build ./rules -o ${join(place, 'signed.tar.gz')} --signing-key key.pem --signing-alg ES256 --key-id 2026-11`);
}

/** Decisions in a log, by the audgate that `--url` asks. */
async function serve(token: string): Promise<void> {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const key = 'edge-example-key';
  await writeFile(join(repository, 'key'), `${key}\n`);
  const digest = '95095da4ec9c69a64801b1ffcbb8d88fb468036dd83a78dc260fb566b12fada9';
  const callers = { edge: { key_sha256: [digest], servers: ['files'], may: ['decide', 'read', 'metrics'] } };
  const record = { destination: { file: './decisions.log' } };
  const config = { listen: `127.0.0.1:${port}`, registry: './registry', callers, record };
  await writeFile(join(repository, 'service.json'), JSON.stringify(config));
  await writeFile(
    join(repository, 'config.yaml'),
    JSON.stringify({ listen: '127.0.0.1:0', registry: './registry', bundle: './rules.tar.gz' }),
  );
  const child = spawn('audgate', ['serve', '--config', 'service.json'], { cwd: repository, env, stdio: 'pipe' });
  const gone = new Promise((resolve) => child.once('close', resolve));
  stop = () => {
    child.kill('SIGTERM');
    return gone;
  };
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('"listening"')) resolve();
    });
    child.once('close', () => reject(new Error(said)));
  });
  for (const tool of ['read_file', 'write_file']) {
    const answer = await fetch(`${url}/v1/decide`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-audgate-key': key },
      body: JSON.stringify({ server: FILES, token, call: { method: 'tools/call', tool, arguments: {} } }),
    });
    const { decision, decision_id } = (await answer.json()) as { decision: string; decision_id: string };
    expect(decision).toBe(tool === 'read_file' ? 'allow' : 'deny');
    if (decision === 'allow') env.DECISION = decision_id;
  }
  const lines = () => readFile(join(repository, 'decisions.log'), 'utf8').catch(() => '');
  await vi.waitFor(async () => expect((await lines()).split('\n')).toHaveLength(3), { timeout: CEILING_MS });
  for (const name of ['decisions.jsonl', 'decisions.log.1']) {
    await copyFile(join(repository, 'decisions.log'), join(repository, name));
  }
}

const here = (line: string) =>
  line
    .replaceAll('http://127.0.0.1:8181', url)
    .replaceAll('/etc/audgate/config.yaml', 'config.yaml')
    .replace(/^audgate probe --registry \S+/, `audgate probe --registry ${live.registry}`)
    .replaceAll('DECISION-ID', '"$DECISION"')
    // Other tests may listen on the port of the default.
    .replace(/^(audgate (?:serve(?!.*--(?:listen|config))|demo) .*|audgate demo)$/, '$1 --listen 127.0.0.1:0');

/** docs/policy/fifteen-minutes.md: `npm run -s audgate --` for `npx audgate`, also after `cd policy`. */
test('in a clone, paths are those of the folder where a command is typed', { timeout: CEILING_MS }, async () => {
  const typed = `npm --prefix '${PROJECT}' run -s audgate -- policy check rules`;
  const { code, stdout, stderr } = await paste(typed, repository, env).ended;
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('rules refund_limit: no problems');
});

describe('what is shown runs', () => {
  const lines = [...new Map(shown.map((one) => [one.line, one])).values()];

  test('and each page and each command shows something', () => {
    for (const page of PAGES) expect(shown.some(({ where }) => where === `docs/${page}.md`)).toBe(true);
    expect(lines.length).toBeGreaterThan(30);
  });

  test.each(lines)('$where: $line', { timeout: CEILING_MS }, async ({ line }) => {
    const bundle = line.includes('--verification-key') ? 'signed.tar.gz' : 'plain.tar.gz';
    await copyFile(join(place, bundle), join(repository, 'rules.tar.gz'));
    // The one writes into an empty place only; the other's key is not that of the bundle which is looked at later.
    const cwd = /^(audgate init|openssl ecparam)/.test(line) ? await mkdtemp(join(place, 'init-')) : repository;
    const shell = paste(here(line), cwd, env);
    if (/^audgate (serve|demo(?!.*--(?:once|attack)))/.test(line)) {
      await shell.until(/"event":"listening"|curl/);
      shell.interrupt();
    }
    const { code, stdout, stderr } = await shell.ended;
    const [, expected] = CODES.find(([pattern]) => pattern.test(line)) ?? [line, 0];
    expect(code, `${stdout}\n${stderr}`).toBe(expected);
    if (/ --json( |$)/.test(line) && !line.includes('--junit')) expect(() => JSON.parse(stdout)).not.toThrow();
  });
});
