/**
 * Asks an issuer about a token (RFC 7662). What it says is remembered for some seconds, by issuer, server and token: an answer
 * to one server is none to another, because issuers may tell each what it is to know (RFC 7662 §2.2).
 */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Reason } from '../../decision/reason.ts';
import type { Answered, Asked } from '../../decision/request.ts';
import { readJson } from '../../json/read.ts';
import { isJsonObject, type Json, type JsonObject } from '../../json/value.ts';
import type { Introspection, IssuerRecord } from '../../registry/registry.ts';
import { isSameIssuer } from '../../registry/same-issuer.ts';
import type { Authenticate } from './authenticate-client.ts';
import { checkAnswer } from './introspect-claims.ts';
import { readSigned, SIGNED_TYPE } from './introspect-signed.ts';
import type { AskedServer, KeyLookup, TokenReading } from './read.ts';
import type { Refused } from './refuse.ts';

/** For logs and metrics. `issuer` is the registry key. */
export type IntrospectionEvent =
  | { readonly kind: 'answered'; readonly issuer: string; readonly active: boolean }
  | { readonly kind: 'failed'; readonly issuer: string; readonly detail: string };

export interface IntrospectorStatus {
  /** RFC 3339; null: never. */
  readonly answered_at: string | null;
  /** Of the last question, null when it was answered. */
  readonly last_error: string | null;
}

export interface Introspector {
  /** @param issuer one with introspection, listed by the server. Never rejects for what an issuer does. */
  ask(text: string, issuer: IssuerRecord, server: AskedServer): TokenReading | Promise<TokenReading>;
  /** By registry key, of the issuers that were asked. */
  status(): Readonly<Record<string, IntrospectorStatus>>;
}

export interface IntrospectorParts {
  /** One guarded request, which must not reject. */
  readonly send: (asked: Asked, to: Pick<Introspection, 'allow_private_network'>) => Promise<Answered>;
  readonly authenticate: Authenticate;
  /** Keys of signed answers. */
  readonly lookup: KeyLookup;
  /** Milliseconds since the epoch; may jump. */
  readonly now: () => number;
  /** 0 to 10: how long an answer serves. */
  readonly cache_seconds: number;
  readonly cacheSize: number;
  readonly onEvent: (event: IntrospectionEvent) => void;
}

type Verified = Extract<TokenReading, { kind: 'verified' }>;

interface Entry {
  readonly reading: Verified;
  /** Milliseconds since the epoch: when it was asked, and the first at which it serves no more. */
  readonly since: number;
  readonly until: number;
}

/** Levels of nesting in an answer, as in a token's claims (contract 5). */
const MAX_DEPTH = 16;
/** Questions to one issuer at once: whoever sends made-up tokens must not fill the memory, nor take the issuer down. */
const MAX_WAITING = 256;
/** Characters of all claims that are held: an issuer may answer with much more than a token holds. */
const MAX_HELD = 32 * 1024 * 1024;

const sizeOf = ({ reading }: Entry) => JSON.stringify(reading.token.claims).length;

