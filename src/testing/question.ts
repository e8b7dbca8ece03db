/** A case → the question that HTTP is asked, with a token that was really signed. */
import { type Ask, findServer } from '../decide/ask.ts';
import { readCall } from '../facts/call/read.ts';
import { toAsk } from '../http/native/read.ts';
import { decideRequest } from '../http/native/schema.ts';
import { mismatches } from '../json/mismatch.ts';
import type { JsonObject } from '../json/value.ts';
import type { IssuerRecord, Registry } from '../registry/registry.ts';
import { opaqueToken } from './introspected.ts';
import { type IssuerKey, mint, overlay, relativeTimes, rightClaims } from './mint.ts';
import { boundBy, provedBy } from './proofs.ts';
import type { Case } from './schema.ts';

/** By which clients of MCP send their messages. */
const METHOD = 'POST';

export interface Question {
  /** The JSON body of `POST /v1/decide`. */
  readonly body: object;
  /** The same, as the decider is asked in process. */
  readonly ask: Ask;
}

export interface QuestionParts {
  readonly registry: Registry;
  /** By registry key of the issuer. */
  readonly keys: ReadonlyMap<string, IssuerKey>;
  /** Seconds since the epoch. */
  readonly now: number;
  readonly newId: () => string;
}

/** @returns a text when the case cannot be asked: an unknown issuer, or what only a broken gateway would send */
export async function questionOf(one: Case, parts: QuestionParts): Promise<Question | string> {
  const server = parts.registry.servers.get(one.server)?.resource ?? one.server;
  const { call, message, body, context } = one;
  const proved = await provedBy(one.proof, {
    server: one.server,
    resource: server,
    method: one.http?.method ?? METHOD,
    now: parts.now,
    newId: parts.newId,
  });
  const scheme = one.scheme ?? (proved === null ? undefined : 'DPoP');
  const http = scheme?.toLowerCase() === 'dpop' ? { method: METHOD, ...one.http } : one.http;
  const tokenless = { server, scheme, call, message, body, http, context };
  const asked = readQuestion(tokenless);
  if (typeof asked === 'string') return asked;
  const cnf = { ...proved?.cnf, ...boundBy(one.proof) };
  const token = await tokenOf(one, asked.ask, parts, Object.keys(cnf).length === 0 ? undefined : cnf);
  if (typeof token !== 'object') return token;
  const proof = one.proof && {
    ...(proved !== null && { dpop: await proved.dpop(token.value ?? '') }),
    ...(one.proof.client_certificate !== undefined && { client_certificate: one.proof.client_certificate }),
  };
  return readQuestion({ ...tokenless, proof, token: token.value });
}

function readQuestion(question: Readonly<Record<string, unknown>>): Question | string {
  const body: object = Object.fromEntries(Object.entries(question).filter(([, value]) => value !== undefined));
  const read = decideRequest.safeParse(body);
  if (read.success) return { body, ask: toAsk(read.data) };
  const problems = mismatches(decideRequest, body, read.error.issues);
  return `no gateway may ask this: ${problems.map(({ pointer, message }) => `${pointer} ${message}`).join('; ')}`;
}

type Token = { readonly value: string | null | undefined };

async function tokenOf(
  { token }: Case,
  ask: Ask,
  parts: QuestionParts,
  cnf: JsonObject | undefined,
): Promise<Token | string> {
  if (token === undefined || token === null) return { value: token };
  if (token.text !== undefined) return { value: token.text };
  const issuer = parts.registry.issuers.get(token.issuer ?? '');
  const key = parts.keys.get(token.issuer ?? '');
  if (issuer === undefined || key === undefined) {
    return `the token's issuer ${JSON.stringify(token.issuer)} is not in the registry; it has ${[...parts.keys.keys()].join(', ')}`;
  }
  const { header, sign } = token;
  const claims = cnf === undefined ? token.claims : { cnf, ...token.claims };
  if (issuer.key_source.kind === 'introspection') {
    if (header !== undefined || sign !== undefined)
      return `issuer ${JSON.stringify(token.issuer)} is asked about its tokens, which have neither header nor signature: write what it answers as claims, active too`;
    const answer = overlay({ active: true, ...rightClaims(rightToken(issuer, ask, parts)) }, claims);
    return { value: opaqueToken(relativeTimes(answer, parts.now)) };
  }
  const spec = { ...(header && { header }), ...(claims && { claims }), ...(sign && { sign }) };
  return { value: await mint(key, rightToken(issuer, ask, parts), spec) };
}

function rightToken(issuer: IssuerRecord, ask: Ask, { registry, now, newId }: QuestionParts) {
  const server = findServer(ask.server, registry);
  const call = readCall(ask, { custom_rules: false, call_from: server?.call_from ?? 'body' });
  const operation = call.ok ? server?.operation(call.call) : undefined;
  const [type = 'at+jwt'] = issuer.token_types;
  return {
    issuer: issuer.issuer,
    type,
    audience: server?.resource ?? String(ask.server),
    scopes: operation?.scopes ?? [],
    profile: issuer.profile,
    token_id: newId(),
    now,
  };
}
