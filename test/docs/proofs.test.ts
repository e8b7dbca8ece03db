/** What docs/proofs.md shows is read as what it says it is: a configuration, a question, a command, the reasons. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { isFixedCode } from '../../src/decision/reasons.ts';
import { createNonces } from '../../src/facts/proof/nonces.ts';
import { decideRequest } from '../../src/http/native/schema.ts';
import { PROJECT, scratch } from '../e2e/start.ts';
import { blocksOf } from '../readme/blocks.ts';

const PAGE = await readFile(join(PROJECT, 'docs/proofs.md'), 'utf8');
const blocks = (language: string) => blocksOf(PAGE).filter((block) => block.language === language);

test('each configuration is one', () => {
  const shown = blocks('yaml');
  expect(shown.length).toBeGreaterThan(0);
  for (const { text } of shown) expect(readConfig(text, '/etc/audgate/config.yaml'), text).toMatchObject({ ok: true });
});

test('each question is one', () => {
  const shown = blocks('json');
  expect(shown.length).toBeGreaterThan(0);
  for (const { text } of shown)
    expect(decideRequest.safeParse(JSON.parse(text)), text).toMatchObject({ success: true });
});

test('the command makes a secret for nonces', async () => {
  const [made, ...others] = blocks('sh');
  expect(others).toEqual([]);
  const folder = await scratch();
  await promisify(execFile)('sh', ['-c', made?.text ?? 'false'], { cwd: folder });
  const secret = await readFile(join(folder, 'nonce.secret'));
  expect(() => createNonces({ secrets: [secret], max_age_seconds: 300 })).not.toThrow();
});

test('each reason that it names is one', () => {
  const named = [...PAGE.matchAll(/`((?:proof|certificate|token|binding|replay)_[a-z_]+)`/g)].map(
    ([, code = '']) => code,
  );
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((code) => !isFixedCode(code))).toEqual([]);
});
