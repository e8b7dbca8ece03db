/**
 * The messages of Envoy's external authorization, `envoy.service.auth.v3`, and of `grpc.health.v1`: the members that audgate
 * reads or writes, with their published numbers. Others are passed over, as protocol buffers have it.
 */
import { type AnyDefinition, fromJSON, type ServiceDefinition } from '@grpc/proto-loader';

/**
 * What a client wrote stands here as bytes, though the published type is a string: both look the same on the wire, and
 * reading bytes as UTF-8 would put other characters in place of those that are none.
 */
const BYTES = 'bytes';

type Field = readonly [type: string, id: number, more?: { readonly keyType: string } | { readonly rule: string }];
const message = (fields: Readonly<Record<string, Field>>) => ({
  fields: Object.fromEntries(Object.entries(fields).map(([name, [type, id, more]]) => [name, { type, id, ...more }])),
});
const MAP = { keyType: 'string' };
const LIST = { rule: 'repeated' };

const NAMESPACE = {
  nested: {
    CheckRequest: message({ attributes: ['Attributes', 1] }),
    Attributes: message({ source: ['Peer', 1], request: ['Request', 4], context_extensions: ['string', 10, MAP] }),
    Peer: message({ address: ['Address', 1], certificate: ['string', 5] }),
    Address: message({ socket_address: ['SocketAddress', 1] }),
    SocketAddress: message({ address: ['string', 2] }),
    Request: message({ http: ['HttpRequest', 2] }),
    HttpRequest: message({
      method: [BYTES, 2],
      headers: [BYTES, 3, MAP],
      path: [BYTES, 4],
      size: ['int64', 9],
      body: [BYTES, 11],
      raw_body: [BYTES, 12],
      header_map: ['HeaderMap', 13],
    }),
    HeaderMap: message({ headers: ['SentHeader', 1, LIST] }),
    SentHeader: message({ key: ['string', 1], value: [BYTES, 2], raw_value: [BYTES, 3] }),

    CheckResponse: message({
      status: ['Status', 1],
      denied_response: ['DeniedResponse', 2],
      ok_response: ['OkResponse', 3],
    }),
    Status: message({ code: ['int32', 1] }),
    DeniedResponse: message({ status: ['HttpStatus', 1], headers: ['HeaderOption', 2, LIST], body: ['string', 3] }),
    HttpStatus: message({ code: ['int32', 1] }),
    OkResponse: message({
      headers: ['HeaderOption', 2, LIST],
      headers_to_remove: ['string', 5, LIST],
      response_headers_to_add: ['HeaderOption', 6, LIST],
    }),
    HeaderOption: message({ header: ['Header', 1], append: ['BoolValue', 2], append_action: ['int32', 3] }),
    Header: message({ key: ['string', 1], value: ['string', 2] }),
    BoolValue: message({ value: ['bool', 1] }),

    HealthRequest: message({ service: ['string', 1] }),
    HealthResponse: message({ status: ['int32', 1] }),
    Methods: {
      methods: {
        Check: { requestType: 'CheckRequest', responseType: 'CheckResponse', comment: '' },
        Health: { requestType: 'HealthRequest', responseType: 'HealthResponse', comment: '' },
      },
    },
  },
};

/** `google.rpc.Code` */
export const CODE = { ok: 0, permission_denied: 7, unauthenticated: 16 } as const;
/** `HeaderValueOption.HeaderAppendAction` */
export const OVERWRITE_IF_EXISTS_OR_ADD = 2;
/** `HealthCheckResponse.ServingStatus` */
export const HEALTH = { serving: 1, not_serving: 2 } as const;

export interface SentHeader {
  readonly key?: string;
  readonly value?: Buffer;
  readonly raw_value?: Buffer;
}

export interface HttpRequest {
  readonly method?: Buffer;
  readonly headers?: Readonly<Record<string, Buffer>>;
  readonly header_map?: { readonly headers?: readonly SentHeader[] };
  readonly path?: Buffer;
  /** Bytes of the body; -1: unknown. */
  readonly size?: number;
  readonly body?: Buffer;
  readonly raw_body?: Buffer;
}

export interface CheckRequest {
  readonly attributes?: {
    readonly source?: {
      readonly address?: { readonly socket_address?: { readonly address?: string } };
      /** Percent-encoded PEM; empty: none, or Envoy was not told to hand it on. */
      readonly certificate?: string;
    };
    readonly request?: { readonly http?: HttpRequest };
    readonly context_extensions?: Readonly<Record<string, string>>;
  };
}

export interface HeaderOption {
  readonly header: { readonly key: string; readonly value: string };
  /** Of old; Envoys before 2026 know for the upstream's headers nothing else, and take its absence for "overwrite". */
  readonly append?: { readonly value: boolean };
  readonly append_action?: number;
}

export interface CheckResponse {
  readonly status: { readonly code: number };
  readonly denied_response?: {
    readonly status: { readonly code: number };
    readonly headers: readonly HeaderOption[];
    readonly body: string;
  };
  readonly ok_response?: {
    readonly headers: readonly HeaderOption[];
    readonly headers_to_remove: readonly string[];
    readonly response_headers_to_add?: readonly HeaderOption[];
  };
}

export interface HealthRequest {
  readonly service?: string;
}
export interface HealthResponse {
  readonly status: number;
}

interface Codec<Request, Response> {
  /** @throws for bytes that are no such message */
  readonly decode: (bytes: Buffer) => Request;
  readonly encode: (response: Response) => Buffer;
}

export interface Codecs {
  readonly check: Codec<CheckRequest, CheckResponse>;
  readonly health: Codec<HealthRequest, HealthResponse>;
}

export function createCodecs(): Codecs {
  const service = fromJSON(NAMESPACE, { keepCase: true, longs: Number }).Methods;
  if (service === undefined || !isService(service)) throw new Error('the service of these messages stands beside them');
  return { check: codec(service.Check), health: codec(service.Health) };
}

/** Only a service has members that are methods; a message or enum has a format. */
function isService(definition: AnyDefinition): definition is ServiceDefinition {
  return !('format' in definition && typeof definition.format === 'string');
}

/** The schema above says what the types say; nothing else ties them. */
function codec<Request extends object, Response extends object>(
  method: ServiceDefinition[string] | undefined,
): Codec<Request, Response> {
  if (method === undefined) throw new Error('the methods of these messages stand beside them');
  return {
    decode: (bytes) => method.requestDeserialize(bytes) as Request,
    encode: (response) => method.responseSerialize(response),
  };
}
