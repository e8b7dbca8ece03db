/** Paths of what is not audgate's own API: AuthZEN, OPA's Data API, and the doors that are read by their status. */
import { IDENTITY_HEADERS } from '../../decide/identity.ts';
import { WELL_KNOWN } from '../authzen/metadata.ts';
import { PROFILES } from '../gateways/profiles.ts';
import { asked, body, json, KEY, MESSAGE, type Node, OPA, open, problems, reference } from './operation.ts';

/** Authorization is the gateway's client's. */
const BY_HEADER = [{ callerKey: [] }, { callerCertificate: [] }, {}];
const REQUEST_ID = {
  name: 'X-Request-ID',
  in: 'header',
  description: 'Comes back with the answer, and stands in the record',
  schema: { type: 'string', maxLength: 512 },
};
const TEXT = { 'text/plain': { schema: { type: 'string' } } };
/** A decision is text; what is refused before it is a problem. */
const REFUSAL = { ...TEXT, 'application/problem+json': { schema: reference('Problem') } };
/** `header_mismatch` has the JSON-RPC error that MCP asks for. */
const MALFORMED = { ...REFUSAL, 'application/json': { schema: { type: 'object' } } };

const header = (description: string, required = true) => ({ description, required, schema: { type: 'string' } });
const DECISION_ID = { 'x-audgate-decision-id': header('Of the decision and its record') };
const IDENTITY = Object.fromEntries(IDENTITY_HEADERS.map((name) => [name, header('For the server; may be empty')]));

/** What a door that is read by its status answers; what is 403 may also be that nobody knows. */
const BY_STATUS: Node = {
  200: { description: 'Allowed', headers: { ...DECISION_ID, ...IDENTITY }, content: TEXT },
  400: { description: 'Refused: the client’s request is malformed', content: MALFORMED },
  401: {
    description: 'Refused: the challenge for the client; or the caller is unknown',
    headers: { 'www-authenticate': header('For the client') },
    content: REFUSAL,
  },
  403: {
    description: 'Refused; or nobody knows, with Retry-After; or the caller may not ask',
    headers: { 'Retry-After': header('Seconds, where nobody knows', false) },
    content: REFUSAL,
  },
};

export function apiPaths(): Node {
  return {
    '/v1/enforce': {
      post: {
        ...asked(
          'enforce',
          'Decide about one call, answered as the gateway answers its client',
          'DecideRequest',
          BY_STATUS,
        ),
        responses: {
          ...problems(['body_too_large', 'media_type_unsupported', 'host_not_served', 'internal']),
          ...BY_STATUS,
        },
        security: BY_HEADER,
      },
    },
    '/v1/gateways/{profile}/{key}': Object.fromEntries(
      ['get', 'post', 'delete'].map((method) => [method, adapter(method)]),
    ),
    '/v1/data/audgate/decide': {
      post: asked(
        'queryData',
        'OPA’s Data API: decide about one call',
        'DataRequest',
        {
          200: json('DataAnswer', 'The decision as a result; without input none, as OPA has it'),
        },
        OPA,
      ),
    },
    '/access/v1/evaluation': {
      post: withRequestId(
        asked(
          'evaluate',
          'AuthZEN: decide about one call',
          'EvaluationRequest',
          { 200: json('Evaluated', 'The decision') },
          MESSAGE,
        ),
      ),
    },
    '/access/v1/evaluations': {
      post: withRequestId(
        asked(
          'evaluateAll',
          'AuthZEN: decide about several calls',
          'EvaluationsRequest',
          {
            200: json('EvaluatedEither', 'The decisions in order; without a list the one decision'),
          },
          MESSAGE,
        ),
      ),
    },
    [WELL_KNOWN]: {
      get: open(
        'getAuthzenMetadata',
        'AuthZEN’s metadata of this service',
        {
          200: { description: 'Below public_url', content: body('AuthzenMetadata') },
        },
        [],
        ['not_found'],
      ),
    },
  };
}

function adapter(method: string): Node {
  return {
    operationId: `ask${method.charAt(0).toUpperCase()}${method.slice(1)}`,
    summary: 'Decide about a gateway’s client’s request',
    description:
      'Any method. What follows the key is the client’s target where the profile says so, and may have any number of ' +
      'segments. Headers are the client’s, and those of the profile; the body is the client’s. See docs/gateways.md.',
    parameters: [
      { name: 'profile', in: 'path', required: true, schema: { type: 'string', enum: [...PROFILES.keys()] } },
      KEY,
    ],
    ...(method === 'post' && {
      requestBody: { description: 'The client’s body, byte for byte', content: { '*/*': {} } },
    }),
    responses: { ...BY_STATUS, ...problems(['not_found', 'host_not_served']) },
    security: BY_HEADER,
  };
}

function withRequestId(operation: Node): Node {
  return { ...operation, parameters: [REQUEST_ID] };
}
