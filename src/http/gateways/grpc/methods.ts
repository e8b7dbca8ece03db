/** The methods that are served over gRPC, in the library's words. */
import { type ServerReadableStream, type sendUnaryData, status, type UntypedHandleCall } from '@grpc/grpc-js';
import { peerOfCertificate } from '../../callers/certificate.ts';
import type { Lifecycle } from '../../lifecycle.ts';
import { type CheckParts, createCheck } from './check.ts';
import { type Codecs, HEALTH } from './messages.ts';

const CHECK = 'envoy.service.auth.v3.Authorization';
/** Names that a question about health may hold; the empty one means the whole of it. */
const SERVICES: readonly string[] = ['', CHECK];
/** Milliseconds for a question about health, of some bytes, to arrive. */
const HEALTH_MS = 5000;

type Call = ServerReadableStream<Buffer, unknown>;

export interface CheckMethodParts extends CheckParts {
  readonly limits: CheckParts['limits'] & { readonly request_timeout_ms: number };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function checkService(parts: CheckMethodParts) {
  const check = createCheck(parts);
  return service(`/${CHECK}/Check`, parts.codec.encode, (call, answer) => {
    const { sslPeerCertificate } = call.getAuthContext();
    check({
      presented: {
        // Repeated ones are joined by commas, and no key of anyone then.
        key: metadataOf(call, 'x-audgate-key') ?? null,
        certificate: sslPeerCertificate === undefined ? null : peerOfCertificate(sslPeerCertificate),
      },
      server: metadataOf(call, 'x-audgate-server'),
      traceparent: metadataOf(call, 'traceparent'),
      patience: Number(call.getDeadline()) - parts.now(),
      message: () => onlyMessage(call, parts.limits.request_timeout_ms),
    }).then((response) => answer(null, response));
  });
}

/** Whether checks should be sent here; needs no key, as `/health/ready` needs none. */
export function healthService(lifecycle: Lifecycle, { decode, encode }: Codecs['health']) {
  return service('/grpc.health.v1.Health/Check', encode, (call, answer) => {
    onlyMessage(call, HEALTH_MS).then((bytes) => {
      const asked = bytes === null ? null : attempt(() => decode(bytes));
      if (asked === null) answer({ code: status.INVALID_ARGUMENT });
      else if (!SERVICES.includes(asked.service ?? '')) answer({ code: status.NOT_FOUND });
      else answer(null, { status: lifecycle.stopping ? HEALTH.not_serving : HEALTH.serving });
    });
  });
}

/**
 * One method, taken as a stream of messages, which looks the same on the wire: so nothing of a message is read before it
 * is known whose it is.
 */
function service<Response>(
  path: string,
  encode: (response: Response) => Buffer,
  handle: (call: Call, answer: sendUnaryData<Response>) => void,
) {
  const same = (bytes: Buffer) => bytes;
  const definition = {
    path,
    requestStream: true,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: encode,
    responseDeserialize: same,
  };
  const implementation: Record<string, UntypedHandleCall> = { Check: handle };
  return [{ Check: definition }, implementation] as const;
}

function metadataOf({ metadata }: Call, name: string): string | undefined {
  const values = metadata.get(name);
  return values.length === 0 ? undefined : values.map(String).join(', ');
}

/** @returns null when none came in time, or more than one */
function onlyMessage(call: Call, milliseconds: number): Promise<Buffer | null> {
  return new Promise((resolve) => {
    let first: Buffer | null = null;
    const settle = (message: Buffer | null) => {
      clearTimeout(timer);
      resolve(message);
    };
    const timer = setTimeout(() => settle(null), milliseconds);
    call.on('data', (message: Buffer) => {
      if (first !== null) settle(null);
      first ??= message;
    });
    call.on('end', () => settle(first));
    call.on('error', () => settle(null));
    call.on('cancelled', () => settle(null));
  });
}

function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
