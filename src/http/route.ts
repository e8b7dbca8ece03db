/** What a route is given, so that each endpoint is one small file. */
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { Decider } from '../decide/decider.ts';
import type { Metrics } from '../record/metrics.ts';
import type { KnownCaller } from './callers/identify.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { ProblemAnswer } from './problems.ts';

export interface Env {
  Bindings: HttpBindings;
}
export type Request = Context<Env>;

/** An endpoint for callers. A problem is a value: `app.ts` answers and counts it. */
export type CallerRoute = (
  request: Request,
  caller: KnownCaller,
) => Response | ProblemAnswer | Promise<Response | ProblemAnswer>;
/** An endpoint that anyone may ask. */
export type OpenRoute = (request: Request) => Response | ProblemAnswer;

export interface Parts {
  readonly decider: Decider;
  /** Bytes of a request body. */
  readonly limits: { readonly body_bytes: number };
  readonly metrics: Metrics;
  readonly lifecycle: Lifecycle;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly version: string;
  /** Where clients reach this service, without a slash at its end but for a path's own; AuthZEN's metadata need it. */
  readonly public_url?: string;
}

const JSON_HEADERS = { 'content-type': 'application/json' };

export function answerJson(
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = JSON_HEADERS,
): Response {
  return new Response(JSON.stringify(value), { status, headers });
}
