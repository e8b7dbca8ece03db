/** The keys of all issuers: registry records in, keys out. Keys come from the registry's sources only, never from tokens. */
import type { KeyAnswer } from '../../decision/key.ts';
import type { IssuerFetch } from '../../network/issuer-fetch.ts';
import type { Algorithm, IssuerRecord, KeySource } from '../../registry/registry.ts';
import { downloadDiscovered } from './discover.ts';
import { type Download, download } from './download.ts';
import { createRemoteSet } from './refresh.ts';
import type { RequestParts } from './request.ts';
import { createInlineSet, type KeySet, type KeySetStatus, type KeysEvent, type KeysSettings } from './set.ts';
import { createSharing } from './share.ts';

export interface Keys {
  /**
   * The key that verifies tokens of this issuer with this kid and algorithm. Synchronous whenever no request has to be
   * waited for; never rejects. The other issuers' sets are fetched too, because a key may stand in several, and the first
   * request to each is waited for. NOT guaranteed: that a key is known to be shared with an issuer whose set cannot be had.
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
  /** Whether it is fetched to see what it shares with others: nobody needs the set of an issuer that is switched off. */
  readonly compared: boolean;
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
  const onEvent = parts.onEvent ?? (() => {});
  const sharing = createSharing(onEvent);
  /** Whether all sets in force were tried, so that no lookup has to wait for those of others. */
  let allTried = false;
  let closed = false;

  function create(issuer: IssuerRecord): KeySet {
    const { key_source: source, algorithms } = issuer;
    const set =
      source.kind === 'jwks'
        ? createInlineSet(source.keys, algorithms, compare)
        : createRemoteSet({
            issuer: issuer.key,
            download: downloader(source),
            algorithms,
            fetch: parts.fetch(source),
            now: parts.now,
            settings: parts.settings,
            onEvent,
            // They are renewed together, those too whose tokens nobody sends.
            onRequest: prepareAll,
            onChange: compare,
          });
    if (closed) set.close();
    return set;
  }

  function adopt(issuer: IssuerRecord): KeySet {
    const fingerprint = fingerprintOf(issuer);
    const held = inForce.get(issuer.key);
    const set = held?.fingerprint === fingerprint ? held.set : create(issuer);
    // A record of a former registry never takes the place of the one in force.
    if (held === undefined) {
      inForce.set(issuer.key, { fingerprint, set, compared: isCompared(issuer) });
      changed();
    }
    byRecord.set(issuer, set);
    return set;
  }

  function changed(): void {
    allTried = false;
    compare();
  }

  function compare(): void {
    const rings = [...inForce].flatMap(([key, { set }]) => {
      const ring = set.known();
      return ring === null ? [] : [[key, ring] as const];
    });
    sharing.update(rings);
  }

  /** @returns what has to be waited for, once for each set */
  function prepareAll(): readonly Promise<void>[] {
    // A single issuer shares with nobody.
    if (inForce.size < 2) return [];
    const compared = [...inForce.values()].filter((held) => held.compared);
    return compared.map(({ set }) => set.prepare()).filter((waiting) => waiting !== undefined);
  }

  function find(issuer: IssuerRecord, wanted: { kid: string; alg: Algorithm }): KeyAnswer | Promise<KeyAnswer> {
    const answer = (byRecord.get(issuer) ?? adopt(issuer)).find(wanted);
    return answer instanceof Promise ? answer.then(withOthers) : withOthers(answer);
  }

  function withOthers(answer: KeyAnswer): KeyAnswer {
    const shared = answer.kind === 'key' ? sharing.others(answer.generation) : undefined;
    return answer.kind === 'key' && shared !== undefined ? { ...answer, shared } : answer;
  }

  return {
    lookup(issuer, wanted) {
      if (!byRecord.has(issuer)) adopt(issuer);
      if (allTried) return find(issuer, wanted);
      const waiting = prepareAll();
      if (waiting.length > 0) return Promise.all(waiting).then(() => find(issuer, wanted));
      allTried = true;
      return find(issuer, wanted);
    },
    retain(issuers) {
      const former = inForce;
      inForce = new Map();
      for (const issuer of issuers) {
        const fingerprint = fingerprintOf(issuer);
        const held = former.get(issuer.key);
        const set = held?.fingerprint === fingerprint ? held.set : create(issuer);
        inForce.set(issuer.key, { fingerprint, set, compared: isCompared(issuer) });
        byRecord.set(issuer, set);
      }
      changed();
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

function isCompared({ disabled, key_source: source }: IssuerRecord): boolean {
  return !disabled && (source.kind !== 'introspection' || source.signed !== null);
}

function fingerprintOf({ key_source, algorithms }: IssuerRecord): string {
  return JSON.stringify([key_source, algorithms]);
}
