import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { audgate, ended, spawnAudgate } from './audgate.ts';

test('the demonstration ends with 0 when every row is what it should be', async () => {
  const { code, stdout } = await audgate(['demo', '--once']);
  expect(code).toBe(0);
  expect(stdout).toContain('audience_mismatch');
  expect(stdout).not.toContain('\u001b');
});

test('stays up for commands to try until it is interrupted, and ends with 0', async () => {
  const child = spawnAudgate(['demo']);
  const end = ended(child);
  const printed = new Promise<void>((done) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += String(chunk);
      if (text.includes('Ctrl-C')) done();
    });
  });
  await printed;
  child.kill('SIGINT');
  expect((await end).code).toBe(0);
});

test('says so when its port is taken', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const place = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const { code, stderr } = await audgate(['demo', '--once', '--listen', place]);
  taken.close();
  expect(code).toBe(1);
  expect(stderr).toContain(`${place} is taken by another process`);
});
