/** docs/policy: the guide as its reader types it, and the pages that are generated. */
import { access, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { policyReferencePage } from '../../build/policy-reference-page.ts';
import { recipesPage } from '../../build/recipes-page.ts';
import { readRego } from '../../build/rego-metadata.ts';
import { freePort } from '../../conformance/gateways/free-port.ts';
import { createIssuerKey, mint } from '../../src/testing/mint.ts';
import { NODE, PROJECT } from '../e2e/start.ts';
import { blocksOf } from '../readme/blocks.ts';
import { newcomersEnvironment } from '../readme/clone.ts';
import { paste } from '../readme/shell.ts';

const page = (name: string) => readFile(join(PROJECT, 'docs/policy', name), 'utf8');

describe('what is generated', () => {
  test('reference.md is what the schema and the policies say now', async () => {
    expect(await page('reference.md'), 'write it anew with `npm run generate`').toBe(policyReferencePage(PROJECT));
  });

  test('recipes.md is what the recipes say now', async () => {
    expect(await page('recipes.md'), 'write it anew with `npm run generate`').toBe(recipesPage(PROJECT));
  });

  test('the reference has the input’s members, the functions that rules may call, and each core rule', async () => {
    const text = await page('reference.md');
    for (const member of ['call.arguments', 'token.claims', 'registered.operation.labels', 'context.extra']) {
      expect(text).toContain(`| \`${member}\` |`);
    }
    expect(text).toContain('`regex.match`');
    expect(text).not.toContain('`http.send`');
    const rules = ['issuer', 'audience', 'lifetime', 'operation', 'scope', 'sender_constraint', 'delegation'];
    for (const rule of [...rules, 'authentication', 'authorization_details']) {
      expect(text).toMatch(new RegExp(`^### .* \\(\`${rule}\`\\)$`, 'm'));
    }
  });

  test('each link of the three pages leads to something of the project', async () => {
    for (const name of ['fifteen-minutes.md', 'reference.md', 'recipes.md']) {
      const links = [...(await page(name)).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => path);
      expect(links.length).toBeGreaterThan(0);
      for (const link of links) await expect(access(join(PROJECT, 'docs/policy', link)), link).resolves.toBeUndefined();
    }
  });
});

describe('METADATA', () => {
  const head =
    '# METADATA\n# scope: package\n# title: A rule\n# description: |\n#   Two\n#   lines.\npackage custom.x\n';
  const rules = '# Said\n# of it.\nfirst := 1\n\nsecond(a) := a\n\n# Of the third.\nthird(a, b) if a == b\n';

  test('is read with title and description, and rules with the comment above them', () => {
    const read = readRego('x.rego', `${head}\n${rules}`);
    expect(read).toMatchObject({ package: 'custom.x', metadata: { title: 'A rule', description: 'Two\nlines.\n' } });
    expect([...read.rules]).toEqual([
      ['first', 'Said of it.'],
      ['third(a, b)', 'Of the third.'],
    ]);
  });

  test('must be there', () => {
    expect(() => readRego('x.rego', 'package custom.x\n')).toThrow('x.rego has no METADATA');
  });
});

describe('fifteen-minutes.md leads through', () => {
  let place: string;
  let repository: string;
  let env: NodeJS.ProcessEnv;
  let blocks: readonly string[];

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'audgate-fifteen-'));
    repository = join(place, 'policy');
    // `npx audgate` is this checkout; test/cli/init.test.ts does it with the package as npm packs it.
    const program = join(place, 'node_modules/.bin/audgate');
    await mkdir(join(program, '..'), { recursive: true });
    await writeFile(program, `#!/bin/sh\nexec '${NODE}' '${join(PROJECT, 'src/main.ts')}' "$@"\n`);
    await chmod(program, 0o755);
    env = { ...newcomersEnvironment(), npm_config_offline: 'true' };
    const here = `127.0.0.1:${await freePort()}`;
    blocks = blocksOf(await page('fifteen-minutes.md')).map(({ text }) => text.replaceAll('127.0.0.1:8181', here));
  });
  afterAll(() => rm(place, { recursive: true, force: true }));

  const start = (block: number, cwd = repository) => paste(blocks[block] ?? 'false', cwd, env);
  const type = (block: number, cwd = repository) => start(block, cwd).ended;

  test('a repository, a server, and cases that fail as they should', { timeout: 120_000 }, async () => {
    expect(blocks).toHaveLength(9);
    expect(await type(0, place)).toMatchObject({ code: 0 });
    const registered = await type(1);
    expect(registered.code, registered.stderr).toBe(0);
    expect(registered.stdout).toContain('https://contacts.example.com/mcp');
    const { code, stdout } = await type(2);
    expect(code, stdout).toBe(1);
    expect(stdout.match(/: failed: /g)).toHaveLength(2);
  });

  test('the rule, with which all pass', { timeout: 120_000 }, async () => {
    const { code, stdout, stderr } = await type(3);
    expect(code, `${stdout}\n${stderr}`).toBe(0);
    expect(stdout).toContain('rules export_limit, refund_limit: no problems');
    expect(await type(4)).toMatchObject({ code: 0 });
  });

  test('an explanation, a service, and what a gateway is answered', { timeout: 120_000 }, async () => {
    const key = await createIssuerKey('corp-1', 'ES256');
    const issuers = join(repository, 'registry/issuers.yaml');
    const text = await readFile(issuers, 'utf8');
    // Nobody serves the keys of the example's issuer.
    await writeFile(
      issuers,
      text.replace(/jwks_uri: .*/, () => `jwks: ${JSON.stringify({ keys: [key.jwk] })}`),
    );
    const right = {
      issuer: 'https://login.example.com',
      type: 'at+jwt',
      audience: 'https://contacts.example.com/mcp',
      scopes: ['contacts:export'],
      token_id: 'token',
      now: Math.floor(Date.now() / 1000),
    };
    env.TOKEN = await mint(key, right, {});
    const explained = await type(5);
    expect(explained.code, explained.stderr).toBe(1);
    expect(explained.stdout).toContain('too_many_rows');
    expect(explained.stdout).toContain('export_limit/export_limit.rego');

    const service = start(6);
    await service.until(/^\{"event":"listening"/m);
    expect(JSON.parse((await type(7)).stdout)).toMatchObject({
      decision: 'deny',
      reasons: [{ code: 'custom:export_limit/too_many_rows', expected: [500], actual: [501] }],
    });
    expect(JSON.parse((await type(8)).stdout)).toMatchObject({
      policy: { custom: { rules: ['export_limit', 'refund_limit'] } },
    });
    service.interrupt();
    await service.ended;
  });
});
