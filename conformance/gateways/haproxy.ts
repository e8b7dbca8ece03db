/** HAProxy with Lua (examples/haproxy). */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from './find.ts';
import type { GatewayParts, RunningGateway, StartGateway } from './gateway.ts';
import { launch } from './process.ts';
import { replaceEach } from './replace.ts';

export const start: StartGateway = (parts) => startHaproxy(parts);

/** @param change of haproxy.cfg's text, addresses replaced: what a test wants to be otherwise than in the example */
export async function startHaproxy(
  { folder, port, audgate, servers }: GatewayParts,
  change: (configuration: string) => string = (text) => text,
): Promise<RunningGateway> {
  const haproxy = await findProgram('haproxy');
  const from = new URL('../../examples/haproxy/', import.meta.url);
  const script = join(folder, 'audgate.lua');
  await copyFile(new URL('audgate.lua', from), script);
  const behind = (key: string) => servers.find((server) => server.key === key)?.upstream;
  const replacements: Record<string, string> = {
    'bind 127.0.0.1:8080': `bind 127.0.0.1:${port}`,
    'server audgate 127.0.0.1:8181': `server audgate ${audgate.address}`,
    '/etc/haproxy/audgate.lua': script,
    '/run/haproxy/audgate.sock': join(folder, 'audgate.sock'),
  };
  for (const [key, place] of [
    ['files', 'server files 127.0.0.1:9001'],
    ['billing', 'server billing 127.0.0.1:9002'],
  ] as const) {
    const upstream = behind(key);
    if (upstream !== undefined) replacements[place] = `server ${key} ${upstream}`;
  }
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, change(replaceEach(await readFile(new URL('haproxy.cfg', from), 'utf8'), replacements)));
  const env = { AUDGATE_KEY: audgate.key };
  // In the foreground, and quiet about what it uses.
  return launch({ program: haproxy, args: ['-db', '-f', file], folder, port, env });
}
