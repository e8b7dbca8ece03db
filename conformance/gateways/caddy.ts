/** Caddy (examples/caddy). */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from './find.ts';
import type { StartGateway } from './gateway.ts';
import { launch } from './process.ts';
import { replaceEach } from './replace.ts';

export const start: StartGateway = async ({ folder, port, audgate, servers }) => {
  const caddy = await findProgram('caddy');
  const text = await readFile(new URL('../../examples/caddy/Caddyfile', import.meta.url), 'utf8');
  const behind = (key: string) => servers.find((server) => server.key === key)?.upstream;
  const places = { '127.0.0.1:9001': behind('files'), '127.0.0.1:9002': behind('billing') };
  const replacements: Record<string, string> = {
    'http://:8080': `http://:${port}`,
    '127.0.0.1:8181': audgate.address,
    'replace-with-the-key-of-this-gateway': audgate.key,
  };
  for (const [from, to] of Object.entries(places)) if (to !== undefined) replacements[from] = to;
  const file = join(folder, 'Caddyfile');
  await writeFile(file, replaceEach(text, replacements));
  // What it keeps goes into this test's folder.
  const env = { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const args = ['run', '--config', file, '--adapter', 'caddyfile'];
  return launch({ program: caddy, args, folder, port, env });
};
