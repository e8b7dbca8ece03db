/**
 * A hub in front of its backends: a tool or prompt whose name begins with a registered prefix is the backend's, under the
 * rest of its name. What the backend does not open, its hub does not open either.
 */
import type { CallFacts } from '../decision/facts.ts';
import { COMPLETE, METHODS_BY_TARGET } from './method.ts';
import type { WrittenServer } from './schema.ts';
import { scopesKnownTo } from './scopes.ts';

/** A server behind a hub, as the hub's clients name what it offers. */
export interface Backend {
  readonly prefix: string;
  /** Registry key. */
  readonly key: string;
  readonly resource: string;
  /** As the backend lists them, without prefix. */
  readonly tools: readonly string[];
  readonly prompts: readonly string[];
}

/** Of a call at a hub: the call that the hub then makes at a backend, by the backend's own name. */
export type Hop = { readonly backend: Backend } & (
  | { readonly kind: 'tool'; readonly name: string }
  | { readonly kind: 'prompt'; readonly name: string }
);

type Behind<T> = { readonly prefix: string; readonly server: T };

/** The servers behind one, in the order of its record; a key without record is the lint's to refuse. */
export function behind<T extends Pick<WrittenServer, 'hub'>>(
  { hub }: Pick<WrittenServer, 'hub'>,
  serverOf: (key: string) => T | undefined,
): readonly Behind<T>[] {
  return Object.entries(hub?.backends ?? {}).flatMap(([prefix, key]) => {
    const server = serverOf(key);
    return server === undefined ? [] : [{ prefix, server }];
  });
}

/**
 * Who stands behind a name. No prefix begins another (lint), so one at most does; a name that is a prefix and nothing more
 * is nobody's, not even the hub's own.
 * @returns undefined for a name that begins with no prefix; `rest` without a character names nothing
 */
export function byPrefix<T extends { readonly prefix: string }>(
  all: readonly T[],
): (name: string) => { readonly found: T; readonly rest: string } | undefined {
  const table = new Map(all.map((one) => [one.prefix, one]));
  const lengths = [...new Set(all.map(({ prefix }) => prefix.length))];
  return (name) => {
    for (const length of lengths) {
      const found = table.get(name.slice(0, length));
      if (found !== undefined) return { found, rest: name.slice(length) };
    }
    return undefined;
  };
}

/** The hop of each call that the hub passes on; undefined for what it answers itself. */
export function hops(backends: readonly Backend[]): (call: CallFacts) => Hop | undefined {
  const select = byPrefix(backends);
  return ({ tool, prompt, uri, task }) => {
    if (uri !== undefined || task !== undefined || (tool === undefined) === (prompt === undefined)) return undefined;
    const named = select(tool ?? prompt ?? '');
    if (named === undefined || named.rest === '') return undefined;
    return { backend: named.found, kind: tool === undefined ? 'prompt' : 'tool', name: named.rest };
  };
}

/** Servers by key. */
export type Written = ReadonlyMap<string, WrittenServer>;

/** Key of a backend → keys of the hubs in front of it, sorted. */
export function hubsOf(written: Written): ReadonlyMap<string, readonly string[]> {
  const hubs = new Map<string, string[]>();
  for (const key of [...written.keys()].sort()) {
    for (const backend of new Set(Object.values(written.get(key)?.hub?.backends ?? {}))) {
      const known = hubs.get(backend);
      if (known === undefined) hubs.set(backend, [key]);
      else known.push(key);
    }
  }
  return hubs;
}

export function backendsOf(value: WrittenServer, written: Written): readonly Backend[] {
  return Object.entries(value.hub?.backends ?? {}).flatMap(([prefix, key]) => {
    const server = written.get(key);
    if (server === undefined) return [];
    const { resource, tools, prompts } = server;
    return [{ prefix, key, resource, tools: Object.keys(tools), prompts: Object.keys(prompts) }];
  });
}

/** All scopes that mean anything at a server; a token for a hub carries those of the servers behind it. */
export function knownScopes(value: WrittenServer, written: Written): ReadonlySet<string> {
  const through = behind(value, (key) => written.get(key)).map(({ server }) => scopesKnownTo(offered(server)));
  return new Set([scopesKnownTo(value), ...through].flatMap((scopes) => [...scopes]));
}

/** A record, whole or what is left of it. */
type Offering = { readonly methods: Readonly<Record<string, unknown>> };

/** What a hub's clients can name of a server behind it: its tools and prompts. */
export function offered<T extends Offering>(backend: T): T {
  const methods = Object.entries(backend.methods).filter(([name]) => {
    const kind = METHODS_BY_TARGET.get(name);
    return kind === 'tool' || kind === 'prompt' || name === COMPLETE;
  });
  return { ...backend, methods: Object.fromEntries(methods), resources: {} };
}
