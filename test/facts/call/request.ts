/** JSON-RPC requests, and what is read of them. */
import { readCall } from '../../../src/facts/call/read.ts';
import type { Json, JsonObject } from '../../../src/json/value.ts';

export const readMessage = (message: Json, custom_rules = false) =>
  readCall({ source: { kind: 'message', message } }, { custom_rules, call_from: 'body' });
export const request = (method: string, params?: Json, more: JsonObject = {}): JsonObject => ({
  jsonrpc: '2.0',
  id: 1,
  method,
  ...(params === undefined ? {} : { params }),
  ...more,
});
export const callOf = (message: Json, custom_rules = false) => {
  const reading = readMessage(message, custom_rules);
  return reading.ok ? reading.call : reading.reasons.map(({ code }) => code);
};
