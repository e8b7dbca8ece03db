/** In front of a web-standard handler: `(Request) => Response`. */
import type { Admission } from './admission.ts';
import type { Answer } from './answer.ts';
import { readBody } from './body.ts';
import type { Arrived, Guard } from './guard.ts';
import { endAt } from './stream.ts';

/** The `fetch` of `createMcpHandler` (`@modelcontextprotocol/server`) is one: it takes `authInfo` from its second argument. */
export type ProtectedHandler = (request: Request, admission: Admission) => Response | Promise<Response>;

/**
 * Answers requests for the server's resource metadata, and refuses whatever is not clearly allowed; only then calls the
 * handler, with a request of the same bytes that holds neither token nor `x-audgate-*` headers. Event streams end when the
 * token does. What the handler throws is the handler's own affair.
 */
export function protect(guard: Guard, handler: ProtectedHandler): (request: Request) => Promise<Response> {
  return async (request) => {
    const admitted = await admit(guard, request);
    if (admitted instanceof Response) return admitted;
    const { admission, response_headers } = admitted;
    const answered = await handler(admitted.request, admission);
    return endAt(withHeaders(answered, response_headers), admission.valid_until, guard.now);
  };
}

export interface Admitted {
  readonly request: Request;
  readonly admission: Admission;
  readonly response_headers: Answer['headers'];
}

/** @param socket on which it came, where that is known. @returns the refusal, or what the handler gets. Never throws */
export async function admit(guard: Guard, request: Request, socket?: unknown): Promise<Admitted | Response> {
  try {
    const { method, headers } = request;
    const { pathname, search } = new URL(request.url);
    const target = `${pathname}${search}`;
    const asked = headers.get('access-control-request-headers') ?? undefined;
    const metadata = guard.metadata({ method, target, asked });
    if (metadata !== null) return responseOf(metadata);

    if (request.bodyUsed) return responseOf(guard.failed(new Error(CONSUMED), 'a request could not be judged'));
    const body = await readBody(request.body, guard.body_bytes);
    const outcome = await guard.judge({ method, target, headers: valuesOf(headers), body, socket });
    if (outcome.kind === 'refused') return responseOf(outcome.answer);
    const { admission, response_headers } = outcome;
    return { request: fresh(request, body), admission, response_headers };
  } catch (err) {
    return responseOf(guard.failed(err, 'a request could not be judged, and was refused'));
  }
}

export const CONSUMED =
  'expected the request body unread, found it consumed: put audgate before whatever else reads the body';

/** Names of headers that a handler does not get: MCP forbids passing the token on, and identity is the guard's to tell. */
export const withheld = (name: string) => name === 'authorization' || name === 'dpop' || name.startsWith('x-audgate-');

/** In place of the handler's own of these names. */
export function withHeaders(response: Response, headers: Answer['headers']): Response {
  const lines = Object.entries(headers);
  if (lines.length === 0) return response;
  const all = new Headers(response.headers);
  for (const [name, values] of lines) all.set(name, values.join(', '));
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers: all });
}

export function responseOf({ status, headers, body }: Answer): Response {
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    values.map((value): [string, string] => [name, value]),
  );
  return new Response(body === '' ? null : body, { status, headers: lines });
}

/** A header that was sent more than once is one value here, joined with commas (WHATWG Fetch §2.2.2). */
function valuesOf(headers: Headers): Arrived['headers'] {
  return Object.fromEntries([...headers].map(([name, value]) => [name, [value]]));
}

function fresh(request: Request, body: Arrived['body']): Request {
  const headers = [...request.headers].filter(([name]) => !withheld(name));
  return new Request(request.url, {
    method: request.method,
    headers,
    signal: request.signal,
    ...(body.kind === 'whole' && { body: new Uint8Array(body.bytes) }),
  });
}
