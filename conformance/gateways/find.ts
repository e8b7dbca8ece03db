/** Where the real gateways are. One that is missing is an error, never a test that is passed over. */
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** What `npm run gateways:install` puts into the cache, exactly these; nginx and HAProxy are the distribution's. */
export const PINNED = { envoy: '1.40.0', caddy: '2.11.9', valkey: '9.1.2.post2' } as const;

/** Valkey is no gateway: replicas of audgate share in it what must be shared. */
export type Program = 'nginx' | 'haproxy' | 'envoy' | 'caddy' | 'valkey';

/** Debian keeps these out of the PATH of ordinary users. */
const SYSTEM = ['/usr/sbin', '/usr/local/sbin', '/sbin'];

/** The folder of what was installed for the tests, outside the tree (XDG Base Directory). @throws without a home */
export function gatewayCache(env: NodeJS.ProcessEnv = process.env): string {
  const { XDG_CACHE_HOME, HOME } = env;
  if (XDG_CACHE_HOME?.startsWith('/') === true) return join(XDG_CACHE_HOME, 'audgate', 'gateways');
  if (HOME === undefined || HOME === '')
    throw new Error('Neither XDG_CACHE_HOME nor HOME says where gateways are kept.');
  return join(HOME, '.cache', 'audgate', 'gateways');
}

/** The cached binary of a pinned gateway, whether or not it is there. */
export function cachedAt(program: keyof typeof PINNED, cache = gatewayCache()): string {
  const folder = join(cache, `${program}-${PINNED[program]}`);
  return program === 'caddy'
    ? join(folder, 'caddy')
    : join(folder, 'bin', program === 'envoy' ? 'envoy' : 'valkey-server');
}

/** The pinned binary from the cache, else one on PATH or in the system's folders. @throws when there is none */
export async function findProgram(program: Program, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const folders = [...(env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), ...SYSTEM];
  const pinned = isPinned(program) ? [cachedAt(program, gatewayCache(env))] : [];
  const name = program === 'valkey' ? 'valkey-server' : program;
  const candidates = [...pinned, ...folders.map((folder) => join(folder, name))];
  const found = await firstRunnable(candidates);
  if (found !== null) return found;
  throw new Error(`${program} is neither in the cache nor on PATH. Install it: npm run gateways:install`);
}

const isPinned = (program: Program): program is keyof typeof PINNED => Object.hasOwn(PINNED, program);

/** What the examples load into nginx; Debian packages each apart: file and package. */
export const NGINX_MODULES = {
  'ngx_http_js_module.so': 'libnginx-mod-http-js',
  'ngx_http_headers_more_filter_module.so': 'libnginx-mod-http-headers-more-filter',
} as const;

export type NginxModule = keyof typeof NGINX_MODULES;

/** Where distributions keep them; the examples name the first. */
const MODULES = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/usr/local/lib/nginx/modules'];

/** @throws when there is none */
export async function findNginxModule(name: NginxModule): Promise<string> {
  const candidates = MODULES.map((folder) => join(folder, name));
  const found = await firstThere(candidates, constants.R_OK);
  if (found !== null) return found;
  throw new Error(`${name} is in none of ${MODULES.join(', ')}. Install it: npm run gateways:install`);
}

const firstRunnable = (paths: readonly string[]) => firstThere(paths, constants.X_OK);

async function firstThere(paths: readonly string[], mode: number): Promise<string | null> {
  for (const path of paths) {
    try {
      await access(path, mode);
      return path;
    } catch {
      // The next one, then.
    }
  }
  return null;
}
