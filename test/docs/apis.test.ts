/** What docs/apis.md tells its reader to type and to run, typed and run: against the real program, with a real token. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FILES, registryOf, startIssuer } from '../e2e/issue.ts';
import { NODE, PROJECT, start } from '../e2e/start.ts';
import { blocksOf } from '../readme/blocks.ts';
import { newcomersEnvironment } from '../readme/clone.ts';
import { paste } from '../readme/shell.ts';

const PAGE = await readFile(join(PROJECT, 'docs/apis.md'), 'utf8');
const BLOCKS = blocksOf(PAGE);
const COMMANDS = BLOCKS.filter(({ language }) => language === 'sh').map(({ text }) => text);
const PROGRAMS = BLOCKS.filter(({ language }) => language === 'ts').map(({ text }) => text);
const AUDGATE = 'http://127.0.0.1:8181';

/** By what each command asks. */
const ANSWERS: readonly (readonly [string, object, object])[] = [
  [
    '/v1/allowed',
    { decision: 'allow', tools: ['read_file'], custom: 'none' },
    { decision: 'deny', tools: [], methods: [], reasons: [{ code: 'token_expired' }] },
  ],
  [
    '/access/v1/evaluation',
    { decision: true, context: { outcome: 'allow' } },
    { decision: false, context: { outcome: 'deny', reasons: [{ code: 'token_expired' }] } },
  ],
  [
    '/access/v1/evaluations',
    { evaluations: [{ decision: true }, { decision: false, context: { reasons: [{ code: 'tool_unknown' }] } }] },
    { evaluations: [{ decision: false }, { decision: false }] },
  ],
  [
    '/.well-known/authzen-configuration',
    { access_evaluation_endpoint: 'https://pdp.example.com/access/v1/evaluation' },
    { access_evaluation_endpoint: 'https://pdp.example.com/access/v1/evaluation' },
  ],
  [
    '/v1/data/audgate/decide',
    { result: { allow: true, decision: 'allow' } },
    { result: { allow: false, decision: 'deny' } },
  ],
];

async function world() {
  const issuer = await startIssuer();
  const audgate = await start({
    registry: registryOf(issuer, { files: FILES }),
    config: { public_url: 'https://pdp.example.com' },
  });
  const tokens = {
    right: await issuer.token(FILES),
    expired: await issuer.token(FILES, { claims: { iat: 1, exp: 2 } }),
  };
  const here = (text: string) => text.replaceAll(AUDGATE, audgate.url);
  return { audgate, tokens, here };
}

test('every command and program of the page is tried here', () => {
  expect(COMMANDS.map((text) => /127\.0\.0\.1:8181(\S+)/.exec(text)?.[1])).toEqual(ANSWERS.map(([path]) => path));
  expect(PROGRAMS).toHaveLength(1);
  expect(BLOCKS).toHaveLength(COMMANDS.length + PROGRAMS.length);
});

describe('its commands', () => {
  test.each(ANSWERS.map(([path, right, expired], at) => ({ path, right, expired, text: COMMANDS[at] ?? '' })))(
    'ask $path',
    async ({ text, right, expired }) => {
      const { tokens, here } = await world();
      const answer = async (token: string) => {
        const { code, stdout, stderr } = await paste(here(text), PROJECT, { ...newcomersEnvironment(), TOKEN: token })
          .ended;
        expect(code, stderr).toBe(0);
        return JSON.parse(stdout);
      };
      expect(await answer(tokens.right)).toMatchObject(right);
      expect(await answer(tokens.expired)).toMatchObject(expired);
    },
  );
});

describe('its program, beside the package as it is published', () => {
  let project: string;
  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'audgate-apis-'));
    const published = join(project, 'node_modules/audgate');
    await mkdir(published, { recursive: true });
    const tsc = join(PROJECT, 'node_modules/typescript/bin/tsc');
    const build = [tsc, '-p', join(PROJECT, 'tsconfig.build.json'), '--outDir', join(published, 'dist')];
    await promisify(execFile)(NODE, build);
    await copyFile(join(PROJECT, 'package.json'), join(published, 'package.json'));
    await symlink(join(PROJECT, 'node_modules/@types'), join(project, 'node_modules/@types'));
    await writeFile(join(project, 'package.json'), '{"type":"module"}');
  });
  afterAll(() => rm(project, { recursive: true, force: true }));

  test('says what is open, why it is not, or that nobody knows', async () => {
    const { audgate, tokens, here } = await world();
    await writeFile(join(project, 'program.ts'), here(PROGRAMS[0] ?? ''));
    const compilerOptions = {
      module: 'NodeNext',
      target: 'ES2024',
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: ['node'],
    };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
    await promisify(execFile)(NODE, [join(PROJECT, 'node_modules/typescript/bin/tsc'), '-p', project]);
    const said = async (token: string) => {
      const env = { ...process.env, TOKEN: token };
      return (await promisify(execFile)(NODE, [join(project, 'program.ts')], { env })).stdout.trim().split('\n');
    };
    expect(await said(tokens.right)).toEqual(['for user-1', 'open: read_file']);
    expect(await said(tokens.expired)).toEqual(['401 token_expired', 'open:']);
    await audgate.stop();
    expect(await said(tokens.right)).toEqual([
      expect.stringMatching(/^nobody knows audgate could not be reached/),
      'open:',
    ]);
  });
});
