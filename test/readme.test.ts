/** What README.md tells its reader to type, typed in a fresh clone; and what it says the demonstration prints, compared. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { masked, transcriptIn, transcriptOf } from '../build/transcript-text.ts';
import type { Decision } from '../src/decision/decision.ts';
import { createIssuerKey, mint } from '../src/testing/mint.ts';
import { blocksOf } from './readme/blocks.ts';
import { cloneCheckout, newcomersEnvironment } from './readme/clone.ts';
import { type Ended, paste, type Shell } from './readme/shell.ts';

const README = readFileSync('README.md', 'utf8');
const BLOCKS = blocksOf(README);
const COMMANDS = BLOCKS.filter(({ language }) => language === 'sh');
/** A test that runs the tests would run itself. */
const NOT_RUN = 'npm ci && npm run gateways:install && npm test\n';

/** The README's example names this place, so that it must be free. */
const AUDGATE = 'http://127.0.0.1:8181';
const FILES = 'https://files.example.com/mcp';
const BANK = 'https://bank.example.com/mcp';
const KEY = 'edge-example-key';

interface Step {
  readonly title: string;
  /** The block's last line begins so. */
  readonly last: string;
  /** For commands that stay: what their reader does until Ctrl-C. */
  readonly meanwhile?: (shell: Shell) => Promise<void>;
  /** Exit code; 0 if absent. */
  readonly code?: number;
  readonly after?: (ended: Ended) => void;
}

/** Every block of commands, in the page's order. */
const STEPS: readonly Step[] = [
  { title: 'the demonstration', last: 'npm ci && npm run demo', meanwhile: watchDemo },
  {
    title: 'a registry',
    last: 'npm run -s audgate -- registry show',
    after: ({ stdout }) => {
      expect(stdout).toContain('0 errors, 0 warnings');
      expect(stdout).toContain(BANK);
    },
  },
  {
    title: 'a rule',
    last: 'npm run -s audgate -- policy check',
    after: ({ stdout }) => expect(stdout).toContain('rules small_transfers: no problems'),
  },
  {
    title: 'its tests',
    last: 'npm run -s audgate -- policy test',
    after: ({ stdout }) => {
      expect(stdout).toContain('Rego tests on opa: 3 passed, 0 failed');
      expect(stdout).toContain('Rego tests on wasm: 3 passed, 0 failed');
      expect(stdout).toMatch(/Cases: 3 through opa eval, WASM and HTTP, .*; 0 failed/);
    },
  },
  { title: 'serving this machine', last: 'npm start -- --registry', meanwhile: askWithTheSixLines },
  {
    title: 'serving callers with keys',
    last: 'npm start -- --config',
    meanwhile: askWithKey,
    after: ({ stdout }) => {
      const [digest = 'none'] = stdout.split(' ');
      expect(digest).toMatch(/^[0-9a-f]{64}$/);
      expect(README).toContain(`key_sha256: ["${digest}"]`);
    },
  },
  {
    title: 'an explanation',
    last: 'echo "$TOKEN" | npm run -s audgate -- explain',
    code: 1,
    after: ({ stdout }) => {
      expect(stdout).toContain('audience_mismatch');
      expect(stdout).toMatch(/^custom\.small_transfers\t/m);
    },
  },
  { title: 'the tests', last: NOT_RUN },
];

let clone: string;
/** A newcomer's, with a token for files. */
let env: NodeJS.ProcessEnv;
const issuerKey = await createIssuerKey('corp-1', 'ES256');

beforeAll(async () => {
  clone = await cloneCheckout();
  env = { ...newcomersEnvironment(), TOKEN: await tokenFor(FILES, 'bank:transfer') };
  await mustBeFree(8181);
});
afterAll(() => rm(clone, { recursive: true, force: true }));

test('every block of commands has its step here', () => {
  expect(COMMANDS.map(({ text }) => text.trimEnd().split('\n').at(-1))).toEqual(
    STEPS.map(({ last }) => expect.stringContaining(last.trimEnd())),
  );
});

test('every link leads to something of the project', () => {
  const links = [...README.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) => path);
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter((path) => !existsSync(path))).toEqual([]);
});

