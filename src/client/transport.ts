/** One request and its whole answer within the deadline, or why not. Never throws, and asks never twice. */
import { type ClientProblem, notAudgates } from './problem.ts';

/** As much of `fetch` as is used. */
export type Fetch = (
  url: string,
  init: {
    readonly method: 'POST';
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly redirect: 'manual';
    readonly signal: AbortSignal;
  },
) => Promise<Response>;

export interface TransportParts {
  readonly fetch: Fetch;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds for all of it: connection, question, and the answer's last byte. */
  readonly timeout_ms: number;
}

export type Answered =
  | { readonly ok: true; readonly status: number; readonly value: unknown }
  | { readonly ok: false; readonly problem: ClientProblem };

/** Bytes of an answer: lists of ten thousand tools fit. */
const MAX_BYTES = 4 * 1024 * 1024;

export async function post(url: string, body: string, parts: TransportParts): Promise<Answered> {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  // Its own promise, because whatever fetch was given may overlook the signal.
  const late = new Promise<Answered>((resolve) => {
    timer = setTimeout(() => {
      resolve(failed('timeout', `audgate did not answer within ${parts.timeout_ms} ms. Refuse the call.`));
      controller.abort();
    }, parts.timeout_ms);
  });
  const answered = send(url, body, parts, controller.signal).catch((error: unknown) => unreachable(error));
  try {
    return await Promise.race([answered, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function send(url: string, body: string, parts: TransportParts, signal: AbortSignal): Promise<Answered> {
  const { fetch, headers } = parts;
  // Elsewhere nobody is to see the token.
  const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
  const { status } = response;
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    await response.body?.cancel();
    return { ok: false, problem: notAudgates(status, 'a redirect, which is not followed') };
  }
  const text = await readText(response);
  if (text === null) return { ok: false, problem: notAudgates(status, 'no text of a decision’s size in UTF-8') };
  return { ok: true, status, value: parsed(text) };
}

/** @returns null when it is too long, or no UTF-8 */
async function readText(response: Response): Promise<string | null> {
  if (response.body === null) return '';
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let size = 0;
  try {
    for await (const piece of response.body) {
      size += piece.byteLength;
      if (size > MAX_BYTES) return null;
      text += decoder.decode(piece, { stream: true });
    }
    return text + decoder.decode();
  } catch (error) {
    if (error instanceof TypeError && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      return null;
    throw error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Of what was thrown only the system's code is told: messages quote headers, and so keys. */
function unreachable(error: unknown): Answered {
  const code = [error, causeOf(error)].map(codeOf).find((found) => found !== undefined);
  return failed(
    'unreachable',
    `audgate could not be reached${code === undefined ? '' : ` (${code})`}. Refuse the call.`,
  );
}

const causeOf = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined);

function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : undefined;
}

function failed(kind: 'timeout' | 'unreachable', message: string): Answered {
  return { ok: false, problem: { kind, message } };
}
