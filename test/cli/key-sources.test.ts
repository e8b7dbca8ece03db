/** Where keys come from, as commands tell it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratch } from '../e2e/start.ts';
import { inProcess } from './in-process.ts';

const REGISTRY = {
  issuers: {
    found: { issuer: 'https://found.example.com', discovery: true, algorithms: ['ES256'] },
    opaque: {
      issuer: 'https://login.example.com',
      introspection: { endpoint: 'https://login.example.com/introspect' },
      algorithms: ['ES256'],
    },
  },
  servers: { files: { resource: 'https://files.example.com/mcp', issuers: ['opaque'], max_lifetime_seconds: 900 } },
};

async function registry(): Promise<string> {
  const file = join(await scratch(), 'registry.json');
  await writeFile(file, JSON.stringify(REGISTRY));
  return file;
}

test('registry check and show know discovery and introspection', async () => {
  const file = await registry();
  expect(await inProcess(['registry', 'check', file])).toMatchObject({ code: 0 });
  const { stdout } = await inProcess(['registry', 'show', file]);
  expect(stdout).toMatch(/found\t.*\tby discovery\t/);
  expect(stdout).toMatch(/opaque\t.*\tintrospection at https:\/\/login\.example\.com\/introspect\t/);
});

test('a decision about an opaque token without configuration is none: nobody is asked', async () => {
  const asked = ['decide', '--registry', await registry(), '--server', 'https://files.example.com/mcp'];
  const { code, stdout } = await inProcess([...asked, '--method', 'ping'], { stdin: 'opaque-1\n' });
  expect(code).toBe(3);
  expect(stdout).toContain('introspection_unavailable');
  expect(stdout).toContain('introspection.credentials.files');
});

test('a service is not started with a secret that is not there', async () => {
  const folder = await scratch();
  const config = join(folder, 'config.json');
  const files = { client_id: 'files', method: 'client_secret_basic', secret_file: 'secrets/files' };
  const introspection = { credentials: { files } };
  await writeFile(config, JSON.stringify({ registry: await registry(), listen: '127.0.0.1:0', introspection }));
  const { code, stderr } = await inProcess(['serve', '--config', config]);
  expect(code).toBe(2);
  expect(stderr).toContain('introspection.credentials.files.secret_file');
});
