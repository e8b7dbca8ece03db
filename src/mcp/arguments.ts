import { isJsonObject, type Json, type JsonObject } from '../json/value.ts';

/**
 * A tool's arguments as plain JSON, so that rules judge what the tool is about to use. Members that are undefined count as
 * absent, as they would on the wire.
 * @throws for what JSON cannot hold (a Date, a Map, NaN): rules would judge something else than the tool uses
 */
export function plainArguments(value: unknown): JsonObject {
  const plain = plainJson(value, 0);
  if (isJsonObject(plain)) return plain;
  throw new TypeError('expected arguments to be an object: hand on what the tool was called with');
}

/** Levels; as deep as a message may be. */
const MAX_DEPTH = 32;

function plainJson(value: unknown, depth: number): Json {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string' && value.isWellFormed()) return value;
  // An integer beyond ±(2^53−1) is not the one that the client wrote (contract 2).
  if (typeof value === 'number' && (Number.isSafeInteger(value) || (Number.isFinite(value) && value % 1 !== 0)))
    return value;
  if (typeof value !== 'object' || depth >= MAX_DEPTH) throw noJson();
  if (Array.isArray(value)) return value.map((item) => plainJson(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw noJson();
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, plainJson(member, depth + 1)]));
}

const noJson = () =>
  new TypeError('expected arguments that JSON can hold, found others: authorize before they are transformed');
