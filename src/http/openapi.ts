/** The OpenAPI 3.1 document, made from the schemas that validate. Nothing in it is written twice. */
import { z } from 'zod';
import * as answers from './native/answers.ts';
import { decideRequest, explainRequest } from './native/schema.ts';
import { PROBLEMS, type ProblemName } from './problems.ts';

type Node = Record<string, unknown>;

const SCHEMAS = {
  DecideRequest: decideRequest,
  ExplainRequest: explainRequest,
  Decided: answers.decided,
  Indeterminate: answers.indeterminate,
  Explanation: answers.explanation,
  Problem: answers.problem,
  Servers: answers.servers,
  Server: answers.server,
  ProtectedResourceMetadata: answers.metadata,
  Status: answers.status,
  Live: answers.live,
  Ready: answers.ready,
  Stopping: answers.stopping,
};
type SchemaName = keyof typeof SCHEMAS;

/** What any request may get, and what any request of a caller may get besides. */
const ANY: readonly ProblemName[] = ['invalid_request', 'host_not_served', 'internal'];
const OF_CALLERS: readonly ProblemName[] = ['caller_unknown', 'caller_not_allowed'];
const OF_BODIES: readonly ProblemName[] = ['body_too_large', 'media_type_unsupported'];

export function createOpenapi(version: string): Node {
  return {
    openapi: '3.1.0',
    info: {
      title: 'audgate',
      version,
      description:
        'Decides, for one call to one MCP server, whether the access token that came with it was issued for that server. ' +
        'Without configured callers only requests to a loopback name are served, and no key is needed.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: {
      '/v1/decide': {
        post: asked('decide', 'Decide about one call', 'DecideRequest', {
          200: json('Decided', 'Allow or deny'),
          503: { ...json('Indeterminate', 'Nobody knows: refuse'), headers: RETRY_AFTER },
        }),
      },
      '/v1/explain': {
        post: asked('explain', 'Show how a call would be decided, and why', 'ExplainRequest', {
          200: json('Explanation', 'The decision and every rule’s view'),
        }),
      },
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
            ...problems(['not_found']),
          },
          [KEY],
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
    },
    components: {
      schemas: Object.fromEntries(Object.entries(SCHEMAS).map(([name, schema]) => [name, jsonSchema(schema)])),
      securitySchemes: SECURITY,
    },
    // The empty alternative: with no callers configured nothing is asked for.
    security: [{ callerKey: [] }, { callerBearer: [] }, { callerCertificate: [] }, {}],
  };
}

/** How callers are known (contract 3). */
const SECURITY = {
  callerKey: { type: 'apiKey', in: 'header', name: 'X-Audgate-Key' },
  callerBearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'The same key, where Authorization is not a gateway’s client’s; never beside X-Audgate-Key',
  },
  callerCertificate: {
    type: 'mutualTLS',
    description: 'A client certificate that tls.client_ca verifies; beside a key only if both are the same caller’s',
  },
};

const KEY = { name: 'key', in: 'path', required: true, description: 'Registry key', schema: { type: 'string' } };
const RETRY_AFTER = { 'Retry-After': { description: 'Seconds', required: true, schema: { type: 'integer' } } };

function jsonSchema(schema: z.ZodType): Node {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { unrepresentable: 'any' });
  return rest;
}

function asked(operationId: string, summary: string, body: SchemaName, responses: Node): Node {
  return {
    operationId,
    summary,
    requestBody: { required: true, content: { 'application/json': { schema: reference(body) } } },
    responses: { ...responses, ...problems([...ANY, ...OF_CALLERS, ...OF_BODIES]) },
  };
}

function read(
  operationId: string,
  summary: string,
  answer: Node,
  parameters: readonly Node[] = [],
  also: readonly ProblemName[] = [],
): Node {
  return {
    operationId,
    summary,
    parameters,
    responses: { 200: answer, ...problems([...ANY, ...OF_CALLERS, ...also]) },
  };
}

function open(operationId: string, summary: string, responses: Node, parameters: readonly Node[] = []): Node {
  return { operationId, summary, security: [], parameters, responses: { ...responses, ...problems(ANY) } };
}

const reference = (name: SchemaName) => ({ $ref: `#/components/schemas/${name}` });

function json(name: SchemaName, description: string): Node {
  return { description, content: { 'application/json': { schema: reference(name) } } };
}

function problems(names: readonly ProblemName[]): Node {
  const answer = (name: ProblemName) => ({
    description: PROBLEMS[name].title,
    content: { 'application/problem+json': { schema: reference('Problem') } },
  });
  return Object.fromEntries(names.map((name) => [PROBLEMS[name].status, answer(name)]));
}
