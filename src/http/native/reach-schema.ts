/** The body of `/v1/reach`. */
import { z } from 'zod';
import type { JsonProblem } from '../../json/locate.ts';
import { isJsonObject, type JsonObject } from '../../json/value.ts';
import { explainRequest } from './schema.ts';

export const reachRequest = z
  .strictObject({
    token: z
      .string()
      .min(1, { error: 'must be an access token: to ask about claims alone, send claims' })
      .exactOptional()
      .describe('The access token. It is verified as a decision verifies it.'),
    claims: z
      .custom<JsonObject>(isJsonObject, { error: 'must be an object' })
      .exactOptional()
      .meta({ type: 'object', additionalProperties: true })
      .describe('Claims that a token might have. Nobody verifies them, and the answer says so.'),
    at: explainRequest.shape.at,
  })
  .describe('Exactly one of token and claims.');

const ALL_SERVERS = 'is not for /v1/reach, which asks about every server and all calls: ask /v1/decide about one';
export const REACH_NOTES = {
  '/server': ALL_SERVERS,
  '/call': ALL_SERVERS,
  '/proof':
    'is not for /v1/reach: a proof is for one request, and the answer says where one is needed. Ask /v1/allowed with it about one server',
  '/scheme': 'is not for /v1/reach: the answer says where a proof is needed',
};

/** What no single member of a request shows. */
export function reachContradictions(request: unknown): readonly JsonProblem[] {
  if (!isJsonObject(request)) return [];
  const given = ['token', 'claims'].filter((name) => Object.hasOwn(request, name));
  if (given.length === 1) return [];
  const found = given.length === 0 ? 'holds neither token nor claims' : 'holds token and claims';
  return [{ pointer: '', message: `${found}: send exactly one of them` }];
}
