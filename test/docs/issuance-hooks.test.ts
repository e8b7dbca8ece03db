/**
 * docs/issuance-hooks.md and the example server: its commands typed, its programs compiled and run beside the published package. Its
 * Actions run here against the real program; at Auth0, as the page says, they never did.
 */
import { execFile, spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compileFunction } from 'node:vm';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { freePort } from '../../conformance/gateways/free-port.ts';
import { NODE, PROJECT, type Started, start } from '../e2e/start.ts';
import { blocksOf } from '../readme/blocks.ts';
import { newcomersEnvironment } from '../readme/clone.ts';
import { paste } from '../readme/shell.ts';

const EXAMPLE = join(PROJECT, 'examples/oidc-provider');
const PAGE = await readFile(join(PROJECT, 'docs/issuance-hooks.md'), 'utf8');
const BLOCKS = blocksOf(PAGE);
const of = (language: string) => BLOCKS.filter((block) => block.language === language).map(({ text }) => text);
const [FILES, SEARCH] = ['https://files.example.com/mcp', 'https://search.example.com/mcp'];

let project: string;
/** @throws with what is wrong */
const compile = (config: string) =>
  promisify(execFile)(NODE, [join(PROJECT, 'node_modules/typescript/bin/tsc'), '-p', join(project, config)]).catch(
    (error: { stdout: string }) => Promise.reject(new Error(error.stdout)),
  );

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'audgate-hooks-'));
  const modules = join(project, 'node_modules');
  await mkdir(join(modules, 'audgate'), { recursive: true });
  for (const name of ['@types', 'jose', 'oidc-provider'])
    await symlink(join(PROJECT, 'node_modules', name), join(modules, name));
  // Of the published package the one part that is used here.
  const build = {
    extends: join(PROJECT, 'tsconfig.build.json'),
    compilerOptions: { rootDir: join(PROJECT, 'src'), outDir: join(modules, 'audgate/dist') },
    ...{ include: [], files: [join(PROJECT, 'src/client/create.ts')] },
  };
  await writeFile(join(project, 'tsconfig.client.json'), JSON.stringify(build));
  await compile('tsconfig.client.json');
  await copyFile(join(PROJECT, 'package.json'), join(modules, 'audgate/package.json'));
  await writeFile(join(project, 'package.json'), '{"type":"module"}');
});
afterAll(() => rm(project, { recursive: true, force: true }));

/** audgate with the example's registry, its issuer at another port. */
async function world(): Promise<{ audgate: Started; issuer: string; here: (text: string) => string }> {
  const issuer = `http://127.0.0.1:${await freePort()}`;
  const registry = parse(
    (await readFile(join(EXAMPLE, 'registry.yaml'), 'utf8')).replaceAll('http://127.0.0.1:3001', issuer),
  );
  const audgate = await start({ registry });
  const here = (text: string) =>
    text
      .replaceAll('http://127.0.0.1:3001', issuer)
      .replaceAll('http://127.0.0.1:8181', audgate.url)
      .replaceAll('listen(3001', `listen(${new URL(issuer).port}`);
  return { audgate, issuer, here };
}

test('the example issues what audgate allows: the page’s commands, typed', async () => {
  const { issuer, here } = await world();
  for (const name of await readdir(EXAMPLE))
    if (name.endsWith('.ts')) await writeFile(join(project, name), here(await readFile(join(EXAMPLE, name), 'utf8')));
  const server = spawn(NODE, [join(project, 'server.ts')], { stdio: ['ignore', 'pipe', 'pipe'] });
  const gone = new Promise((resolve) => server.once('close', resolve));
  onTestFinished(async () => {
    server.kill('SIGKILL');
    await gone;
  });
  let said = '';
  server.stderr.on('data', (piece) => {
    said += piece;
  });
  await Promise.race([
    new Promise((resolve) => server.stdout.once('data', resolve)),
    gone.then(() => Promise.reject(new Error(said))),
  ]);
  expect(of('sh').slice(0, 2).join('')).toContain('examples/oidc-provider');

  const typed = here(of('sh').slice(2).join(''));
  const { code, stdout, stderr } = await paste(typed, PROJECT, newcomersEnvironment()).ended;
  expect(code, stderr).toBe(0);
  const answers = stdout
    .replaceAll('}{', '}\n{')
    .split('\n')
    .map((line) => JSON.parse(line) as { access_token?: string; error?: string });
  expect(answers.map(({ error = 'issued' }) => error)).toEqual([
    ...['issued', 'invalid_target', 'invalid_target', 'invalid_target'],
    ...['issued', 'invalid_scope', 'invalid_target'],
  ]);
  const [own, over] = [answers[0], answers[4]].map((answer) => decodeJwt(answer?.access_token ?? ''));
  expect(own).toMatchObject({ iss: issuer, aud: FILES, client_id: 'agent', scope: 'files:read' });
  expect(over).toMatchObject({ iss: issuer, aud: SEARCH, client_id: 'gateway', scope: 'search:read' });
  // Why, for the operator: the client is not told.
  for (const code of ['resource_missing', 'resource_unregistered', 'resource_multiple', 'exchange_not_allowed'])
    expect(said).toContain(code);
});

