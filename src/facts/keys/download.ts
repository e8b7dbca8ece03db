/** One guarded request for a key set. Every failure is a value; its text names the kind and holds no URL, body or key. */
import { readJson } from '../../json/read.ts';
import { isJsonObject, type Json } from '../../json/value.ts';

export type Download =
  | { readonly ok: true; readonly members: readonly Json[] }
  | { readonly ok: false; readonly detail: string };

/** Bytes of a key set after content decoding: room for some fifty RSA keys with certificates. */
export const MAX_BODY_BYTES = 50 * 1024;
/** A set is an object of an array of objects; certificates chains and the like add little. */
const MAX_DEPTH = 16;
const MEDIA_TYPES = ['application/json', 'application/jwk-set+json'];

/**
 * @param url from the registry, never from a token
 * @param timeout_ms for connection, headers and body together
 * @param stop ends the request early
 */
export async function download(
  url: string,
  parts: { readonly fetch: typeof globalThis.fetch; readonly timeout_ms: number; readonly stop: AbortSignal },
): Promise<Download> {
  const { timeout_ms, stop } = parts;
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
    const response = await parts.fetch(url, {
      headers: { accept: MEDIA_TYPES.join(', ') },
      // A redirect would let whoever answers choose where the keys come from.
      redirect: 'error',
      signal: request.signal,
    });
    const read = await readSet(response);
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

async function readSet(response: Response): Promise<Download> {
  if (response.status !== 200) return failed(`HTTP status ${response.status}; 200 is expected`);
  const type = response.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type === undefined || !MEDIA_TYPES.includes(type))
    return failed(`the content type is none of ${MEDIA_TYPES.join(', ')}`);
  const body = await readBody(response);
  if (body === null) return failed(`the body exceeds ${MAX_BODY_BYTES} bytes`);
  const json = readJson(body, { depth: MAX_DEPTH });
  if (!json.ok) return failed('the body is not well-formed JSON');
  if (!isJsonObject(json.value) || !Array.isArray(json.value.keys))
    return failed('the JSON is no key set (RFC 7517 §5)');
  return { ok: true, members: json.value.keys };
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
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return 'the request failed';
  if (cause.message === 'unexpected redirect') return 'the answer is a redirect, which is not followed';
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
  return `the request failed (${code})`;
}

function failed(detail: string): Download {
  return { ok: false, detail };
}
