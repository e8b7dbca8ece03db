/** Asking issuers about tokens, put together: credentials, guarded requests, keys of signed answers, log and metrics. */
import type { IntrospectionConfig } from '../config/introspection.ts';
import type { IssuerStatus, ReloadProblem } from '../decide/decider.ts';
import type { Keys } from '../facts/keys/look-up.ts';
import { request } from '../facts/keys/request.ts';
import { createAuthenticate } from '../facts/token/authenticate-client.ts';
import { createIntrospector, type Introspector } from '../facts/token/introspect.ts';
import { createAlarmLog } from '../record/alarms.ts';
import type { Registry } from '../registry/registry.ts';
import type { ServiceParts } from '../service.ts';

export interface IntrospectionParts {
  readonly config: IntrospectionConfig;
  /** Text of a file. @throws when it cannot be read */
  readonly readFile: (path: string) => Promise<string>;
}

interface Opened extends Pick<Introspector, 'ask'> {
  /** The state of keys, and of the issuers that are asked. */
  status(keys: Readonly<Record<string, IssuerStatus>>, registry: Registry): Readonly<Record<string, IssuerStatus>>;
  /** Ends the questions under way. */
  close(): void;
}

/** Answers held at most, about 1 KiB each. */
const CACHE_SIZE = 10_000;

/** @returns null: nobody may be asked */
export function openIntrospection(
  { introspection, fetch, now, newId, log, metrics }: Omit<ServiceParts, 'sources'>,
  { lookup }: Keys,
): Opened | null {
  if (introspection === undefined) return null;
  const { credentials, cache_seconds, timeout_ms } = introspection.config;
  const stop = new AbortController();
  const tell = createAlarmLog({
    now,
    write: ({ kind: issuer, ...alarm }) => log.warn({ issuer, ...alarm }, 'an issuer could not be asked about a token'),
  });
  const { ask, status } = createIntrospector({
    send: (asked, to) => request(asked, { fetch: fetch(to), timeout_ms, stop: stop.signal }),
    authenticate: createAuthenticate({ credentials, readFile: introspection.readFile, now, newId }),
    lookup,
    now,
    cache_seconds,
    cacheSize: CACHE_SIZE,
    onEvent(event) {
      metrics.introspected(event.issuer, event.kind === 'failed' ? 'failed' : event.active ? 'active' : 'inactive');
      if (event.kind === 'failed') tell(event.issuer, event.detail);
    },
  });
  return {
    ask,
    status(keys, { issuers }) {
      const asked = Object.entries(status()).filter(([key]) => issuers.get(key)?.key_source.kind === 'introspection');
      const merged = asked.map(([key, { answered_at, last_error }]): [string, IssuerStatus] => {
        const held = keys[key];
        return [
          key,
          { keys: held?.keys ?? 0, fetched_at: answered_at, last_error: last_error ?? held?.last_error ?? null },
        ];
      });
      return { ...keys, ...Object.fromEntries(merged) };
    },
    close: () => stop.abort(),
  };
}

/** Servers at which an issuer cannot be asked, because it would be shown no credentials. */
export function withoutCredentials(
  { servers, issuers }: Registry,
  introspection: IntrospectionParts | undefined,
): readonly ReloadProblem[] {
  const { credentials = {} } = introspection?.config ?? {};
  return [...servers.values()].flatMap((server) => {
    const asked = server.issuers.find((key) => issuers.get(key)?.key_source.kind === 'introspection');
    if (asked === undefined || Object.hasOwn(credentials, server.key)) return [];
    const message = `server "${server.key}" has no credentials under introspection.credentials of the configuration: issuer "${asked}" cannot be asked about its tokens`;
    return [{ severity: 'warning', message } as const];
  });
}
