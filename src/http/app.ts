/** The routes, and the order in which a request is admitted: host, caller, route, permission; then its own endpoint. */
import type { IncomingMessage } from 'node:http';
import { Hono } from 'hono';
import type { Callers, Permission } from '../config/callers.ts';
import { createIdentify, type KnownCaller } from './callers/identify.ts';
import { createIdentifyRequest, type KeyPlace } from './callers/present.ts';
import { createGateways } from './gateways/route.ts';
import { GATEWAYS } from './gateways/target.ts';
import { refuseHost } from './host.ts';
import { createMetricsRoute } from './metrics.ts';
import { createDecide } from './native/decide.ts';
import { createEnforce } from './native/enforce.ts';
import { createExplain } from './native/explain.ts';
import { createLive, createReady } from './native/health.ts';
import { createMetadata, createServer, createServers } from './native/servers.ts';
import { createStatus } from './native/status.ts';
import { createOpenapi } from './openapi.ts';
import { answerProblem, type ProblemAnswer } from './problems.ts';
import { answerJson, type CallerRoute, type Env, type OpenRoute, type Parts, type Request } from './route.ts';

export interface AppParts extends Parts {
  /** Those in force now. None: everyone on this machine is `local`, and only loopback hosts are served. */
  readonly callers: () => Callers;
  /** Takes what went wrong inside. Nothing of it reaches the answer. */
  readonly log: { error(what: { readonly err: unknown }, message: string): void };
}

export type App = Hono<Env>;

/** Methods that a path may be served for, in the order of `Allow`. HEAD is served wherever GET is. */
const METHODS = ['GET', 'POST'] as const;

/** @returns an app that must be served by `listen`: it reads Node's request itself */
export function createApp(parts: AppParts): App {
  const app: App = new Hono();
  const { metrics, log } = parts;
  const callers = createIdentify(parts.callers);
  const identify = createIdentifyRequest(callers);
  const hostRefused = (incoming: IncomingMessage) => (callers.isOpen() ? refuseHost(incoming) : null);
  const openPaths = new Set<string>();

  const answer = (outcome: Response | ProblemAnswer): Response => {
    if (!('name' in outcome)) return outcome;
    metrics.refused(outcome.name);
    return answerProblem(outcome);
  };
  const open = (path: string, route: OpenRoute) => {
    openPaths.add(path);
    app.get(path, (request) => answer(hostRefused(request.env.incoming) ?? route(request)));
  };
  /** @param place `header` where Authorization is not the caller's own, but its client's */
  const admit = (incoming: IncomingMessage, may: Permission, place: KeyPlace): KnownCaller | ProblemAnswer => {
    const misdirected = hostRefused(incoming);
    if (misdirected !== null) return misdirected;
    const identified = identify(incoming, place);
    if (!identified.ok) return identified.problem;
    return identified.caller.may.has(may) ? identified.caller : mayNot(may);
  };
  const guarded = (may: Permission, route: CallerRoute) => (request: Request) => {
    const admitted = admit(request.env.incoming, may, 'bearer');
    if (!('servers' in admitted)) return answer(admitted);
    const outcome = route(request, admitted);
    return outcome instanceof Promise ? outcome.then(answer) : answer(outcome);
  };

  app.post('/v1/decide', guarded('decide', createDecide(parts)));
  app.post('/v1/enforce', guarded('decide', createEnforce(parts)));
  const gateway = (incoming: IncomingMessage) => admit(incoming, 'decide', 'header');
  app.all(GATEWAYS, createGateways({ ...parts, admit: gateway, refuse: answer }));
  app.post('/v1/explain', guarded('explain', createExplain(parts)));
  app.get('/v1/servers', guarded('read', createServers(parts)));
  app.get('/v1/servers/:key', guarded('read', createServer(parts)));
  app.get('/v1/status', guarded('read', createStatus(parts)));
  app.get('/metrics', guarded('metrics', createMetricsRoute(parts)));
  open('/v1/servers/:key/protected-resource-metadata', createMetadata(parts));
  open('/health/live', createLive());
  open('/health/ready', createReady(parts));
  const openapi = createOpenapi(parts.version);
  open('/openapi.json', () => answerJson(openapi));

  /** Whatever no route took. Who has no key does not learn which paths there are, but for those open to everyone. */
  app.notFound((request) => {
    const { incoming } = request.env;
    const misdirected = hostRefused(incoming);
    if (misdirected !== null) return answer(misdirected);
    const { path } = request.req;
    const matches = METHODS.map((method) => ({ method, routes: app.router.match(method, path)[0] }));
    const found = matches.filter(({ routes }) => routes.length > 0);
    const isOpen = found.some(({ routes }) => routes.some(([[, { path: pattern }]]) => openPaths.has(pattern)));
    const identified = isOpen ? null : identify(incoming, path.startsWith(GATEWAYS) ? 'header' : 'bearer');
    if (identified?.ok === false) return answer(identified.problem);
    if (found.length === 0) return answer(NOTHING);
    return answer(wrongMethod(found.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))));
  });

  app.onError((err) => {
    log.error({ err }, 'a request could not be answered');
    return answer(INTERNAL);
  });
  return app;
}

/** A bug or an outage inside: refused, and never an allow. */
export const INTERNAL: ProblemAnswer = {
  name: 'internal',
  detail: 'Refuse the call. The reason is in the service’s log.',
};

const NOTHING: ProblemAnswer = { name: 'not_found', detail: 'No endpoint has this path: see /openapi.json.' };

const mayNot = (may: Permission): ProblemAnswer => ({
  name: 'caller_not_allowed',
  detail: `This caller lacks the permission ${JSON.stringify(may)}: add it to the caller’s "may".`,
});

function wrongMethod(methods: readonly string[]): ProblemAnswer {
  const allow = methods.join(', ');
  return { name: 'method_not_allowed', detail: `This path takes ${allow}.`, headers: { allow } };
}
