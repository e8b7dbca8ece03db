/** The configuration of `audgate serve`: file and flags, and what is wrong with them by line and column. */
import { readFile } from 'node:fs/promises';
import { isNode, LineCounter, parseDocument } from 'yaml';
import {
  type ConfigProblem,
  checkListen,
  defaultConfig,
  type Flags,
  mergeFlags,
  readConfig,
  type ServableConfig,
} from '../config.ts';
import { EXIT, type Exit, type Host } from './host.ts';
import { allThere } from './paths.ts';
import { print, shown } from './terminal.ts';

export interface ConfigFlags extends Flags {
  readonly config?: string | undefined;
}

export type Configured =
  | { readonly ok: true; readonly config: ServableConfig }
  /** Why stands on standard error. */
  | { readonly ok: false; readonly exit: Exit };

export async function configure(flags: ConfigFlags, host: Host): Promise<Configured> {
  const complain = (exit: Exit, lines: readonly string[]): Configured => {
    print(host.stderr, ...lines);
    return { ok: false, exit };
  };
  let base = defaultConfig();
  if (flags.config !== undefined) {
    const file = flags.config;
    if (!(await allThere(host, [{ path: file, as: '--config', kind: 'file' }]))) return complain(EXIT.usage, []);
    const text = await readFile(file, 'utf8');
    const read = readConfig(text, file);
    if (!read.ok) return complain(EXIT.refused, located(read.problems, text, file));
    base = read.config;
  }
  const merged = mergeFlags(base, flags);
  if (!merged.ok) return complain(EXIT.usage, merged.problems.map(said));
  const open = checkListen(merged.config);
  if (open !== null) return complain(EXIT.usage, [said(open)]);
  const { registry, bundle } = merged.config;
  const wanted = [
    { path: registry, as: 'the registry' },
    ...(bundle === undefined ? [] : [{ path: bundle, as: 'the bundle', kind: 'file' as const }]),
  ];
  return (await allThere(host, wanted)) ? merged : complain(EXIT.usage, []);
}

const said = ({ message }: ConfigProblem) => `audgate: ${message}`;

/** `file:line:column` of each problem: of its value, or of the nearest enclosing one. */
function located(problems: readonly ConfigProblem[], text: string, file: string): readonly string[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { version: '1.2', schema: 'core', lineCounter: lines, prettyErrors: true });
  const broken = [...document.errors, ...document.warnings];
  return problems.map(({ pointer, message }, index) => {
    const path = pointer
      .split('/')
      .slice(1)
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    let offset = broken[index]?.pos[0];
    while (offset === undefined) {
      const node = path.length === 0 ? document.contents : document.getIn(path, true);
      if (isNode(node) && node.range) [offset] = node.range;
      else if (path.pop() === undefined) offset = 0;
    }
    const { line, col } = lines.linePos(offset);
    return `${shown(file)}:${line}:${col}: error: ${shown(pointer)} ${shown(message)}`;
  });
}
