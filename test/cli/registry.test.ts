import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audgate, createWorld, registryOf } from './audgate.ts';
import { inProcess } from './in-process.ts';

let world: Awaited<ReturnType<typeof createWorld>>;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const bad = () =>
  world.write(
    'bad.yaml',
    'issuers: {}\nservers:\n  files:\n    resource: https://files.example.com/mcp#top\n    tols: {}\n',
  );

/** A bare origin is only warned of: clients add the slash. */
const warned = () => {
  const registry = registryOf(world.key);
  const servers = { root: { ...registry.servers.files, resource: 'https://root.example.com' } };
  return world.write('warned.json', JSON.stringify({ ...registry, servers }));
};

describe('registry check', () => {
  test('ends with 0 when all is right', async () => {
    expect(await audgate(['registry', 'check', world.registry])).toEqual({
      code: 0,
      stdout: '0 errors, 0 warnings\n',
      stderr: '',
    });
  });

  test('ends with 1 and says every problem with its place and remedy', async () => {
    const file = await bad();
    const { code, stdout } = await audgate(['registry', 'check', file]);
    expect(code).toBe(1);
    expect(stdout).toContain(`${file}:4:15: error: /servers/files/resource `);
    expect(stdout).toContain(`${file}:5:5: error: /servers/files/tols `);
    expect(stdout).toMatch(/\n\d+ errors, 0 warnings\n$/);
  });

  test('prints problems as JSON', async () => {
    const file = await bad();
    const { code, stdout } = await inProcess(['registry', 'check', file, '--json']);
    expect(code).toBe(1);
    const { problems } = JSON.parse(stdout);
    expect(problems).toContainEqual({
      severity: 'error',
      file,
      line: 4,
      column: 15,
      path: '/servers/files/resource',
      value: 'https://files.example.com/mcp#top',
      message: expect.any(String),
      remedy: expect.any(String),
    });
  });

  test('ends with 0 for warnings alone', async () => {
    const { code, stdout } = await inProcess(['registry', 'check', await warned()]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/: warning: /);
    expect(stdout).toMatch(/0 errors, 1 warning\n$/);
  });
});

describe('registry show', () => {
  test('prints what is in force, defaults written out', async () => {
    const { code, stdout } = await audgate(['registry', 'show', world.registry, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      issuers: { corp: { issuer: 'https://login.example.com', clock_tolerance_seconds: 5 } },
      servers: { files: { key: 'files', sender_constraint: 'none', unlisted_tools: 'deny' } },
    });
  });

  test('prints no key', async () => {
    const { stdout } = await inProcess(['registry', 'show', world.registry, '--json']);
    expect(stdout).not.toContain(String(world.key.jwk.x));
    expect(stdout).toContain('corp-1');
  });

  test('prints one row a record for people', async () => {
    const { stdout } = await inProcess(['registry', 'show', world.registry]);
    expect(stdout.split('\n').map((line) => line.split('\t')[0])).toEqual(
      expect.arrayContaining(['ISSUER', 'corp', 'SERVER', 'files', 'billing']),
    );
  });

  test('says which tokens an issuer’s profile takes, none without typ among them, and what may stand beside', async () => {
    const issuer = (key: string, more: string) =>
      `  ${key}: { issuer: 'https://${key}.example.com', jwks_uri: 'https://${key}.example.com/keys', algorithms: [RS256], ${more} }\n`;
    const issuers = [issuer('okta', 'profile: okta'), issuer('kc', 'profile: keycloak, extra_audiences: [account]')];
    const server =
      'servers: { files: { resource: https://files.example.com/mcp, issuers: [okta], max_lifetime_seconds: 900 } }\n';
    const file = await world.write('profiles.yaml', `issuers:\n${issuers.join('')}${server}`);
    const { stdout } = await inProcess(['registry', 'show', file]);
    const rows = stdout.split('\n').map((line) => line.split('\t'));
    expect(rows[0]?.slice(3, 6)).toEqual(['PROFILE', 'TOKEN TYPES', 'EXTRA AUDIENCES']);
    expect(rows.find(([key]) => key === 'okta')?.slice(3, 6)).toEqual(['okta', 'untyped', '-']);
    expect(rows.find(([key]) => key === 'kc')?.slice(3, 6)).toEqual(['keycloak', 'jwt at+jwt', 'account']);
  });

  test('of a bad registry prints problems on standard error, and nothing else', async () => {
    const { code, stdout, stderr } = await inProcess(['registry', 'show', await bad(), '--json']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('bad.yaml:4:15: error:');
  });
});
