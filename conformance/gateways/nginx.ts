/** nginx with auth_request, which sends no body (examples/nginx). */
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findNginxModule, findProgram, type NginxModule } from './find.ts';
import type { GatewayParts, RunningGateway, StartGateway } from './gateway.ts';
import { launch } from './process.ts';
import { replaceEach } from './replace.ts';

export const start: StartGateway = (parts) => startNginx('nginx', ['ngx_http_headers_more_filter_module.so'], parts);

/**
 * @param example the folder below `examples/`; all its files are put beside each other
 * @param modules that it loads
 * @param change of nginx.conf's text, addresses replaced: what a test wants to be otherwise than in the example
 */
export async function startNginx(
  example: 'nginx' | 'nginx-njs',
  modules: readonly NginxModule[],
  { folder, port, audgate, servers }: GatewayParts,
  change: (configuration: string) => string = (text) => text,
): Promise<RunningGateway> {
  const nginx = await findProgram('nginx');
  const from = new URL(`../../examples/${example}/`, import.meta.url);
  for (const name of await readdir(from)) await copyFile(new URL(name, from), join(folder, name));

  const edit = async (name: string, replacements: Readonly<Record<string, string>>) => {
    const text = await readFile(join(folder, name), 'utf8');
    await writeFile(join(folder, name), replaceEach(text, replacements));
  };
  const behind = (key: string) => servers.find((server) => server.key === key)?.upstream;
  const replacements: Record<string, string> = {
    'listen 127.0.0.1:8080': `listen 127.0.0.1:${port}`,
    'server 127.0.0.1:8181': `server ${audgate.address}`,
    '/var/log/nginx/access.log': join(folder, 'access.log'),
    'http {': `http {\n  ${await temporary(folder)}`,
  };
  for (const name of modules) replacements[`/usr/lib/nginx/modules/${name}`] = await findNginxModule(name);
  const places = { 'server 127.0.0.1:9001': behind('files'), 'server 127.0.0.1:9002': behind('billing') };
  for (const [place, upstream] of Object.entries(places)) {
    if (upstream !== undefined) replacements[place] = `server ${upstream}`;
  }
  await edit('nginx.conf', replacements);
  const configuration = join(folder, 'nginx.conf');
  await writeFile(configuration, change(await readFile(configuration, 'utf8')));
  await edit('audgate-key.conf', { 'replace-with-the-key-of-this-gateway': audgate.key });

  // As root it would give its workers to a user who cannot enter this folder.
  const user = process.getuid?.() === 0 ? ' user root;' : '';
  const settings = `daemon off; pid ${join(folder, 'nginx.pid')};${user}`;
  const args = ['-p', folder, '-c', configuration, '-e', 'stderr', '-g', settings];
  return launch({ program: nginx, args, folder, port });
}

/** The compiled-in folders for bodies and answers belong to the distribution's service. */
async function temporary(folder: string): Promise<string> {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const places = kinds.map((kind) => `${kind}_temp_path ${join(folder, 'temporary', kind)};`);
  await mkdir(join(folder, 'temporary'), { recursive: true });
  return places.join(' ');
}
