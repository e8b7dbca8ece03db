/** Design 2: imports go one way, some libraries have one owner, and a few habits hold everywhere. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type SourceFile, violations } from './architecture.ts';

const SRC = join(import.meta.dirname, '..', 'src');

const sources: readonly SourceFile[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(join(SRC, path), 'utf8') }));

describe('the architecture', () => {
  it('is read whole', () => {
    expect(sources.length).toBeGreaterThan(40);
  });

  it('holds', () => {
    expect(violations(sources)).toEqual([]);
  });
});

describe('the check itself', () => {
  const told = (path: string, text: string, ...others: SourceFile[]) => violations([{ path, text }, ...others]);

  it.each([
    ['an import to the left', 'decide/x.ts', "import { a } from '../http/app.ts';"],
    ['an import of types to the left', 'decision/x.ts', "import type { A } from '../registry/registry.ts';"],
    ['a neighbour within braces', 'http/x.ts', "import { a } from '../mcp/y.ts';"],
    ['policy and facts are neighbours', 'policy/x.ts', "import { a } from '../facts/token/read.ts';"],
    ['registry and config are neighbours', 'registry/x.ts', "import { a } from '../config.ts';"],
    ['parts of facts', 'facts/token/x.ts', "import type { A } from '../keys/look-up.ts';"],
    ['an import over several lines', 'json/x.ts', "import {\n  a,\n  b,\n} from '../decision/reasons.ts';"],
    ['an import when needed', 'json/x.ts', "const a = await import('../decision/reasons.ts');"],
    ['values of decision in the client', 'client/x.ts', "import { a } from '../decision/reasons.ts';"],
    ['a folder without a place', 'extras/x.ts', 'export const a = 1;'],
    ['Hono outside its owners', 'decide/x.ts', "import { Hono } from 'hono';"],
    ['a part of Hono outside its owners', 'cli/x.ts', "import { serve } from '@hono/node-server';"],
    ['opa-wasm outside the engine', 'policy/judge.ts', "import { loadPolicy } from '@open-policy-agent/opa-wasm';"],
    ['jose outside its owners', 'http/x.ts', "import { jwtVerify } from 'jose';"],
    ['gRPC outside its owner', 'http/gateways/x.ts', "import { Server } from '@grpc/grpc-js';"],
    ['Valkey outside its owner', 'sources/x.ts', "import { Redis } from 'iovalkey';"],
    ["hono's own tokens", 'http/x.ts', "import { verify } from 'hono/jwt';"],
    ['process outside main', 'service.ts', 'const home = process.env.HOME;'],
    ['the process module outside main', 'service.ts', "import { env } from 'node:process';"],
    ['process through globalThis', 'service.ts', 'const home = globalThis.process.env;'],
    ['weak randomness', 'record/x.ts', 'const id = Math.random();'],
    ['a decoder that verifies nothing', 'facts/token/x.ts', "import { decodeJwt } from 'jose';"],
    ['a barrel', 'registry/index.ts', "export { a } from './lint.ts';"],
    ['a re-export', 'registry/all.ts', "export * from './lint.ts';"],
    ['a name that says nothing', 'registry/utils.ts', 'export const a = 1;'],
    ['a folder name that says nothing', 'http/common/x.ts', 'export const a = 1;'],
    ['any', 'http/x.ts', 'const a: any = 1;'],
    ['a cast to any', 'http/x.ts', 'const a = (b as any).c;'],
    ['a silenced compiler', 'http/x.ts', '// @ts-ignore\nconst a = 1;'],
    ['a mutable variable of the module', 'http/x.ts', 'let count = 0;'],
    ['a cache of the module', 'http/x.ts', 'const cache = new Map();'],
    ['a long file', 'http/x.ts', 'const a = 1;\n'.repeat(301)],
  ])('finds %s', (_, path, text) => {
    expect(told(path, text)).toHaveLength(1);
  });

  it.each([
    ['an import to the right', 'decide/x.ts', "import { a } from '../facts/token/read.ts';"],
    ['a file of the same folder', 'registry/x.ts', "import { a } from './read.ts';"],
    ['a folder below', 'registry/x.ts', "import { a } from './lint/audiences.ts';"],
    ['one part of facts', 'facts/keys/x.ts', "import { a } from './set.ts';"],
    ['types of decision in the client', 'client/x.ts', "import type { Decision } from '../decision/decision.ts';"],
    ['Hono at its owners', 'http/x.ts', "import { Hono } from 'hono';"],
    ['gRPC at its owner', 'http/gateways/grpc/x.ts', "import { Server } from '@grpc/grpc-js';"],
    ['process in main', 'main.ts', 'const { argv } = process;'],
    ['a word in a comment', 'http/x.ts', '// never Math.random, never process.env, never any\nexport const a = 1;'],
    ['a word in a text', 'http/x.ts', "export const a = 'process.env';"],
    ['the one place for re-exports', 'index.ts', "export { a } from './registry/load.ts';"],
    ['a table of the module', 'http/x.ts', "export const A: ReadonlyMap<string, number> = new Map([['a', 1]]);"],
  ])('lets %s pass', (_, path, text) => {
    expect(told(path, text)).toEqual([]);
  });

  it('finds what is exported from elsewhere twice: as an import, and as a re-export', () => {
    expect(told('json/x.ts', "export { a } from '../decision/reasons.ts';")).toHaveLength(2);
  });

  it('finds two files that import each other', () => {
    const found = told('http/a.ts', "import { b } from './b.ts';", {
      path: 'http/b.ts',
      text: "import { a } from './a.ts';",
    });
    expect(found).toHaveLength(1);
  });
});