export function createIntrospector(parts: IntrospectorParts): Introspector {
  const { now, onEvent } = parts;
  const cached = parts.cache_seconds * 1000;
  const entries = new LRUCache<string, Entry>({ max: parts.cacheSize, maxSize: MAX_HELD, sizeCalculation: sizeOf });
  const waiting = new Map<string, { readonly issuer: IssuerRecord; readonly reading: Promise<TokenReading> }>();
  const statuses = new Map<string, IntrospectorStatus>();
  const counts = new Map<string, number>();

  function recall(digest: string, issuer: IssuerRecord): Verified | undefined {
    const entry = entries.get(digest);
    if (entry === undefined) return undefined;
    const at = now();
    // A clock that was set back must not make an answer last.
    if (at < entry.since || at >= entry.until || !isSameIssuer(entry.reading.issuer, issuer)) {
      entries.delete(digest);
      return undefined;
    }
    return { ...entry.reading, issuer };
  }

  /** Only that a token is active is remembered: one that is not yet known everywhere must not stay refused. */
  function keep(digest: string, reading: Verified, since: number): void {
    const { expires_at = 0 } = reading.token;
    const until = Math.min(since + cached, expires_at * 1000);
    if (until > now()) entries.set(digest, { reading, since, until });
  }

  async function askAnew(text: string, issuer: IssuerRecord, server: AskedServer, digest: string) {
    const since = now();
    const answer = await question(text, issuer, server);
    if (!answer.ok) {
      statuses.set(issuer.key, { ...statusOf(issuer.key), last_error: answer.detail });
      onEvent({ kind: 'failed', issuer: issuer.key, detail: answer.detail });
      return { kind: 'unavailable', reason: unavailable(issuer, answer.detail) } as const;
    }
    statuses.set(issuer.key, { answered_at: new Date(now()).toISOString(), last_error: null });
    onEvent({ kind: 'answered', issuer: issuer.key, active: answer.value.active === true });
    const checked = checkAnswer(answer.value, issuer);
    if (checked.kind === 'refused') return asAnswered(checked);
    const reading = { kind: 'verified', token: checked.token, issuer } as const;
    if (cached > 0) keep(digest, reading, since);
    return reading;
  }

  const statusOf = (key: string) => statuses.get(key) ?? { answered_at: null, last_error: null };

  async function question(text: string, issuer: IssuerRecord, server: AskedServer): Promise<Told> {
    const { key_source: source } = issuer;
    if (source.kind !== 'introspection') return failed('it is not registered with introspection');
    const client = await parts.authenticate(server.key, issuer.issuer);
    if (!client.ok) return client;
    const answer = await parts.send(
      {
        url: source.endpoint,
        media_types: [source.signed === null ? 'application/json' : `application/${SIGNED_TYPE}`],
        form: {
          // RFC 7662 §2.1. The hint only saves the issuer a search: it must look everywhere anyway.
          body: new URLSearchParams({ token: text, token_type_hint: 'access_token', ...client.form }).toString(),
          headers: { 'content-type': 'application/x-www-form-urlencoded', ...client.headers },
        },
      },
      source,
    );
    if (!answer.ok) {
      const refused = answer.status === 401 || answer.status === 403;
      return failed(
        refused ? `it refuses the credentials of server "${server.key}" (${answer.detail})` : answer.detail,
      );
    }
    if (source.signed === null) return told(readJson(answer.body, { depth: MAX_DEPTH }));
    const signed = await readSigned(Buffer.from(answer.body).toString('latin1'), {
      issuer,
      audiences: [client.client_id, server.resource],
      now: Math.floor(now() / 1000),
      max_age: parts.cache_seconds,
      lookup: parts.lookup,
      trusted: server.issuers,
    });
    return signed.ok ? told({ ok: true, value: signed.answer }) : signed;
  }

  async function counted(issuer: IssuerRecord, work: () => Promise<TokenReading>): Promise<TokenReading> {
    const { key } = issuer;
    const others = counts.get(key) ?? 0;
    if (others >= MAX_WAITING)
      return { kind: 'unavailable', reason: unavailable(issuer, `${MAX_WAITING} questions wait for it already`) };
    counts.set(key, others + 1);
    try {
      return await work();
    } finally {
      counts.set(key, (counts.get(key) ?? 1) - 1);
    }
  }

  return {
    ask(text, issuer, server) {
      const digest = hash('sha256', JSON.stringify([issuer.key, server.key, server.resource, text]), 'base64');
      const known = recall(digest, issuer);
      if (known !== undefined) return known;
      const same = waiting.get(digest);
      if (same !== undefined && isSameIssuer(same.issuer, issuer)) return same.reading;
      const reading = counted(issuer, () => askAnew(text, issuer, server, digest));
      if (cached === 0) return reading;
      const mine = { issuer, reading };
      waiting.set(digest, mine);
      return reading.finally(() => {
        if (waiting.get(digest) === mine) waiting.delete(digest);
      });
    },
    status: () => Object.fromEntries(statuses),
  };
}

type Told = { readonly ok: true; readonly value: JsonObject } | { readonly ok: false; readonly detail: string };

function told(read: { readonly ok: boolean; readonly value?: Json }): Told {
  if (!read.ok || read.value === undefined) return failed('its answer is not well-formed JSON');
  return isJsonObject(read.value) ? { ok: true, value: read.value } : failed('its answer is no JSON object');
}

function failed(detail: string): Extract<Told, { ok: false }> {
  return { ok: false, detail };
}

/** What an issuer itself answered is no evidence from an unverified token. */
function asAnswered({ kind, reason: { verified, ...reason } }: Refused): Refused {
  return { kind, reason };
}

export function unavailable({ key }: IssuerRecord, detail: string): Reason {
  return {
    code: 'introspection_unavailable',
    message: `Issuer "${key}" cannot be asked about the token: ${detail}. Retry; /v1/status shows the last error.`,
  };
}
