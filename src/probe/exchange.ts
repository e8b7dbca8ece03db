/** One bounded request to a server under test: never redirected, its answer cut, its headers worth something without its body. */
import { refusalOf } from '../network/refused-address.ts';

/** Bytes of an answer that are read, after content decoding. */
export const MAX_ANSWER_BYTES = 64 * 1024;

export interface ExchangeParts {
  /** Judges the address when it connects. */
  readonly fetch: typeof globalThis.fetch;
  /** For connection, headers and body together. */
  readonly timeout_ms: number;
  /** Ends it early. */
  readonly stop: AbortSignal;
}

export interface Sent {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly ok: true;
  readonly status: number;
  readonly headers: Headers;
  /** Lower case, without parameters; empty: none. */
  readonly media_type: string;
  readonly text: string;
  /** `enough`: a stream that was left when it had said what was asked. `cut`: it is longer. `broken`: it did not end in time. */
  readonly end: 'whole' | 'enough' | 'cut' | 'broken';
}

export type Exchanged = Answer | { readonly ok: false; readonly detail: string };

/** Never rejects. `detail` names the kind of failure; it holds no URL and nothing of what was sent. */
export async function exchange(sent: Sent, { fetch, timeout_ms, stop }: ExchangeParts): Promise<Exchanged> {
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
    const { method, url, headers, body } = sent;
    const response = await fetch(url, {
      method,
      headers,
      ...(body !== undefined && { body }),
      redirect: 'manual',
      signal: request.signal,
    });
    const media_type = response.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
    const { text, end } = await readAnswer(response, media_type);
    return { ok: true, status: response.status, headers: response.headers, media_type, text, end };
  } catch (error) {
    if (late) return { ok: false, detail: `no answer within ${timeout_ms} ms` };
    return { ok: false, detail: stop.aborted ? 'the request was stopped' : kindOf(error) };
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', abort);
    // Frees the connection of an answer that was left unread; after a whole one it changes nothing.
    abort();
  }
}

async function readAnswer(response: Response, media_type: string): Promise<Pick<Answer, 'text' | 'end'>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const text = () => Buffer.concat(chunks).toString('utf8', 0, MAX_ANSWER_BYTES);
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > MAX_ANSWER_BYTES) return { text: text(), end: 'cut' };
      if (media_type === EVENT_STREAM && messageOf(text()) !== null) return { text: text(), end: 'enough' };
    }
    return { text: text(), end: 'whole' };
  } catch {
    // Status and headers have come: they are an answer.
    return { text: text(), end: 'broken' };
  }
}

export const EVENT_STREAM = 'text/event-stream';

/**
 * The data of the first whole event that holds a JSON-RPC answer, whose `id` comes with `result` or `error` (WHATWG HTML §9.2);
 * notifications before it are passed over.
 */
export function messageOf(stream: string): string | null {
  for (const event of stream.split(/\r\n\r\n|\n\n|\r\r/).slice(0, -1)) {
    const lines = event.split(/\r\n|\n|\r/).filter((line) => line.startsWith('data:'));
    const data = lines.map((line) => line.slice('data:'.length).replace(/^ /, '')).join('\n');
    if (/"(?:result|error)"\s*:/.test(data)) return data;
  }
  return null;
}

function kindOf(error: unknown): string {
  const refusal = refusalOf(error);
  if (refusal !== undefined) {
    // Behind the colon stands what an issuer's record may say; here an option does.
    const [said = ''] = refusal.split(': ');
    const hint = said.includes('not public') ? ' (--allow-private-network, if that is meant)' : '';
    return `the request was not sent: ${said}${hint}`;
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return 'the request failed';
  return `the request failed (${'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name})`;
}
