import type { MiddlewareHandler } from 'hono';
import type { Admission } from './admission.ts';
import { admit, withHeaders } from './fetch.ts';
import type { Guard } from './guard.ts';
import { endAt } from './stream.ts';

/**
 * Middleware for Hono; before any that reads the body. Handlers read `c.get('audgate')`, and hand `c.req.raw` to the SDK.
 * Where it is mounted at one path only, mount it at the path of the resource metadata too.
 */
export function protectHono(guard: Guard): MiddlewareHandler<{ Variables: { audgate: Admission } }> {
  return async (context, next) => {
    const admitted = await admit(guard, context.req.raw, socketOf(context.env));
    if (admitted instanceof Response) return admitted;
    context.req.raw = admitted.request;
    context.set('audgate', admitted.admission);
    await next();
    context.res = endAt(withHeaders(context.res, admitted.response_headers), admitted.admission.valid_until, guard.now);
    return undefined;
  };
}

/** Where Hono's adapter for Node keeps the request; others hide their sockets. */
function socketOf(env: unknown): unknown {
  if (typeof env !== 'object' || env === null || !('incoming' in env)) return undefined;
  const { incoming } = env;
  return typeof incoming === 'object' && incoming !== null && 'socket' in incoming ? incoming.socket : undefined;
}
