/** How the parts of a decision that a client, token or caller wrote are made fit for a record. */
import { hash } from 'node:crypto';
import type { Challenge } from '../decision/challenge.ts';
import type { Decision, NextHop } from '../decision/decision.ts';
import { carried, evidence, legible, MAX_VALUES } from '../decision/evidence.ts';
import type { Reason } from '../decision/reason.ts';
import { isFixedCode } from '../decision/reasons.ts';
import { isJsonObject, type Json, type JsonObject } from '../json/value.ts';

/** Stands for values that are not written. Tells equal from unequal; short or guessable values can be found by trying. */
export interface Digest {
  /** Hexadecimal, of the values' JSON text in UTF-8, members in the order given. */
  readonly sha256: string;
  /** Bytes of the same text. */
  readonly size: number;
}

/** Characters of one message: its parts are cut already, so this only bounds a sum of many. */
const MAX_MESSAGE_LENGTH = 2048;
/** Levels of nested arguments that are written; deeper ones become `…`. */
const MAX_DEPTH = 16;
/** Members of `cnf` that are thumbprints (RFC 9449 §6.1, RFC 8705 §3.1). Every other one may be a key itself. */
const THUMBPRINTS: readonly string[] = ['jkt', 'x5t#S256'];
/** In place of a member's value that is perhaps a key. */
const HIDDEN = '(not shown)';

export function digestOf(values: JsonObject): Digest {
  const text = JSON.stringify(values);
  return { sha256: hash('sha256', text), size: Buffer.byteLength(text) };
}

/** Values cut and escaped: 255 characters a text, 16 values a list or object (contract 2). */
export function maskJson(values: JsonObject): JsonObject {
  return maskObject(values, MAX_DEPTH);
}

function maskObject(values: JsonObject, depth: number): JsonObject {
  const members = Object.entries(values);
  const shown = members
    .slice(0, MAX_VALUES)
    .map(([name, value]): [string, Json] => [legible(name), maskValue(value, depth - 1)]);
  if (members.length > MAX_VALUES) shown[MAX_VALUES - 1] = ['…', '…'];
  return Object.fromEntries(shown);
}

function maskValue(value: Json, depth: number): Json {
  if (typeof value === 'string') return legible(value);
  if (typeof value === 'number') return carried(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth <= 0) return '…';
  if (isJsonObject(value)) return maskObject(value, depth);
  const shown = value.slice(0, MAX_VALUES).map((one) => maskValue(one, depth - 1));
  if (value.length > MAX_VALUES) shown[MAX_VALUES - 1] = '…';
  return shown;
}

export function maskConfirmation(confirmation: JsonObject, erased: string[]): Readonly<Record<string, string>> {
  const shown = thumbprintsOf(confirmation);
  if (Object.keys(confirmation).length > shown.length) erased.push('/input/token/confirmation');
  return Object.fromEntries(shown);
}

/** `cnf` as an explanation tells it: thumbprints, and of every other member that it was there. */
export function nameConfirmation(confirmation: JsonObject): Readonly<Record<string, string>> {
  const shown = thumbprintsOf(confirmation);
  const others = Object.keys(confirmation).filter((name) => !shown.some(([known]) => known === name));
  const members = [...shown, ...others.slice(0, MAX_VALUES).map((name): Member => [legible(name), HIDDEN])];
  if (members.length <= MAX_VALUES) return Object.fromEntries(members);
  return Object.fromEntries([...members.slice(0, MAX_VALUES - 1), ['…', '…']]);
}

type Member = [name: string, value: string];

function thumbprintsOf(confirmation: JsonObject): readonly Member[] {
  return THUMBPRINTS.flatMap((name): Member[] => {
    const value = Object.hasOwn(confirmation, name) ? confirmation[name] : undefined;
    return typeof value === 'string' ? [[name, legible(value)]] : [];
  });
}

/** The answer, with what a token or client wrote in it cut and escaped once more: a record must not rely on its writer. */
export function maskResult(decision: Decision): Decision {
  if (decision.decision === 'allow') {
    const { decision_id, server, revision, principal, valid_until, advice } = decision;
    return {
      decision: 'allow',
      decision_id,
      server,
      reasons: [],
      revision,
      principal: {
        issuer: legible(principal.issuer),
        subject: orNull(principal.subject),
        client_id: orNull(principal.client_id),
        scopes: evidence(principal.scopes).map(String),
        actor: orNull(principal.actor),
      },
      valid_until,
      advice: {
        ...advice,
        ...(advice.would_deny && { would_deny: advice.would_deny.map(maskCode) }),
        ...(advice.hop && { hop: maskHop(advice.hop) }),
      },
    };
  }
  const reasons = decision.reasons.map(maskReason);
  if (decision.decision === 'indeterminate') return { ...decision, reasons };
  return { ...decision, reasons, challenge: maskChallenge(decision.challenge) };
}

/** A client chose the name: a server that opens unlisted tools has any. */
function maskHop({ server, tool, prompt }: NextHop): NextHop {
  return {
    server,
    ...(tool !== undefined && { tool: legible(tool) }),
    ...(prompt !== undefined && { prompt: legible(prompt) }),
  };
}

const orNull = (text: string | null) => (text === null ? null : legible(text));

export function maskReason(reason: Reason): Reason {
  return {
    ...reason,
    code: maskCode(reason.code),
    message: legible(reason.message, MAX_MESSAGE_LENGTH),
    ...(reason.expected === undefined ? {} : { expected: evidence(reason.expected) }),
    ...(reason.actual === undefined ? {} : { actual: evidence(reason.actual) }),
  };
}

/** A custom rule chooses its code, and may have made it of what a client wrote. The rule's own name is a file's. */
function maskCode(code: Reason['code']): Reason['code'] {
  const slash = code.indexOf('/');
  return isFixedCode(code) ? code : `custom:${code.slice('custom:'.length, slash)}/${legible(code.slice(slash + 1))}`;
}

/** The JSON-RPC id in a challenge's body is the client's own, and may be long. A nonce is for the client alone (RFC 9449 §8). */
function maskChallenge({ headers: { 'dpop-nonce': _, ...headers }, ...rest }: Challenge): Challenge {
  const challenge = { ...rest, headers };
  const { body } = challenge;
  if (!isJsonObject(body) || typeof body.id !== 'string') return challenge;
  return { ...challenge, body: { ...body, id: legible(body.id) } };
}
