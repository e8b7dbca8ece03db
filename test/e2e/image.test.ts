/** The Dockerfile, carried out step by step in scratch folders: no engine is at hand, but every step is a real one. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile as readText, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { defaultConfig } from '../../src/config.ts';
import { buildImage, copiedFromContext, list, parseDockerfile, whyAbsent } from './image.ts';
import { BILLING, FILES, readFile, registryOf, startIssuer } from './issue.ts';
import { PROJECT, run, start } from './start.ts';

const instructions = parseDockerfile(await readText(join(PROJECT, 'Dockerfile'), 'utf8'));
const manifest = JSON.parse(await readText(join(PROJECT, 'package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

test('each path that it copies is in a clone, and not left out by .dockerignore', async () => {
  const paths = copiedFromContext(instructions);
  expect(paths).toContain('src');
  const absent = await Promise.all(paths.map(async (path) => [path, await whyAbsent(path)]));
  expect(absent.filter(([, why]) => why !== null)).toEqual([]);
});

test('every stage uses the Node that is pinned for development', () => {
  const [major] = (manifest.devDependencies.node ?? '').split('.');
  const bases = instructions.filter(({ name }) => name === 'FROM').map(({ text }) => text.split(' ')[0]);
  expect(new Set(bases)).toEqual(new Set([`node:${major}-slim`]));
});

test('it builds, starts where nothing may be written, says that it is healthy, decides, and ends', {
  timeout: 240_000,
}, async () => {
  const image = await buildImage(instructions);
  const { settings } = image;
  expect((await list(image, '.')).sort()).toEqual(['LICENSE', 'dist', 'node_modules', 'package.json', 'policies']);
  const isInstalled = (name: string) => existsSync(join(image.root, image.workdir, 'node_modules', name));
  expect(Object.keys(manifest.dependencies).filter((name) => !isInstalled(name))).toEqual([]);
  // protobufjs, which gRPC needs, depends on these types itself.
  expect(Object.keys(manifest.devDependencies).filter(isInstalled)).toEqual(['@types/node']);
  expect(settings.get('USER')).toBe('node');

  const { listen } = defaultConfig();
  const port = listen.kind === 'tcp' ? String(listen.port) : '';
  expect(settings.get('EXPOSE')).toBe(port);
  expect(JSON.parse(settings.get('ENTRYPOINT') ?? '')).toEqual(['node', 'dist/main.js']);
  expect(JSON.parse(settings.get('CMD') ?? '')).toEqual(['serve', '--config', '/etc/audgate/config.yaml']);

  const issuer = await startIssuer();
  const key = 'gateway-key';
  const key_sha256 = [createHash('sha256').update(key).digest('hex')];
  const audgate = await start({
    registry: registryOf(issuer, { files: FILES, billing: BILLING }),
    config: { listen: '0.0.0.0:0', callers: { gateway: { key_sha256, servers: '*', may: ['decide'] } } },
    program: {
      folder: join(image.root, image.workdir),
      // Nothing may be written, no process started: what a read-only file system allows, and less.
      args: ['--permission', '--allow-fs-read=*', '--allow-net', 'dist/main.js'],
    },
  });
  const headers = { 'x-audgate-key': key };
  expect((await audgate.decide(readFile(FILES, await issuer.token(FILES)), headers)).decision).toBe('allow');
  expect((await audgate.decide(readFile(FILES, await issuer.token(BILLING)), headers)).reasons[0]?.code).toBe(
    'audience_mismatch',
  );

  const [, check = ''] = /^(?:--\S+ )*CMD (\[.*\])$/.exec(settings.get('HEALTHCHECK') ?? '') ?? [];
  expect(check).toContain(`:${port}/`);
  const [node, ...args] = JSON.parse(check.replace(`:${port}/`, `:${audgate.port}/`)) as readonly string[];
  expect(node).toBe('node');
  const probe = async () => (await run(args, await realpath(image.root))).code;
  expect(await probe()).toBe(0);
  expect((await audgate.stop()).code).toBe(0);
  expect(await probe()).toBe(1);
});
