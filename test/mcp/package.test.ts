/** `docs/server.md` and the example server, as their readers use them: in a clone, and beside the published package. */
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../conformance/gateways/free-port.ts';
import { startAuthorizationServer } from '../e2e/oidc/authorization-server.ts';
import { createClient } from '../e2e/oidc/client.ts';
import { NODE, PROJECT } from '../e2e/start.ts';
import { blocksOf } from '../readme/blocks.ts';
import { cloneCheckout, newcomersEnvironment } from '../readme/clone.ts';
import { paste } from '../readme/shell.ts';

const PAGE = await readFile(join(PROJECT, 'docs/server.md'), 'utf8');
const BLOCKS = blocksOf(PAGE);
const COMMANDS = BLOCKS.filter(({ language }) => language === 'sh').map(({ text }) => text);
const PROGRAMS = BLOCKS.filter(({ language }) => language === 'ts').map(({ text }) => text);
/** What the example and the page's programs are written for. */
const RESOURCE = 'http://127.0.0.1:3000/mcp';
const METADATA = 'http://127.0.0.1:3000/.well-known/oauth-protected-resource/mcp';

let clone: string;
/** A project of somebody else, with the packed package among its dependencies. */
let project: string;

beforeAll(async () => {
  clone = await cloneCheckout();
  await symlink(join(PROJECT, 'node_modules'), join(clone, 'node_modules'));
  const { stdout } = await promisify(execFile)('npm', ['pack', '--json'], { cwd: clone, env: newcomersEnvironment() });
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as { filename: string }[];
  project = join(clone, 'somebody');
  const modules = join(project, 'node_modules');
  await mkdir(join(modules, 'audgate'), { recursive: true });
  const archive = join(clone, packed?.filename ?? '');
  await promisify(execFile)('tar', ['-xzf', archive, '--strip-components=1', '-C', join(modules, 'audgate')]);
  for (const name of await readdir(join(PROJECT, 'node_modules')))
    if (!name.startsWith('.')) await symlink(join(PROJECT, 'node_modules', name), join(modules, name));
  await writeFile(join(project, 'package.json'), '{"type":"module"}');
  await cp(join(clone, 'examples/mcp-server/registry.yaml'), join(project, 'registry.yaml'));
});
afterAll(() => rm(clone, { recursive: true, force: true }));

