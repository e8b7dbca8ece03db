/**
 * Asks audgate as Envoy does: a gRPC client with the published types of `envoy.service.auth.v3`, where audgate's own reading
 * of them takes bytes for strings.
 */
import { ChannelCredentials, Client, Metadata, type ServiceError } from '@grpc/grpc-js';
import { fromJSON, type MethodDefinition } from '@grpc/proto-loader';
import { onTestFinished } from 'vitest';

type Field = readonly [type: string, id: number, more?: { readonly keyType: string } | { readonly rule: string }];
const message = (fields: Readonly<Record<string, Field>>) => ({
  fields: Object.fromEntries(Object.entries(fields).map(([name, [type, id, more]]) => [name, { type, id, ...more }])),
});
const ACTIONS = { APPEND_IF_EXISTS_OR_ADD: 0, ADD_IF_ABSENT: 1, OVERWRITE_IF_EXISTS_OR_ADD: 2, OVERWRITE_IF_EXISTS: 3 };

const NAMESPACE = {
  nested: {
    CheckRequest: message({ attributes: ['AttributeContext', 1] }),
    AttributeContext: message({
      source: ['Peer', 1],
      request: ['Request', 4],
      context_extensions: ['string', 10, { keyType: 'string' }],
    }),
    Peer: message({ address: ['Address', 1], principal: ['string', 4], certificate: ['string', 5] }),
    Address: message({ socket_address: ['SocketAddress', 1] }),
    SocketAddress: message({ protocol: ['int32', 1], address: ['string', 2], port_value: ['uint32', 3] }),
    Request: message({ http: ['HttpRequest', 2] }),
    HttpRequest: message({
      id: ['string', 1],
      method: ['string', 2],
      headers: ['string', 3, { keyType: 'string' }],
      path: ['string', 4],
      host: ['string', 5],
      scheme: ['string', 6],
      size: ['int64', 9],
      protocol: ['string', 10],
      body: ['string', 11],
      raw_body: ['bytes', 12],
      header_map: ['HeaderMap', 13],
    }),
    HeaderMap: message({ headers: ['HeaderValue', 1, { rule: 'repeated' }] }),
    HeaderValue: message({ key: ['string', 1], value: ['string', 2], raw_value: ['bytes', 3] }),
    CheckResponse: {
      ...message({
        status: ['Status', 1],
        denied_response: ['DeniedHttpResponse', 2],
        ok_response: ['OkHttpResponse', 3],
        error_response: ['DeniedHttpResponse', 5],
      }),
      oneofs: { http_response: { oneof: ['denied_response', 'ok_response', 'error_response'] } },
    },
    Status: message({ code: ['int32', 1], message: ['string', 2] }),
    DeniedHttpResponse: message({
      status: ['HttpStatus', 1],
      headers: ['HeaderValueOption', 2, { rule: 'repeated' }],
      body: ['string', 3],
    }),
    HttpStatus: message({ code: ['int32', 1] }),
    OkHttpResponse: message({
      headers: ['HeaderValueOption', 2, { rule: 'repeated' }],
      headers_to_remove: ['string', 5, { rule: 'repeated' }],
      response_headers_to_add: ['HeaderValueOption', 6, { rule: 'repeated' }],
    }),
    HeaderValueOption: message({
      header: ['HeaderValue', 1],
      append: ['BoolValue', 2],
      append_action: ['HeaderAppendAction', 3],
    }),
    HeaderAppendAction: { values: ACTIONS },
    BoolValue: message({ value: ['bool', 1] }),
    HealthCheckRequest: message({ service: ['string', 1] }),
    HealthCheckResponse: message({ status: ['ServingStatus', 1] }),
    ServingStatus: { values: { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2 } },
    Methods: {
      methods: {
        Check: { requestType: 'CheckRequest', responseType: 'CheckResponse', comment: '' },
        Health: { requestType: 'HealthCheckRequest', responseType: 'HealthCheckResponse', comment: '' },
      },
    },
  },
};

export interface HeaderValueOption {
  readonly header: { readonly key: string; readonly value: string };
  readonly append?: { readonly value: boolean };
  readonly append_action?: string;
}

