/** One guarded request: bounded in time and size, never redirected. Whatever audgate asks of an issuer goes this way. */
import type { Answered, Asked } from '../../decision/request.ts';
import { refusalOf } from '../../network/refused-address.ts';

/** Bytes of an answer after content decoding: room for some fifty RSA keys with certificates. */
export const MAX_BODY_BYTES = 50 * 1024;

/** RFC 9110 §15.4, those that name another place. */
const REDIRECTS = [301, 302, 303, 307, 308];

export interface RequestParts {
  readonly fetch: typeof globalThis.fetch;
  /** For connection, headers and body together. */
  readonly timeout_ms: number;
  /** Ends the request early. */
  readonly stop: AbortSignal;
}

export async function request(asked: Asked, { fetch, timeout_ms, stop }: RequestParts): Promise<Answered> {
  const { url, media_types, form } = asked;
  const request = new AbortController();
  const abort = () => request.abort();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    abort();
  }, timeout_ms);
  stop.addEventListener('abort', abort, { once: true });
  if (stop.aborted) abort();
  try {
    const response = await fetch(url, {
      headers: { accept: media_types.join(', '), ...form?.headers },
      ...(form && { method: 'POST', body: form.body }),
      // A redirect would let whoever answers choose where the keys come from, and who gets to see the token.
      redirect: 'manual',
      signal: request.signal,
    });
    const read = await readAnswer(response, media_types);
    // Frees the connection of a body that was refused unread; after a complete one it changes nothing.
    if (!read.ok) abort();
    return read;
  } catch (error) {
    if (late) return failed(`no complete answer within ${timeout_ms} ms`);
    return failed(stop.aborted ? 'the request was stopped' : kindOf(error));
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', abort);
  }
}

async function readAnswer(response: Response, media_types: readonly string[]): Promise<Answered> {
  const { status } = response;
  if (REDIRECTS.includes(status)) return { ...failed('the answer is a redirect, which is not followed'), status };
  if (status !== 200) return { ...failed(`HTTP status ${status}; 200 is expected`), status };
  const type = response.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type === undefined || !media_types.includes(type))
    return failed(
      media_types.length === 1
        ? `the content type is not ${media_types.join()}`
        : `the content type is none of ${media_types.join(', ')}`,
    );
  const body = await readBody(response);
  return body === null
    ? failed(`the body exceeds ${MAX_BODY_BYTES} bytes`)
    : { ok: true as const, media_type: type, body };
}

/** Counts what arrives, so that neither an endless body nor a small compressed one fills the memory. */
async function readBody(response: Response): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Content-Length is not asked: it may be absent, and it may lie.
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** What went wrong, by the cause's code (`ECONNREFUSED`, `UND_ERR_SOCKET`, a TLS code): its message might hold more. */
function kindOf(error: unknown): string {
  const refusal = refusalOf(error);
  if (refusal !== undefined) return `the request was not sent: ${refusal}`;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return 'the request failed';
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
  return `the request failed (${code})`;
}

function failed(detail: string) {
  return { ok: false as const, detail };
}
