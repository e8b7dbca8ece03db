/** All scopes that mean anything at a server. */
import type { WrittenServer } from './schema.ts';

interface Operation {
  readonly scopes?: readonly string[] | undefined;
}

/** A server's record, whole or what is left of it. */
type Listed = {
  readonly [member in 'advertised_scopes' | 'base_scopes']?: readonly string[] | undefined;
} & {
  readonly [member in 'methods' | 'tools' | 'prompts' | 'resources']?: Readonly<Record<string, Operation>> | undefined;
} & {
  readonly scope_implies?: WrittenServer['scope_implies'] | undefined;
  readonly unlisted_tools?: WrittenServer['unlisted_tools'] | undefined;
};

/** Of its operations, advertised, base ones, and those that imply or are implied. */
export function scopesKnownTo(server: Listed): ReadonlySet<string> {
  const { methods, tools, prompts, resources, unlisted_tools: unlisted, scope_implies = {} } = server;
  const operations = [methods, tools, prompts, resources].flatMap((listed) => Object.values(listed ?? {}));
  return new Set([
    ...operations.flatMap(({ scopes = [] }) => scopes),
    ...(typeof unlisted === 'object' ? unlisted.scopes : []),
    ...(server.advertised_scopes ?? []),
    ...(server.base_scopes ?? []),
    ...Object.entries(scope_implies).flatMap(([wide, narrow]) => [wide, ...narrow]),
  ]);
}