test('the page’s programs are TypeScript, and the one that asks is answered', async () => {
  const { here } = await world();
  for (const name of await readdir(EXAMPLE))
    if (name.endsWith('.ts')) await copyFile(join(EXAMPLE, name), join(project, name));
  const names = await Promise.all(
    of('ts').map(async (text, at) => {
      const name = `program-${at}.ts`;
      await writeFile(
        join(project, name),
        here(text).replace('{ /* yours, with findAccount */ }', '{ findAccount: () => undefined }'),
      );
      return name;
    }),
  );
  const compilerOptions = {
    ...{ module: 'NodeNext', target: 'ES2024', strict: true, noEmit: true, skipLibCheck: true, types: ['node'] },
    ...{ allowImportingTsExtensions: true, preserveSymlinks: true },
  };
  await writeFile(
    join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: [...names, 'server.ts', 'jwt-bearer.ts'] }),
  );
  await compile('tsconfig.json');
  const { stdout } = await promisify(execFile)(NODE, [join(project, names[0] ?? '')]);
  expect(stdout).toBe(`issue ${FILES} files:read 300\n`);
});

/** What an Action did. */
interface Done {
  denied?: readonly unknown[];
  removed: string[];
}

test('the Actions refuse whatever is not one registered server, and when audgate is gone', async () => {
  const { audgate, issuer } = await world();
  const actions: Record<string, (event: object, api: object) => Promise<void>> = {};
  compileFunction(of('js').join('\n'), ['exports', 'fetch', 'AbortSignal'])(actions, fetch, AbortSignal);
  const act = async (name: string, event: object): Promise<Done> => {
    const done: Done = { removed: [] };
    const api = {
      access: { deny: (...why: unknown[]) => Object.assign(done, { denied: why }) },
      accessToken: { removeScope: (scope: string) => void done.removed.push(scope) },
    };
    const secrets = { AUDGATE_URL: audgate.url, AUDGATE_KEY: 'unused-here', ISSUER: issuer };
    await actions[name]?.({ secrets, client: { client_id: 'app' }, ...event }, api);
    return done;
  };
  const login = (query: object, identifier?: string, scopes = ['openid', 'files:read'], more: object = {}) =>
    act('onExecutePostLogin', {
      request: { query },
      resource_server: identifier === undefined ? undefined : { identifier },
      transaction: { protocol: 'oidc-basic-profile', requested_scopes: scopes },
      ...more,
    });
  expect(await login({ resource: FILES }, FILES)).toEqual({ removed: [] });
  expect(await login({}, FILES, ['openid', 'files:read', 'search:read'])).toEqual({ removed: ['search:read'] });
  expect(await login({})).toEqual({ removed: [] });
  for (const [query, identifier] of [
    // Where both are sent, Auth0 takes the audience.
    [{ resource: FILES, audience: SEARCH }, SEARCH],
    [{ resource: 'https://files.example.com' }, undefined],
    [{}, 'https://platform.example.com/api'],
    [{ resource: FILES }, 'https://platform.example.com/api'],
  ] as const)
    expect((await login(query, identifier)).denied).toEqual([expect.any(String)]);
  const refresh = { transaction: { protocol: 'oauth2-refresh-token', requested_scopes: ['files:read'] } };
  expect(await login({}, FILES, [], { ...refresh, request: { body: {} } })).toEqual({ removed: [] });
  expect((await login({}, FILES, [], { ...refresh, request: { body: { audience: SEARCH } } })).denied).toBeDefined();

  const own = (body: object, identifier: string) =>
    act('onExecuteCredentialsExchange', { request: { body }, resource_server: { identifier } });
  expect(await own({ audience: FILES, scope: 'files:read' }, FILES)).toEqual({ removed: [] });
  expect((await own({ audience: 'https://x.example.com' }, 'https://x.example.com')).denied?.[0]).toBe(
    'invalid_request',
  );
  await audgate.stop();
  expect((await own({ audience: FILES }, FILES)).denied?.[0]).toBe('server_error');
  expect((await login({ resource: FILES }, FILES)).denied).toEqual(['what may be issued cannot be decided now']);
});
