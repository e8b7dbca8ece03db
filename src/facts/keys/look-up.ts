/** The keys of all issuers: registry records in, keys out. Keys come from the registry's sources only, never from tokens. */
import type { KeyAnswer } from '../../decision/key.ts';
import type { IssuerFetch } from '../../network/issuer-fetch.ts';
import type { Algorithm, IssuerRecord, KeySource } from '../../registry/registry.ts';
import { downloadDiscovered } from './discover.ts';
import { type Download, download } from './download.ts';
import { createRemoteSet } from './refresh.ts';
import type { RequestParts } from './request.ts';
import { createInlineSet, type KeySet, type KeySetStatus, type KeysEvent, type KeysSettings } from './set.ts';

export interface Keys {
  /**
   * The key that verifies tokens of this issuer with this kid and algorithm. Synchronous whenever no request has to be
   * waited for; never rejects.
   * @param wanted `alg` is one of the record's algorithms: the caller compared it
   */
  lookup(issuer: IssuerRecord, wanted: { kid: string; alg: Algorithm }): KeyAnswer | Promise<KeyAnswer>;
  /**
   * Call when a registry comes into force, the first one too. Sets whose source and algorithms are unchanged stay, the
   * others are dropped: their requests end, and decisions still under way with the old registry see what they held.
   */
  retain(issuers: Iterable<IssuerRecord>): void;
  /** By registry key, of the issuers retained or asked for. */
  status(): Readonly<Record<string, KeySetStatus>>;
  /** Ends all requests and allows no more. */
  close(): void;
}

interface Held {
  /** Two records with the same are served by one set. */
  readonly fingerprint: string;
  readonly set: KeySet;
}

/**
 * @param parts.now milliseconds since the epoch; may jump
 * @param parts.onEvent must not throw
 */
export function createKeys(parts: {
  readonly fetch: IssuerFetch;
  readonly now: () => number;
  readonly settings: KeysSettings;
  readonly onEvent?: (event: KeysEvent) => void;
}): Keys {
  /** By registry key: the sets of the registry in force. */
  let inForce = new Map<string, Held>();
  /** The set of each record, those of former registries too, for as long as a decision holds the record. */
  const byRecord = new WeakMap<IssuerRecord, KeySet>();
  let closed = false;

  function create(issuer: IssuerRecord): KeySet {
    const { key_source: source, algorithms } = issuer;
    const set =
      source.kind === 'jwks'
        ? createInlineSet(source.keys, algorithms)
        : createRemoteSet({
            issuer: issuer.key,
            download: downloader(source),
            algorithms,
            fetch: parts.fetch(source),
            now: parts.now,
            settings: parts.settings,
            onEvent: parts.onEvent ?? (() => {}),
          });
    if (closed) set.close();
    return set;
  }

  function adopt(issuer: IssuerRecord): KeySet {
    const fingerprint = fingerprintOf(issuer);
    const held = inForce.get(issuer.key);
    const set = held?.fingerprint === fingerprint ? held.set : create(issuer);
    // A record of a former registry never takes the place of the one in force.
    if (held === undefined) inForce.set(issuer.key, { fingerprint, set });
    byRecord.set(issuer, set);
    return set;
  }

  return {
    lookup: (issuer, wanted) => (byRecord.get(issuer) ?? adopt(issuer)).find(wanted),
    retain(issuers) {
      const former = inForce;
      inForce = new Map();
      for (const issuer of issuers) {
        const fingerprint = fingerprintOf(issuer);
        const held = former.get(issuer.key);
        const kept = held?.fingerprint === fingerprint ? held : { fingerprint, set: create(issuer) };
        inForce.set(issuer.key, kept);
        byRecord.set(issuer, kept.set);
      }
      for (const [key, { set }] of former) if (inForce.get(key)?.set !== set) set.close();
    },
    status: () => Object.fromEntries([...inForce].map(([key, { set }]) => [key, set.status()])),
    close() {
      closed = true;
      for (const { set } of inForce.values()) set.close();
    },
  };
}

type Remote = Exclude<KeySource, { kind: 'jwks' }>;

/** How the set of a source is got. */
function downloader(source: Remote): (parts: RequestParts) => Promise<Download> {
  switch (source.kind) {
    case 'jwks_uri':
      return (parts) => download(source.url, parts);
    case 'discovery':
      return (parts) => downloadDiscovered(source, parts);
    case 'introspection': {
      const { signed } = source;
      if (signed === null) return () => Promise.resolve({ ok: false, detail: 'the issuer signs nothing' });
      return (parts) => download(signed.jwks_uri, parts);
    }
  }
}

function fingerprintOf({ key_source, algorithms }: IssuerRecord): string {
  return JSON.stringify([key_source, algorithms]);
}
