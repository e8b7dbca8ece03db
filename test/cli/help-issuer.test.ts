import { describe, expect, test } from 'vitest';
import { PROFILE_NAMES } from '../../src/registry/profile/profile.ts';
import { PROFILES } from '../../src/registry/profile/profiles.ts';
import { inProcess } from './in-process.ts';

describe('help issuer', () => {
  test('lists the profiles', async () => {
    const { code, stdout, stderr } = await inProcess(['help', 'issuer']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const names = stdout.trimEnd().split('\n').slice(1);
    expect(names.map((line) => line.split('\t')[0])).toEqual(PROFILE_NAMES);
    const json = await inProcess(['help', 'issuer', '--json']);
    expect(JSON.parse(json.stdout).profiles).toHaveLength(PROFILE_NAMES.length);
  });

  test.each(PROFILE_NAMES)('%s: facts, settings, limits and sources', async (name) => {
    const { code, stdout, stderr } = await inProcess(['help', 'issuer', name]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`(profile: ${name})`);
    expect(stdout).not.toMatch(/\{(resource|issuer)\}/);
    for (const source of PROFILES[name].sources) expect(stdout).toContain(source);
    const json = await inProcess(['help', 'issuer', name, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ name, title: PROFILES[name].title });
  });

  test.each([
    [['help', 'issuer', 'keycloack'], 'the nearest is keycloak'],
    [['help', 'issuer', 'zzzzzzzzzzzz'], 'the profiles are rfc9068, entra'],
    [['help', 'issuer', 'toString'], 'there is no profile "toString"'],
    [['help', 'issuer', 'okta', 'auth0'], 'takes one name; it got 2'],
    [['help', 'serve', '--json'], '--json belongs to help issuer'],
  ])('%j is wrong usage', async (argv, says) => {
    const { code, stdout, stderr } = await inProcess(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(says);
  });
});

describe('help', () => {
  test.each([
    [['help'], 'Usage: audgate [options] [command]'],
    [['help', 'serve'], 'Usage: audgate serve'],
    [['help', 'registry'], 'Usage: audgate registry'],
    [['help', 'registry', 'check'], 'Usage: audgate registry check'],
    [['help', '--help'], 'Examples:\n  audgate help serve'],
  ])('%j', async (argv, says) => {
    const { code, stdout, stderr } = await inProcess(argv);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(says);
  });

  test('of an unknown command is wrong usage', async () => {
    const { code, stdout, stderr } = await inProcess(['help', 'judge']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: audgate');
  });
});
