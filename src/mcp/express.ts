import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Admission, AuthInfo } from './admission.ts';
import type { Answer } from './answer.ts';
import { readBody } from './body.ts';
import { CONSUMED, withheld } from './fetch.ts';
import type { Arrived, Guard } from './guard.ts';

/** What this middleware uses of Express's request, and what it sets. */
export interface ExpressRequest extends IncomingMessage {
  /** Path and query before routers cut theirs off. */
  originalUrl?: string;
  /** Set: the parsed JSON of a JSON body, the bytes of another; undefined without one. */
  body?: unknown;
  /** Set: where the MCP SDK's adapters look for it. */
  auth?: AuthInfo;
  /** Set. */
  audgate?: Admission;
}

/** How often a response that has outlived its token is looked at, milliseconds; its own answer gets that long to be written. */
const CUT_EVERY_MS = 1000;

/**
 * Middleware for Express, before any body parser: it reads the raw body once and leaves `req.body`, `req.auth` and
 * `req.audgate`. Where it is mounted at one path only, mount it at the path of the resource metadata too.
 */
export function protectExpress(
  guard: Guard,
): (request: ExpressRequest, response: ServerResponse, next: (error?: unknown) => void) => Promise<void> {
  return async (request, response, next) => {
    const answer = await judge(guard, request, response).catch((err: unknown) =>
      guard.failed(err, 'a request could not be judged, and was refused'),
    );
    if (answer !== null) {
      // What is left of a body that is too large is dropped, so that its sender gets to read the answer.
      request.resume();
      return send(response, answer, request.method);
    }
    cutAt(response, Date.parse(request.audgate?.valid_until ?? '') - guard.now());
    next();
  };
}

/** @returns the refusal; null: allowed, and the request is made ready for its handler */
async function judge(guard: Guard, request: ExpressRequest, response: ServerResponse): Promise<Answer | null> {
  const { method = '', headersDistinct } = request;
  const target = request.originalUrl ?? request.url ?? '';
  const headers: Arrived['headers'] = Object.fromEntries(
    Object.entries(headersDistinct).map(([name, values]) => [name, values ?? []]),
  );
  const metadata = guard.metadata({ method, target, asked: headers['access-control-request-headers']?.[0] });
  if (metadata !== null) return metadata;

  if (Readable.isDisturbed(request))
    return guard.failed(new Error(CONSUMED), 'a request could not be judged, and was refused');
  // A request that is left in the middle would be destroyed, and the rest of its body never taken off the connection.
  const body = await readBody(request.iterator({ destroyOnReturn: false }), guard.body_bytes);
  const outcome = await guard.judge({ method, target, headers, body, socket: request.socket });
  if (outcome.kind === 'refused') return outcome.answer;

  for (const [name, values] of Object.entries(outcome.response_headers)) response.setHeader(name, [...values]);
  withholdHeaders(request);
  request.body = body.kind === 'whole' ? parsed(body.bytes, headers['content-type']?.[0]) : undefined;
  request.auth = outcome.admission.authInfo;
  request.audgate = outcome.admission;
  return null;
}

/** From every form in which Node shows headers and trailers, which are all there: the body was read to its end. */
function withholdHeaders(request: IncomingMessage): void {
  const { headers, headersDistinct, trailers, trailersDistinct } = request;
  for (const shown of [headers, headersDistinct, trailers, trailersDistinct]) {
    for (const name of Object.keys(shown)) if (withheld(name)) delete shown[name];
  }
  for (const raw of [request.rawHeaders, request.rawTrailers]) {
    for (let at = raw.length - 2; at >= 0; at -= 2) {
      if (withheld((raw[at] ?? '').toLowerCase())) raw.splice(at, 2);
    }
  }
}

/** What was judged as a message is strict JSON, which has one reading; other JSON types are left as they came. */
function parsed(bytes: Uint8Array, type = ''): unknown {
  const text = Buffer.from(bytes);
  if (type.split(';', 1)[0]?.trim().toLowerCase() !== 'application/json') return text;
  try {
    return JSON.parse(text.toString());
  } catch {
    return text;
  }
}

function send(response: ServerResponse, { status, headers, body }: Answer, method: string | undefined): void {
  for (const [name, values] of Object.entries(headers)) response.setHeader(name, [...values]);
  response.statusCode = status;
  response.end(method === 'HEAD' ? '' : body);
}

/** Cuts whatever is still being streamed when the allow ends (contract 2). An answer under way in one piece is let be. */
function cutAt(response: ServerResponse, milliseconds: number): void {
  let checks: NodeJS.Timeout | undefined;
  const cut = () => {
    if (response.headersSent && !response.writableEnded) response.destroy();
  };
  const expired = setTimeout(() => {
    cut();
    checks = setInterval(cut, CUT_EVERY_MS);
    checks.unref();
  }, milliseconds);
  expired.unref();
  response.once('close', () => {
    clearTimeout(expired);
    clearInterval(checks);
  });
}