describe('in a fresh clone, the README leads through', () => {
  const steps = STEPS.map((step, index) => ({ step, text: COMMANDS[index]?.text ?? '', title: step.title }));
  test.each(steps.filter(({ text }) => text !== NOT_RUN))(
    '$title',
    async ({ step, text }) => {
      const shell = paste(text, clone, env);
      await step.meanwhile?.(shell);
      if (step.meanwhile !== undefined) shell.interrupt();
      const ended = await shell.ended;
      expect(ended.code, `${ended.stdout}\n${ended.stderr}`).toBe(step.code ?? 0);
      step.after?.(ended);
    },
    300_000,
  );

  test('the six lines again, with an issuer whose keys can be had: the right token is let through', async () => {
    const file = join(clone, 'my/registry.yaml');
    const registry = await readFile(file, 'utf8');
    const keys = JSON.stringify({ keys: [issuerKey.jwk] });
    await writeFile(
      file,
      registry.replace(/jwks_uri: .*/, () => `jwks: ${keys}`),
    );
    const shell = paste('npm start -- --registry my/registry.yaml --bundle my/bundle.tar.gz', clone, env);
    await listening(shell);
    expect(await sixLines(await tokenFor(FILES, 'files:read'))).toBe('true');
    expect(await sixLines(await tokenFor(BANK, 'files:read'))).toBe('false');
    // Not Ctrl-C, which everybody gets, but `kill`: npm must pass it on, and not leave the server behind.
    shell.kill();
    expect(await shell.ended).toMatchObject({ code: 0 });
  });
});

/** Looks at the whole output, then tries both commands that it ends with. */
async function watchDemo(shell: Shell): Promise<void> {
  const { input } = await shell.until(/^Ctrl-C ends the demonstration\.$/m);
  expect(masked(transcriptIn(README)), 'write it anew with `npm run transcript`').toBe(masked(transcriptOf(input)));
  const commands = input.split('\n').filter((line) => line.startsWith('curl '));
  const decisions = [];
  for (const command of commands) {
    const { stdout, stderr } = await paste(command, clone, env).ended;
    expect(stdout, stderr).not.toBe('');
    decisions.push((JSON.parse(stdout) as Decision).decision);
  }
  expect(decisions).toEqual(['allow', 'deny']);
}

/** Nobody serves the key set of the README's issuer, and even so a token for another server is known to be one. */
async function askWithTheSixLines(shell: Shell): Promise<void> {
  expect(await listening(shell)).toBe(AUDGATE);
  expect(await sixLines(await tokenFor(BANK, 'files:read'))).toBe('false');
  // False could mean anything: the record says why.
  const [, record = ''] = await shell.until(/^(\{"decision_id".*\})$/m);
  expect(JSON.parse(record)).toMatchObject({
    result: { decision: 'deny', reasons: [{ code: 'audience_mismatch', actual: [BANK] }] },
  });
}

async function askWithKey(shell: Shell): Promise<void> {
  await listening(shell);
  expect((await fetch(`${AUDGATE}/health/live`)).status).toBe(200);
  const ask = async (headers: Record<string, string>) =>
    fetch(`${AUDGATE}/v1/decide`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({
        server: BANK,
        token: await tokenFor(FILES, 'bank:transfer'),
        call: { method: 'tools/call', tool: 'transfer', arguments: { amount: 20 } },
      }),
    });
  expect((await ask({})).status).toBe(401);
  expect((await ask({ 'x-audgate-key': `${KEY}.` })).status).toBe(401);
  const answer = await ask({ 'x-audgate-key': KEY });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ decision: 'deny', reasons: [{ code: 'audience_mismatch' }] });
}

/** Runs the README's lines as a program of their own. @returns what they say about `allowed` */
async function sixLines(token: string): Promise<string> {
  const lines = BLOCKS.filter(({ language }) => language === 'js');
  expect(lines).toHaveLength(1);
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read_file', arguments: {} } };
  const given = `const { token, message } = ${JSON.stringify({ token, message })};\n`;
  const program = join(clone, 'my/gateway.mjs');
  await writeFile(program, `${given}${lines[0]?.text}console.log(allowed);\n`);
  return execFileSync('node', [program], { env, encoding: 'utf8' }).trim();
}

/** Waits for its first line. @returns where it listens */
async function listening(shell: Shell): Promise<string> {
  const [line] = await shell.until(/^\{"event":"listening".*\}$/m);
  return (JSON.parse(line) as { url: string }).url;
}

function tokenFor(audience: string, scope: string): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const right = {
    issuer: 'https://login.example.com',
    type: 'at+jwt',
    audience,
    scopes: [scope],
    token_id: 'token',
    now,
  };
  return mint(issuerKey, right, {});
}

async function mustBeFree(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', () =>
      reject(new Error(`the README's commands listen on 127.0.0.1:${port}; end what does so, and test again`)),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}
