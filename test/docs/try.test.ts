/** docs/try.md as its reader types it: the demonstration's issuer, a registry, the examples' key, a token, two servers. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../conformance/gateways/free-port.ts';
import { PROJECT } from '../e2e/start.ts';
import { blocksOf } from '../readme/blocks.ts';
import { newcomersEnvironment } from '../readme/clone.ts';
import { paste } from '../readme/shell.ts';

const PAGE = await readFile(join(PROJECT, 'docs/try.md'), 'utf8');
const COMMANDS = blocksOf(PAGE).map(({ text }) => text);

test('its commands bring about a token, and an audgate that lets it through', { timeout: 180_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'audgate-try-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  // Elsewhere than on the page, because other tests use the very ports and this checkout.
  const ports = new Map<string, number>();
  for (const port of ['8181', '8182', '9001', '9002']) ports.set(port, await freePort());
  const here = (text: string) =>
    text
      .replaceAll(/\btry\b(?=\/| *$)/gm, () => folder)
      .replaceAll(/\b(?:8181|8182|9001|9002)\b/g, (port) => String(ports.get(port)));
  const type = (text: string) => paste(text, PROJECT, newcomersEnvironment());
  const [demo, audgate, servers, ask, ...more] = COMMANDS.map(here);
  expect(more).toEqual([]);

  const [, issuer = ''] = await type(demo ?? '').until(/^ {2}issuer +(\S+)$/m);
  const noted = (text = '') => text.replace(/^ISSUER=\S+/m, () => `ISSUER=${issuer}`);
  await type(noted(audgate)).until(/^\{"event":"listening"/m);
  const { code, stdout, stderr } = await type(noted(ask)).ended;
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ decision: 'allow', server: 'files', principal: { client_id: 'agent' } });

  type(servers ?? '');
  const reach = () => fetch(`http://127.0.0.1:${ports.get('9002')}/`).then((answer) => answer.json());
  await expect.poll(() => reach().catch(() => null)).toMatchObject({ headers: {} });
});
