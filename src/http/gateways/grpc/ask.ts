/** From Envoy's check to the question, in the words of `decide/`. */
import { isIP } from 'node:net';
import type { Ask } from '../../../decide/ask.ts';
import { readCredentials } from '../../../decide/credentials.ts';
import type { ProofSource } from '../../../decision/facts.ts';
import type { KnownCaller } from '../../callers/identify.ts';
import { HOSTILE_PATH, proofOf } from '../ask.ts';
import { judgeClientBody } from '../body.ts';
import { callHeaders, onlyValue, type SentHeaders, sentHeaders, valuesOf } from '../headers.ts';
import { isHostile } from '../target.ts';
import type { CheckRequest, HttpRequest } from './messages.ts';

/**
 * What Envoy says of the body beside it. The length is the client's own, where Envoy is told to hand it on. NOT found: with
 * `allow_partial_message: true` Envoy calls a body whole of which exactly `max_request_bytes` had arrived, though a chunked
 * one may go on (measured, Envoy 1.40); so that setting must be false wherever a body is judged.
 */
const BODY = { partial: 'x-envoy-auth-partial-body', length: 'content-length' };

/** Of Envoy's route, in the check's `context_extensions`, which no client can write. */
export function serverOfRoute({ attributes }: CheckRequest): string | undefined {
  return own(attributes?.context_extensions, 'audgate_server');
}

/** Headers of the client, as it sent them where Envoy hands them on raw (`encode_raw_headers`), else joined by commas. */
export function clientHeaders({ headers = {}, header_map }: HttpRequest): SentHeaders {
  const sent =
    header_map === undefined
      ? Object.entries(headers)
      : (header_map.headers ?? []).map(
          ({ key = '', value, raw_value }) => [key, raw_value?.length ? raw_value : value] as const,
        );
  // Latin-1, as Node shows those of HTTP: one character a byte.
  return sentHeaders(sent.flatMap(([name, value]) => [name, latin1(value)]));
}

/**
 * @param caller says where its client's certificate stands, if it forwards any
 * @param limit bytes of the client's body
 */
export function readCheck(
  check: CheckRequest,
  server: string,
  caller: Pick<KnownCaller, 'client_certificates'>,
  sent: SentHeaders,
  limit: number,
): Ask {
  const { source, request } = check.attributes ?? {};
  const http = request?.http ?? {};
  const target = latin1(http.path);
  const client_ip = source?.address?.socket_address?.address ?? '';
  const request_id = onlyValue(sent, 'x-request-id');
  return {
    server: { key: server },
    ...readCredentials(valuesOf(sent, 'authorization')),
    source: { kind: 'request', method: latin1(http.method), body: bodyOf(http, sent, limit) },
    headers: callHeaders(sent),
    ...proofOf(sent, caller, certificateOf(check, caller)),
    target,
    ...(isHostile(target) && { malformed: HOSTILE_PATH }),
    context: {
      ...(isIP(client_ip) !== 0 && { client_ip }),
      ...(request_id !== undefined && { request_id }),
    },
    door: 'audgate/gateways/envoy-grpc',
  };
}

/**
 * Of Envoy's own connection, where `include_peer_certificate: true` hands it on: a member of the question, which is what the
 * form `json` says. Not beside a header: behind another proxy the two are of two connections, and one must be meant.
 */
function certificateOf(
  { attributes }: CheckRequest,
  { client_certificates: form }: Pick<KnownCaller, 'client_certificates'>,
): Pick<ProofSource, 'certificate'> | undefined {
  const { certificate = '' } = attributes?.source ?? {};
  return form !== 'json' || certificate === '' ? undefined : { certificate: { form: 'nginx', values: [certificate] } };
}

function bodyOf({ raw_body, body, size = -1 }: HttpRequest, sent: SentHeaders, limit: number) {
  const bytes = raw_body?.length ? raw_body : (body ?? Buffer.alloc(0));
  const judged = judgeClientBody(bytes, sent, BODY, limit);
  if (judged.kind === 'partial' || size < 0 || size === bytes.length) return judged;
  const why = `arrived with ${bytes.length} bytes, of ${size} that the gateway had received`;
  return { kind: 'partial', why } as const;
}

const latin1 = (bytes: Buffer | undefined) => bytes?.toString('latin1') ?? '';

function own(map: Readonly<Record<string, string>> | undefined, name: string): string | undefined {
  return map !== undefined && Object.hasOwn(map, name) ? map[name] : undefined;
}
