/** Which registered server an unregistered resource comes near: for messages, never to decide. */
import type { ServerRecord } from './registry.ts';
import { folded, normalised } from './uri.ts';

/** Characters: no resource that can be registered is longer, so nothing longer comes near one. */
const MAX_LENGTH = 2048;
/** Levels of a path that are looked up, from its root: a client may write a thousand. */
const MAX_LEVELS = 32;

export interface Nearest {
  add(server: ServerRecord): void;
  find(resource: string): ServerRecord | undefined;
}

/**
 * An index that answers with a few lookups, however many servers there are: the server that differs in spelling alone,
 * else the nearest one above the resource, else the first one (of the order added) below it.
 */
export function createNearest(): Nearest {
  const spelt = new Map<string, ServerRecord>();
  const exact = new Map<string, ServerRecord>();
  const below = new Map<string, ServerRecord>();
  const add = (index: Map<string, ServerRecord>, form: string, server: ServerRecord) => {
    if (!index.has(form)) index.set(form, server);
  };
  return {
    add(server) {
      const form = normalised(server.resource);
      add(spelt, folded(server.resource), server);
      add(exact, form, server);
      for (const parent of parentsOf(form)) add(below, parent, server);
    },
    find(resource) {
      if (resource.length > MAX_LENGTH) return undefined;
      const same = spelt.get(folded(resource));
      if (same !== undefined) return same;
      const form = normalised(resource);
      for (const parent of parentsOf(form)) {
        const above = exact.get(parent);
        if (above !== undefined) return above;
      }
      return below.get(form);
    },
  };
}

/** What a URI lies below, the nearest first: itself without query and fragment, then one segment less at a time. */
export function parentsOf(form: string): readonly string[] {
  const authority = form.indexOf('://') + 3;
  if (authority < 3) return [];
  const rest = form.search(/[?#]/);
  const path = rest < 0 ? form : form.slice(0, rest);
  const parents: string[] = [];
  for (let end = path.indexOf('/', authority); end >= 0; end = path.indexOf('/', end + 1)) {
    if (parents.length === MAX_LEVELS) break;
    parents.push(path.slice(0, end));
  }
  if (path !== form) parents.push(path);
  return parents.reverse();
}
