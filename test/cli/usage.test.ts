import { describe, expect, test } from 'vitest';
import { audgate } from './audgate.ts';
import { inProcess } from './in-process.ts';

const COMMANDS = [
  ['serve', []],
  ['demo', []],
  ['decide', ['--registry', 'r', '--server', 's']],
  ['explain', ['--registry', 'r', '--server', 's']],
  ['probe', ['--registry', 'r']],
  ['registry check', ['r']],
  ['registry show', ['r']],
  ['policy check', ['d']],
  ['policy test', ['d']],
  ['policy build', ['d', '-o', 'f']],
] as const;

describe.each(COMMANDS)('%s', (name, needed) => {
  const command = name.split(' ');

  test('explains itself with examples', async () => {
    const { code, stdout, stderr } = await inProcess([...command, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Usage: audgate ${name}`);
    expect(stdout).toContain(`Examples:\n  audgate ${name}`);
  });

  test('refuses an unknown flag as wrong usage', async () => {
    const { code, stdout, stderr } = await inProcess([...command, ...needed, '--no-such-flag']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('--no-such-flag');
  });
});

test.each([
  ['nothing', []],
  ['an unknown command', ['judge']],
  ['a group without its command', ['policy']],
  ['an unknown command of a group', ['registry', 'chekc']],
  ['one argument too many', ['registry', 'check', 'a', 'b']],
  ['a missing argument', ['policy', 'check']],
  ['a missing mandatory option', ['policy', 'build', 'test']],
  ['an option without its value', ['serve', '--listen']],
  ['an option given twice', ['serve', '--registry', 'a', '--registry', 'b']],
  ['a registry that is not there', ['registry', 'check', 'no/such/place']],
  ['a registry to show that is not there', ['registry', 'show', 'no/such/place']],
  ['a folder of rules that is not there', ['policy', 'check', 'no/such/place']],
  ['a file for a folder of rules', ['policy', 'test', 'package.json']],
  ['no registry to serve', ['serve']],
  ['no registry to decide by', ['decide', '--server', 's', '--tool', 't']],
  ['a registry to serve that is not there', ['serve', '--registry', 'no/such/place']],
  ['a configuration that is not there', ['serve', '--config', 'no/such/place']],
  ['a bundle that is not there', ['serve', '--registry', 'package.json', '--bundle', 'no/such/place']],
  ['a place to listen that is none', ['serve', '--registry', 'package.json', '--listen', 'somewhere']],
  ['a place beyond loopback without callers', ['serve', '--registry', 'package.json', '--listen', '0.0.0.0:0']],
  ['a demonstration beyond loopback', ['demo', '--once', '--listen', '0.0.0.0:0']],
])('%s is wrong usage', async (_what, args) => {
  const { code, stdout, stderr } = await inProcess(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).not.toBe('');
  expect(stderr).not.toContain('    at ');
});

test.each([
  ['tools/call', [], ['give --tool NAME: tools/call takes it']],
  ['prompts/get', [], ['give --prompt NAME: prompts/get takes it']],
  ['resources/subscribe', [], ['give --uri URI: resources/subscribe takes it']],
  [
    'tools/call',
    ['--prompt', 'x'],
    [
      '--prompt does not belong to this method: it takes its target in tool alone',
      'give --tool NAME: tools/call takes it',
    ],
  ],
  ['tools/list', ['--tool', 'x'], ['--tool does not belong to this method: it takes no target']],
  ['ping', ['--at', '9999-12-31T23:59:59-01:00'], ['--at must be in the years 0000 to 9999 in UTC']],
])('--method %s %j says which option to give or to leave out', async (method, more, lines) => {
  const args = ['decide', '--registry', 'package.json', '--server', 's', '--method', method, ...more];
  const { code, stdout, stderr } = await inProcess(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toBe(lines.map((line) => `audgate: ${line}\n`).join(''));
});

test('the process ends with the code of the command, and with nothing on standard output', async () => {
  const [usage, help] = await Promise.all([audgate(['judge']), audgate(['--help'])]);
  expect(usage).toMatchObject({ code: 2, stdout: '' });
  expect(help).toMatchObject({ code: 0, stderr: '' });
});

test('the version is the package’s', async () => {
  const { code, stdout } = await audgate(['--version']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
