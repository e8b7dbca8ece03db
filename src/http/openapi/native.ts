/** Paths of audgate's own API. */
import { asked, json, KEY, type Node, open, problems, RETRY_AFTER, read } from './operation.ts';

export function nativePaths(): Node {
  return {
    '/v1/decide': {
      post: asked('decide', 'Decide about one call', 'DecideRequest', {
        200: json('Decided', 'Allow or deny'),
        503: { ...json('Indeterminate', 'Nobody knows: refuse'), headers: RETRY_AFTER },
      }),
    },
    '/v1/allowed': {
      post: asked('listAllowed', 'List what a token opens at a server', 'AllowedRequest', {
        200: json('Allowed', 'What is open; empty lists with a deny'),
        503: { ...json('AllowedIndeterminate', 'Nobody knows: show nothing'), headers: RETRY_AFTER },
      }),
    },
    '/v1/explain': {
      post: asked('explain', 'Show how a call would be decided, and why', 'ExplainRequest', {
        200: json('Explanation', 'The decision and every rule’s view'),
      }),
    },
    '/v1/reach': {
      post: asked('reach', 'Tell what a token opens at every server', 'ReachRequest', {
        200: json('Reach', 'What is open, until when, and by which waiver'),
      }),
    },
    '/v1/issuance/decide': {
      post: asked('decideIssuance', 'Decide what an authorization server may issue', 'IssuanceRequest', {
        200: json('IssuanceDecided', 'Allow or deny'),
        503: { ...json('IssuanceIndeterminate', 'Nobody knows: issue nothing'), headers: RETRY_AFTER },
      }),
    },
    '/v1/events': { post: pushed() },
    '/v1/servers': { get: read('listServers', 'Servers that the caller may see', json('Servers', 'Sorted by key')) },
    '/v1/servers/{key}': {
      get: read('getServer', 'One server', json('Server', 'The record with its defaults'), [KEY], ['not_found']),
    },
    '/v1/servers/{key}/protected-resource-metadata': {
      get: open(
        'getProtectedResourceMetadata',
        'A server’s metadata (RFC 9728)',
        {
          200: json('ProtectedResourceMetadata', 'For the server to publish'),
        },
        [KEY],
        ['not_found'],
      ),
    },
    '/v1/status': {
      get: read('getStatus', 'What is in force', json('Status', 'Version, digests, reloads, keys, waivers')),
    },
    '/health/live': { get: open('isLive', 'Whether the process answers', { 200: json('Live', 'It does') }) },
    '/health/ready': {
      get: open('isReady', 'Whether requests should be sent here', {
        200: json('Ready', 'A snapshot is active'),
        503: json('Stopping', 'The service ends'),
      }),
    },
    '/openapi.json': {
      get: open('getOpenapi', 'This document', {
        200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: { type: 'object' } } } },
      }),
    },
    '/metrics': {
      get: read('getMetrics', 'Metrics for Prometheus', {
        description: 'Text format',
        content: { 'text/plain': { schema: { type: 'string' } } },
      }),
    },
  };
}

/** RFC 8935: neither question nor answer is JSON, but for what is wrong with an event. */
function pushed(): Node {
  const event = { 'application/secevent+jwt': { schema: { type: 'string' } } };
  const error = {
    type: 'object',
    properties: { err: { type: 'string' }, description: { type: 'string' } },
    required: ['err', 'description'],
  };
  return {
    operationId: 'pushEvent',
    summary: 'Take a Security Event Token, which may revoke tokens (RFC 8935)',
    requestBody: { required: true, content: event },
    responses: {
      ...problems([
        ...['caller_unknown', 'caller_not_allowed', 'not_found', 'body_too_large'],
        ...['media_type_unsupported', 'host_not_served', 'internal', 'unavailable'],
      ] as const),
      202: { description: 'Taken: what it revokes is revoked' },
      400: {
        description: 'Refused: not an event for this service',
        content: { 'application/json': { schema: error } },
      },
    },
  };
}