test('the page has the commands and programs that are tried here', () => {
  expect(COMMANDS).toHaveLength(2);
  expect(PROGRAMS.map((text) => /\b(protect(?:Hono|Express|Tool)?)\(/.exec(text)?.[1])).toEqual([
    'protect',
    'protectHono',
    'protectExpress',
    'protectTool',
  ]);
});

test('in a clone its commands build, start the example, and show the way to a token', async () => {
  const [run = '', ask = ''] = COMMANDS;
  await mustBeFree(3000);
  const server = paste(run, clone, newcomersEnvironment());
  await listening(METADATA);
  const { stdout } = await paste(ask, clone, newcomersEnvironment()).ended;
  expect(stdout).toContain('HTTP/1.1 401 Unauthorized');
  expect(stdout).toContain(`www-authenticate: Bearer resource_metadata="${METADATA}", scope="files:read"`);
  expect(JSON.parse(stdout.slice(stdout.lastIndexOf('\n{') + 1))).toMatchObject({ resource: RESOURCE });
  // The record of the decision.
  await server.until(/"code":"token_missing"/);
  server.interrupt();
  await server.ended;
});

test('the example serves a real client, each tool by its scope, with audgate as it is published', async () => {
  const issuer = await startAuthorizationServer();
  const origin = `http://127.0.0.1:${await freePort()}`;
  const resource = `${origin}/mcp`;
  issuer.add(resource, ['files:read', 'files:write']);
  const folder = join(project, 'example');
  await mkdir(folder);
  await replaced('examples/mcp-server/server.ts', join(folder, 'server.ts'), { '3000': new URL(origin).port });
  await replaced('examples/mcp-server/registry.yaml', join(folder, 'registry.yaml'), {
    [RESOURCE]: resource,
    'https://login.example.com/jwks': `${issuer.issuer}/jwks`,
    'https://login.example.com': issuer.issuer,
  });
  await start(['server.ts'], folder, `${origin}/.well-known/oauth-protected-resource/mcp`);

  const client = createClient(resource, '2026');
  await client.connect();
  expect(await client.call('read_file', { path: 'hello.txt' })).toEqual({ text: 'Hello.', isError: false });
  expect(client.wallet.claims.scope).toBe('files:read');
  const written = await client.call('write_file', { path: 'new.txt', text: 'New.' });
  expect(written).toEqual({ text: `Written for ${client.wallet.claims.client_id}.`, isError: false });
  expect(client.exchanges.filter(({ url }) => url === resource).map(({ status }) => status)).toContain(403);
  expect((await client.call('read_file', { path: 'new.txt' })).text).toBe('New.');
});

describe('with audgate as it is published, the page’s program', () => {
  const served = PROGRAMS.filter((text) => text.includes('3000'));
  test.each(served.map((text) => ({ text, title: /protect\w*/.exec(text)?.[0] })))('of $title', async ({ text }) => {
    const port = String(await freePort());
    const folder = join(project, `page-${port}`);
    await mkdir(folder);
    await writeFile(join(folder, 'program.ts'), text.replaceAll('3000', port));
    await replaced('examples/mcp-server/registry.yaml', join(folder, 'registry.yaml'), { '3000': port });
    const metadata = METADATA.replace('3000', port);
    await start(['program.ts'], folder, metadata);
    const call = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
    const answer = await fetch(RESOURCE.replace('3000', port), { method: 'POST', body: call });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(`Bearer resource_metadata="${metadata}", scope="files:read"`);
  });

  test('over stdio refuses a tool without a right token, and tells why', async () => {
    const [program = ''] = PROGRAMS.filter((text) => text.includes('serveStdio'));
    await writeFile(join(project, 'stdio.ts'), program);
    const { Client } = await import('@modelcontextprotocol/client');
    const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
    const client = new Client({ name: 'test', version: '1.0.0' });
    await client.connect(
      new StdioClientTransport({ command: NODE, args: ['stdio.ts'], cwd: project, env: { ACCESS_TOKEN: 'guess' } }),
    );
    onTestFinished(() => client.close());
    const { content, isError } = await client.callTool({ name: 'read_file', arguments: { path: '/a' } });
    expect(isError).toBe(true);
    expect(content).toMatchObject([{ text: expect.stringMatching(/^invalid_token: /) }]);
  });

  test('all of them satisfy the compiler, with the types that are published', async () => {
    const folder = join(project, 'types');
    await mkdir(folder);
    for (const [at, text] of PROGRAMS.entries()) await writeFile(join(folder, `page-${at}.ts`), text);
    const { compilerOptions } = JSON.parse(await readFile(join(PROJECT, 'tsconfig.json'), 'utf8'));
    const { paths: _, ...options } = compilerOptions;
    const config = { compilerOptions: options, include: ['*.ts'] };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(PROJECT, 'node_modules/typescript/bin/tsc');
    const { stdout } = await promisify(execFile)(NODE, [tsc, '-p', folder]).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });
});

/** Runs a program until the test is over. */
async function start(args: readonly string[], folder: string, until: string): Promise<void> {
  const program = paste(`exec ${NODE} ${args.join(' ')}`, folder, process.env);
  await Promise.race([
    listening(until),
    program.ended.then(({ stderr }) => Promise.reject(new Error(`it ended: ${stderr}`))),
  ]);
}

/** Asks until somebody answers; the test's own time limit ends what never comes. */
async function listening(url: string): Promise<void> {
  for (;;) {
    const answered = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function replaced(from: string, to: string, texts: Readonly<Record<string, string>>): Promise<void> {
  let text = await readFile(join(PROJECT, from), 'utf8');
  for (const [old, next] of Object.entries(texts)) {
    if (!text.includes(old)) throw new Error(`${from} holds no ${old}`);
    text = text.replaceAll(old, next);
  }
  await writeFile(to, text);
}

/** The page and the example name this port. */
async function mustBeFree(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', () => reject(new Error(`docs/server.md listens on 127.0.0.1:${port}; end what does so`)));
    server.listen(port, '127.0.0.1', resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}
