import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BILLING, createWorld, FILES } from './audgate.ts';
import { inProcess, type Surroundings } from './in-process.ts';

let world: Awaited<ReturnType<typeof createWorld>>;
let foreign: string;
beforeAll(async () => {
  world = await createWorld();
  foreign = await world.token({ aud: BILLING });
});
afterAll(() => world.close());

const explain = (surroundings: Surroundings) =>
  inProcess(['explain', '--registry', world.registry, '--server', FILES, '--tool', 'read_file'], {
    stdin: foreign,
    ...surroundings,
  });

describe('colour', () => {
  test('stands only on a terminal', async () => {
    expect((await explain({ terminals: ['stdout'] })).stdout).toContain('\u001b[');
    expect((await explain({ terminals: ['stdin', 'stderr'] })).stdout).not.toContain('\u001b');
  });

  test.each([{ NO_COLOR: '1' }, { NO_COLOR: '1', FORCE_COLOR: '3' }, { TERM: 'dumb' }])(
    'stands nowhere with %o',
    async (env) => {
      expect((await explain({ terminals: ['stdout'], env })).stdout).not.toContain('\u001b');
    },
  );

  test('is not forced where no terminal is', async () => {
    expect((await explain({ env: { FORCE_COLOR: '3' } })).stdout).not.toContain('\u001b');
  });

  test('of standard error is its own', async () => {
    const bad = await world.write('bad.yaml', 'servers: 1\n');
    const show = (terminals: Surroundings['terminals']) =>
      inProcess(['registry', 'show', bad], { terminals: terminals ?? [] });
    expect((await show(['stderr'])).stderr).toContain('\u001b[');
    expect((await show(['stdout'])).stderr).not.toContain('\u001b');
  });

  test('never stands in JSON', async () => {
    const { stdout } = await inProcess(['registry', 'show', world.registry, '--json'], { terminals: ['stdout'] });
    expect(stdout).not.toContain('\u001b');
    expect(JSON.parse(stdout)).toHaveProperty('servers.files.resource', FILES);
  });
});

test('tables are aligned on a terminal, without colour too', async () => {
  const { stdout } = await explain({ terminals: ['stdout'], env: { NO_COLOR: '1' } });
  const [rules = '', references = ''] = stdout.slice(stdout.indexOf('RULE')).split('\n\n');
  const [headings, ...rows] = rules.split('\n');
  const column = headings?.indexOf('OUTCOME') ?? -1;
  expect(column).toBeGreaterThan(0);
  for (const row of rows) expect(row.slice(column)).toMatch(/^(satisfied|denied|not_satisfied|not_evaluated) /);
  const [titles, ...named] = references.trimEnd().split('\n');
  const title = titles?.indexOf('TITLE') ?? -1;
  expect(title).toBeGreaterThan(0);
  for (const row of named) expect(row.slice(title - 2, title + 1)).toMatch(/^ {2}[A-Z]$/);
});

test('who types the token is told how', async () => {
  expect((await explain({ terminals: ['stdin'] })).stderr).toContain('Ctrl-D');
  expect((await explain({})).stderr).toBe('');
});

test('diagnostics are lines for people on a terminal, and JSON elsewhere', async () => {
  const registry = await world.write(
    'keyless.yaml',
    `issuers: { corp: { issuer: https://login.example.com, algorithms: [ES256], jwks_uri: http://127.0.0.1:9/jwks } }
servers: { files: { resource: ${FILES}, issuers: [corp], max_lifetime_seconds: 900 } }
`,
  );
  const args = ['decide', '--registry', registry, '--server', FILES, '--method', 'tools/list'];
  const ask = async (terminals: Surroundings['terminals'] = []) =>
    (await inProcess(args, { stdin: await world.token(), terminals })).stderr;
  expect(JSON.parse(await ask())).toMatchObject({ level: 'warn', issuer: 'corp', msg: expect.any(String) });
  const line = await ask(['stderr']);
  expect(line).toContain('warn');
  expect(line).toContain('issuer=corp');
});
