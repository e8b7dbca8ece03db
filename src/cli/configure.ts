/** The configuration of `audgate serve`: file and flags, and what is wrong with them by line and column. */
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { introspectionFiles } from '../config/introspection.ts';
import { misuseFiles } from '../config/misuse.ts';
import {
  type ConfigProblem,
  checkListen,
  defaultConfig,
  type Flags,
  mergeFlags,
  readConfig,
  type ServableConfig,
} from '../config.ts';
import { type TlsMaterial, tlsDefects } from '../http/tls.ts';
import { MAX_PROBLEMS } from '../json/locate.ts';
import { EXIT, type Exit, type Host } from './host.ts';
import { allThere, missing } from './paths.ts';
import type { Reread } from './start.ts';
import { print, shown } from './terminal.ts';

export interface ConfigFlags extends Flags {
  readonly config?: string | undefined;
}

interface Settings {
  readonly config: ServableConfig;
  /** Null: no TLS. */
  readonly tls: TlsMaterial | null;
}

export type Configured =
  | ({ readonly ok: true } & Settings)
  /** Why stands on standard error. */
  | { readonly ok: false; readonly exit: Exit };

export async function configure(flags: ConfigFlags, host: Host): Promise<Configured> {
  const read = await readSettings(flags);
  if (!read.ok) {
    print(host.stderr, ...read.lines);
    return read;
  }
  const { registry, bundle, revocation, introspection, misuse } = read.config;
  const wanted = [
    ...(registry === undefined ? [] : [{ path: registry, as: 'the registry' }]),
    ...(bundle?.path === undefined ? [] : [{ path: bundle.path, as: 'the bundle' }]),
    ...(bundle?.signing === undefined ? [] : [{ path: bundle.signing.public_key, as: 'bundle.signing.public_key' }]),
    ...(revocation?.file === undefined
      ? []
      : [{ path: revocation.file, as: 'revocation.file', kind: 'file' as const }]),
    ...[...introspectionFiles(introspection), ...misuseFiles(misuse)].map((named) => ({
      ...named,
      kind: 'file' as const,
    })),
  ];
  return (await allThere(host, wanted)) ? read : { ok: false, exit: EXIT.usage };
}

/**
 * The same flags and the same file again, for a reload. Callers, the contents of TLS files and the pinned bundle can change;
 * of all else only the names of what differs are told.
 * @param started what was read at the start, which is in force but for callers and certificates
 */
export async function reconfigure(flags: ConfigFlags, started: Settings): Promise<Reread> {
  const read = await readSettings(flags, started.config);
  if (!read.ok) {
    const problems = read.lines.map(
      (line) => ({ severity: 'error', message: line.replace(/^audgate: /, '') }) as const,
    );
    return { ok: false, problems };
  }
  const names = changed(started.config, read.config);
  const message = `${names.join(', ')} changed in the configuration, which needs a restart; until then the former is in force`;
  return {
    ok: true,
    callers: read.config.callers,
    tls: read.tls,
    revision: read.config.bundle?.remote?.revision,
    warnings: names.length === 0 ? [] : [{ severity: 'warning', message }],
  };
}

type Reading =
  | ({ readonly ok: true } & Settings)
  | { readonly ok: false; readonly exit: Exit; readonly lines: readonly string[] };

/** @param inForce where callers will be served; by default where this configuration says */
async function readSettings(flags: ConfigFlags, inForce?: ServableConfig): Promise<Reading> {
  const wrong = (exit: Exit, lines: readonly string[]): Reading => ({ ok: false, exit, lines });
  let base = defaultConfig();
  if (flags.config !== undefined) {
    const file = flags.config;
    const absent = await missing([{ path: file, as: '--config', kind: 'file' }]);
    if (absent.length > 0) return wrong(EXIT.usage, absent.map(ours));
    const text = await readFile(file, 'utf8');
    const read = readConfig(text, file);
    if (!read.ok) {
      const cut = read.problems.length >= MAX_PROBLEMS ? [ours(`these are the first ${MAX_PROBLEMS}; ${THEN}`)] : [];
      return wrong(EXIT.refused, [...located(read.problems, text, file), ...cut]);
    }
    base = read.config;
  }
  const merged = mergeFlags(base, flags);
  if (!merged.ok) return wrong(EXIT.usage, merged.problems.map(said));
  const { config } = merged;
  const open = checkListen({ ...(inForce ?? config), callers: config.callers });
  if (open !== null) return wrong(EXIT.usage, [said(open)]);
  if (config.tls === undefined) return { ok: true, config, tls: null };

  const paths = Object.entries(config.tls).map(([name, path]) => ({ name, path }));
  const absent = await missing(paths.map(({ name, path }) => ({ path, as: `tls.${name}`, kind: 'file' })));
  if (absent.length > 0) return wrong(EXIT.usage, absent.map(ours));
  const { certificate, key, client_ca } = config.tls;
  const tls: TlsMaterial = {
    certificate: await readFile(certificate, 'utf8'),
    key: await readFile(key, 'utf8'),
    ...(client_ca !== undefined && { client_ca: await readFile(client_ca, 'utf8') }),
  };
  const defects = tlsDefects(tls).map(({ file, message }) => `tls.${file} ${shown(config.tls?.[file])} ${message}`);
  return defects.length > 0 ? wrong(EXIT.refused, defects.map(ours)) : { ok: true, config, tls };
}

/** Settings that only a start puts in force. */
const FIXED = [
  'listen',
  'registry',
  'bundle',
  'watch',
  'allow_modified_core',
  'limits',
  'keys',
  'introspection',
  'revocation',
  'proofs',
  'record',
  'grpc',
  'public_url',
] as const;

function changed(before: ServableConfig, after: ServableConfig): readonly string[] {
  // Which bundle is wanted may change; where it comes from not.
  const [then, now] = [unpinned(before), unpinned(after)];
  const names: string[] = FIXED.filter((name) => !isDeepStrictEqual(then[name], now[name]));
  const [had, has] = [before.tls, after.tls];
  if ((had === undefined) !== (has === undefined)) names.push('tls');
  // Whether certificates are asked for is fixed; what they are verified with is not.
  else if ((had?.client_ca === undefined) !== (has?.client_ca === undefined)) names.push('tls.client_ca');
  return names;
}

function unpinned(config: ServableConfig): ServableConfig {
  const { bundle } = config;
  if (bundle?.remote === undefined) return config;
  const { revision, ...remote } = bundle.remote;
  return { ...config, bundle: { ...bundle, remote } };
}

const THEN = 'mend them, and see the rest then, if there are more';
const ours = (message: string) => `audgate: ${message}`;
const said = ({ message }: ConfigProblem) => ours(message);

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
