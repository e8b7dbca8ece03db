/**
 * Carries out a Dockerfile without an engine: each stage is a folder, and RUN steps run in it with the pinned Node. It
 * knows exactly the instructions that this project's file uses, and throws at any other.
 */
import { execFile, execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, realpath, stat, symlink } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { newcomersEnvironment } from '../readme/clone.ts';
import { NODE, PROJECT, scratch } from './start.ts';

export interface Instruction {
  readonly name: string;
  readonly text: string;
}

export interface Image {
  /** Stands for `/` in the last stage. */
  readonly root: string;
  readonly workdir: string;
  /** Of the last stage, by name; the last of each. */
  readonly settings: ReadonlyMap<string, string>;
}

/** Without comments, with continued lines joined. */
export function parseDockerfile(text: string): readonly Instruction[] {
  const plain = text.replace(/^#.*\n/gm, '').replace(/\\\n/g, '');
  return plain
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name, rest] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
      if (name === undefined || rest === undefined) throw new Error(`no instruction: ${line}`);
      return { name, text: rest.trim().replace(/\s+/g, ' ') };
    });
}

/** What COPY takes from the build context, as written. */
export function copiedFromContext(instructions: readonly Instruction[]): readonly string[] {
  return instructions
    .filter(({ name, text }) => name === 'COPY' && !text.startsWith('--from='))
    .flatMap(({ text }) => text.split(' ').slice(0, -1));
}

/** Why a path is not in the build context, or null. A path that git does not know is in nobody's clone. */
export async function whyAbsent(path: string): Promise<string | null> {
  const patterns = (await readFile(join(PROJECT, '.dockerignore'), 'utf8')).split('\n').filter((line) => line !== '');
  const odd = patterns.find((pattern) => !/^[\w.-]+$/.test(pattern));
  if (odd !== undefined) throw new Error(`.dockerignore: this test does not know patterns like ${odd}`);
  const [top = ''] = path.split('/');
  if (patterns.includes(top)) return `.dockerignore leaves ${top} out`;
  const tracked = execFileSync('git', ['-C', PROJECT, 'ls-files', '--', path], { encoding: 'utf8' });
  return tracked === '' ? 'git does not know it' : null;
}

/** Builds all stages. @throws when a step fails, with what it said */
export async function buildImage(instructions: readonly Instruction[]): Promise<Image> {
  const stages = new Map<string, Image & { workdir: string; settings: Map<string, string> }>();
  let stage: { root: string; workdir: string; settings: Map<string, string> } | undefined;
  const env = await buildEnvironment();
  for (const { name, text } of instructions) {
    if (name === 'FROM') {
      stage = { root: await scratch(), workdir: '/', settings: new Map([['FROM', text.split(' ')[0] ?? '']]) };
      stages.set(/ AS (\w+)$/.exec(text)?.[1] ?? 'last', stage);
      continue;
    }
    if (stage === undefined) throw new Error(`${name} stands before FROM`);
    const { root } = stage;
    switch (name) {
      case 'WORKDIR':
        stage.workdir = text;
        await mkdir(join(root, text), { recursive: true });
        break;
      case 'COPY': {
        const [, from, paths = ''] = /^(?:--from=(\w+) )?(.*)$/.exec(text) ?? [];
        const source = from === undefined ? PROJECT : stages.get(from)?.root;
        if (source === undefined) throw new Error(`COPY ${text}: there is no stage ${from}`);
        await copy(source, paths.split(' '), join(root, stage.workdir));
        break;
      }
      case 'RUN':
        await promisify(execFile)('sh', ['-c', text], { cwd: join(root, stage.workdir), env });
        break;
      case 'ENV':
      case 'USER':
      case 'EXPOSE':
      case 'HEALTHCHECK':
      case 'ENTRYPOINT':
      case 'CMD':
        stage.settings.set(name, text);
        break;
      default:
        throw new Error(`this test does not know ${name}`);
    }
  }
  if (stage === undefined) throw new Error('there is no stage');
  return stage;
}

/** As Docker copies: a folder's content, a file by name, several only into a folder. */
async function copy(source: string, paths: readonly string[], workdir: string): Promise<void> {
  const target = paths.at(-1) ?? '';
  if (paths.length > 2 && !target.endsWith('/')) throw new Error(`COPY of several needs a folder: ${paths.join(' ')}`);
  for (const path of paths.slice(0, -1)) {
    const from = join(source, path);
    const into = target.endsWith('/') && (await stat(from)).isFile() ? join(target, basename(path)) : target;
    await cp(from, join(workdir, into), { recursive: true, verbatimSymlinks: true });
  }
}

/** A shell whose `node` is the pinned one, as in the base image; npm is the machine's. */
async function buildEnvironment(): Promise<NodeJS.ProcessEnv> {
  const bin = await scratch();
  await symlink(await realpath(NODE), join(bin, 'node'));
  const env = newcomersEnvironment();
  return { ...env, PATH: [bin, env.PATH].join(delimiter) };
}

/** Names in a folder of the image. */
export const list = (image: Image, folder: string) => readdir(join(image.root, image.workdir, folder));