export interface CheckResponse {
  readonly status: { readonly code?: number };
  readonly denied_response?: {
    readonly status: { readonly code: number };
    readonly headers?: readonly HeaderValueOption[];
    readonly body?: string;
  };
  readonly ok_response?: {
    readonly headers?: readonly HeaderValueOption[];
    readonly headers_to_remove?: readonly string[];
    readonly response_headers_to_add?: readonly HeaderValueOption[];
  };
}

/** Members of `AttributeContext.HttpRequest`. */
export interface Http {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly header_map?: { readonly headers: readonly { readonly key: string; readonly raw_value: Buffer }[] };
  readonly size?: number;
  readonly body?: string;
  readonly raw_body?: Uint8Array;
}

export interface Check {
  readonly http?: Http;
  /** `context_extensions` of the route. */
  readonly route?: Readonly<Record<string, string>>;
  /** `initial_metadata` of the gRPC service. */
  readonly metadata?: readonly (readonly [name: string, value: string])[];
  /** Address of the client. */
  readonly from?: string;
  /** Of the client's connection, percent-encoded PEM. */
  readonly certificate?: string;
  /** Milliseconds. */
  readonly timeout?: number;
}

export interface Envoy {
  check(check: Check): Promise<CheckResponse>;
  /** The message's bytes as given. */
  checkRaw(bytes: Buffer, metadata?: Check['metadata']): Promise<CheckResponse>;
  health(service?: string): Promise<{ readonly status?: string }>;
  close(): void;
}

/** What audgate's certificate must be for, over TLS. */
export const SERVER_NAME = 'audgate.example';

/** @param address `HOST:PORT` or `unix:PATH` */
export function envoyAt(address: string, credentials = ChannelCredentials.createInsecure()): Envoy {
  const { Methods } = fromJSON(NAMESPACE, { keepCase: true, longs: Number, enums: String });
  const methods = Methods as unknown as Readonly<Record<string, MethodDefinition<object, object>>>;
  const client = new Client(address, credentials, {
    // A client for each: else those of the same address share their connection, and its certificate.
    'grpc.use_local_subchannel_pool': 1,
    // Of its certificate: the library asks for no address.
    'grpc.ssl_target_name_override': SERVER_NAME,
    'grpc.max_send_message_length': -1,
  });
  onTestFinished(() => client.close());
  const ask = <T>(
    path: string,
    name: string,
    request: object,
    { metadata = [], timeout = 20_000 }: Pick<Check, 'metadata' | 'timeout'>,
    raw?: Buffer,
  ) =>
    new Promise<T>((resolve, reject) => {
      const method = methods[name];
      if (method === undefined) throw new Error(`no method ${name}`);
      const sent = new Metadata();
      for (const [key, value] of metadata) sent.add(key, value);
      client.makeUnaryRequest(
        path,
        (value: object) => raw ?? method.requestSerialize(value),
        (bytes) => method.responseDeserialize(bytes) as T,
        request,
        sent,
        { deadline: Date.now() + timeout },
        (error: ServiceError | null, response?: T) =>
          error !== null || response === undefined ? reject(error) : resolve(response),
      );
    });
  const CHECK = '/envoy.service.auth.v3.Authorization/Check';
  return {
    check: ({ http = {}, route, from = '192.0.2.7', certificate = '', ...options }) => {
      const source = { address: { socket_address: { address: from, port_value: 40_000 } }, certificate };
      const attributes = { source, request: { http }, ...(route && { context_extensions: route }) };
      return ask(CHECK, 'Check', { attributes }, options);
    },
    checkRaw: (bytes, metadata = []) => ask(CHECK, 'Check', {}, { metadata }, bytes),
    health: (service = '') => ask('/grpc.health.v1.Health/Check', 'Health', { service }, {}),
    close: () => client.close(),
  };
}

/** Headers of an answer by name; the values of one are joined as Envoy does it. */
export function headersOf(options: readonly HeaderValueOption[] = []): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const { header, append } of options) {
    const before = headers[header.key];
    headers[header.key] = append?.value && before !== undefined ? `${before},${header.value}` : header.value;
  }
  return headers;
}
