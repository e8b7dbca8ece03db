/** Finds what breaks the architecture (design 2) in the text of source files. */
import { dirname, join, normalize } from 'node:path/posix';

export interface SourceFile {
  /** Below `src/`. */
  readonly path: string;
  readonly text: string;
}

/** From left to right; anything may import what stands to its right, and nobody a neighbour of the same row. */
const ROWS: readonly (readonly string[])[] = [
  ['main', 'index', 'server'],
  ['cli'],
  ['demo'],
  ['testing'],
  ['replay', 'probe'],
  ['sources'],
  ['service'],
  ['http', 'mcp'],
  ['issuance', 'reach', 'misuse'],
  ['decide'],
  ['facts/call', 'facts/token', 'facts/keys', 'facts/proof', 'facts/revocation', 'policy', 'record'],
  ['network'],
  ['registry', 'config'],
  ['client'],
  ['decision'],
  ['json'],
];

/** Libraries that only some parts may know. */
const OWNERS: readonly { readonly library: RegExp; readonly owners: RegExp }[] = [
  { library: /^(hono|@hono\/node-server)(\/|$)/, owners: /^(http|mcp|demo)\// },
  { library: /^@open-policy-agent\/opa-wasm(\/|$)/, owners: /^policy\/engine\.ts$/ },
  {
    library: /^jose(\/|$)/,
    owners: /^((facts\/(token|keys|proof)|probe|demo|testing)\/|policy\/bundle-signature\.ts$)/,
  },
  { library: /^@grpc\/(grpc-js|proto-loader)(\/|$)/, owners: /^http\/gateways\/grpc\// },
  { library: /^iovalkey(\/|$)/, owners: /^sources\/valkey\.ts$/ },
  { library: /^undici(\/|$)/, owners: /^network\/guarded-fetch\.ts$/ },
  { library: /^hono\/jwt$/, owners: /^$/ },
  { library: /^(node:)?process$/, owners: /^main\.ts$/ },
];

/** What must not stand in code, comments and texts aside. */
const HABITS: readonly { readonly found: RegExp; readonly message: string; readonly but?: RegExp }[] = [
  { found: /\bprocess\b(?!['"]?\s*:)/, message: 'reads process, which only main.ts may', but: /^main\.ts$/ },
  { found: /\bMath\.random\b/, message: 'uses Math.random' },
  { found: /\bdecodeJwt\b/, message: 'uses decodeJwt, which verifies nothing' },
  { found: /[:<,|(]\s*any\b(?![(:])|\bas any\b/, message: 'uses any' },
  {
    found: /^export (\*|\{[^}]*\}) from /m,
    message: 're-exports; only index.ts, server.ts and testing.ts do',
    but: /^(index|server|testing)\.ts$/,
  },
  { found: /^(export )?let /m, message: 'has a mutable variable of the module', but: /^main\.ts$/ },
  {
    found: /^(export )?const \w+ = new (Map|Set|WeakMap|LRUCache)\(\)/m,
    message: 'has a mutable collection of the module',
  },
];

const MEANINGLESS = /(^|[/-])(utils?|helpers?|common|shared|managers?|misc)([/.-]|$)/;
/** Lines. A longer file has more than one thing to say. */
const MAX_LINES = 300;

export function violations(sources: readonly SourceFile[]): readonly string[] {
  const all = sources.flatMap((source) => [
    ...importsOf(source).flatMap((one) => judge(source, one)),
    ...habits(source),
  ]);
  return [...all, ...circles(sources)].sort();
}

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

function importsOf({ text }: SourceFile): readonly Import[] {
  const code = withoutComments(text);
  const statements = [...code.matchAll(/^(?:import|export)\s+(type\s)?[^;'"]*?from\s+['"]([^'"]+)['"]/gm)];
  const dynamic = [...code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)];
  const bare = [...code.matchAll(/^import\s+['"]([^'"]+)['"]/gm)];
  return [
    ...statements.map(([, typeOnly, from = '']) => ({ from, typeOnly: typeOnly !== undefined })),
    ...[...dynamic, ...bare].map(([, from = '']) => ({ from, typeOnly: false })),
  ];
}

function judge({ path }: SourceFile, { from, typeOnly }: Import): readonly string[] {
  if (!from.startsWith('.')) {
    const broken = OWNERS.findLast(({ library, owners }) => library.test(from) && !owners.test(path));
    return broken === undefined ? [] : [`${path} imports ${from}, which is not its to know`];
  }
  const target = targetOf(path, from);
  if (target.startsWith('..')) return [`${path} imports ${from}, outside src`];
  const [mine, its] = [partOf(path), partOf(target)];
  if (mine === its) return [];
  const [left, right] = [rowOf(mine), rowOf(its)];
  if (left === -1) return [];
  if (mine === 'client' && !typeOnly) return [`${path} imports values of ${target}; the client knows only types`];
  return right > left && (its !== 'client' || mine === 'index')
    ? []
    : [`${path} imports ${target}, against the direction of imports`];
}

function habits({ path, text }: SourceFile): readonly string[] {
  const found: string[] = [];
  if (rowOf(partOf(path)) === -1) found.push(`${path} stands in a folder that has no place in the architecture`);
  if (MEANINGLESS.test(path)) found.push(`${path} has a name that says nothing`);
  if (/@ts-(ignore|nocheck|expect-error)/.test(text)) found.push(`${path} silences the compiler`);
  const lines = text.split('\n').length - 1;
  if (lines > MAX_LINES) found.push(`${path} has ${lines} lines`);
  const code = withoutTexts(withoutComments(text));
  for (const { found: pattern, message, but } of HABITS) {
    if (pattern.test(code) && but?.test(path) !== true) found.push(`${path} ${message}`);
  }
  return found;
}

/** Files that import each other, in however many steps; types only are no circle at run time. */
function circles(sources: readonly SourceFile[]): readonly string[] {
  const graph = new Map(
    sources.map((source) => [
      source.path,
      importsOf(source)
        .filter(({ from, typeOnly }) => from.startsWith('.') && !typeOnly)
        .map(({ from }) => targetOf(source.path, from)),
    ]),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at !== -1) found.push(`${[...trail.slice(at), path].join(' → ')} is a circle`);
    if (at !== -1 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}

const targetOf = (path: string, from: string) => normalize(join(dirname(path), from));

/** `facts/token/read.ts` → `facts/token`; `service.ts` → `service`. */
function partOf(path: string): string {
  const [first = '', second = ''] = path.split('/');
  if (first === 'facts' && !second.endsWith('.ts')) return `facts/${second}`;
  return first.replace(/\.ts$/, '');
}

const rowOf = (part: string) => ROWS.findIndex((row) => row.includes(part));

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|[\s;{(,])\/\/.*$/gm, '$1');
}

/** Texts in quotation marks, and the words of templates, but not their expressions; regular expressions stay. */
function withoutTexts(code: string): string {
  return code
    .replaceAll(/'(?:[^'\\\n]|\\.)*'/g, "''")
    .replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""')
    .replaceAll(/`(?:[^`\\$]|\\.|\$(?!\{))*`/g, '``')
    .replaceAll(/`(?:[^`\\$]|\\.|\$(?!\{))*\$\{/g, '``+(')
    .replaceAll(/\}(?:[^`'"\\{}\n]|\\.)*`/g, ')');
}
