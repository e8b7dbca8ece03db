/** The routes, and the order in which a request is admitted: host, caller, route, permission; then its own endpoint. */
import type { IncomingMessage } from 'node:http';
import { Hono } from 'hono';
import type { Callers, Permission } from '../config/callers.ts';
import { createEvaluation, createEvaluations } from './authzen/evaluation.ts';
import { createAuthzenMetadata, WELL_KNOWN } from './authzen/metadata.ts';
import { answerAuthzenProblem } from './authzen/problems.ts';
import { createIdentify, type KnownCaller } from './callers/identify.ts';
import { createIdentifyRequest, type KeyPlace } from './callers/present.ts';
import { createGateways } from './gateways/route.ts';
import { GATEWAYS } from './gateways/target.ts';
import { refuseHost } from './host.ts';
import { createMetricsRoute } from './metrics.ts';
import { createAllowed } from './native/allowed.ts';
import { createDecide } from './native/decide.ts';
import { createEnforce } from './native/enforce.ts';
import { createEvents } from './native/events.ts';
import { createExplain } from './native/explain.ts';
import { createLive, createReady } from './native/health.ts';
import { createIssuance } from './native/issuance.ts';
import { createReach } from './native/reach.ts';
import { createMetadata, createServer, createServers } from './native/servers.ts';
import { createStatus } from './native/status.ts';
import { createData } from './opa/data.ts';
import { answerOpaProblem } from './opa/problems.ts';
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
/** APIs with an error form of their own, by the beginning of their paths. */
const FORMS: readonly (readonly [string, (problem: ProblemAnswer, incoming: IncomingMessage) => Response])[] = [
  ['/access/v1/', answerAuthzenProblem],
  ['/v1/data/', answerOpaProblem],
];

/** @returns an app that must be served by `listen`: it reads Node's request itself */
export function createApp(parts: AppParts): App {
  const app: App = new Hono();
  const { metrics, log } = parts;
  const callers = createIdentify(parts.callers);
  const identify = createIdentifyRequest(callers);
  const hostRefused = (incoming: IncomingMessage) => (callers.isOpen() ? refuseHost(incoming) : null);
  const openPaths = new Set<string>();

  /** @param request where the form of errors depends on the path */
  const answer = (outcome: Response | ProblemAnswer, request?: Request): Response => {
    if (!('name' in outcome)) return outcome;
    metrics.refused(outcome.name);
    if (request === undefined) return answerProblem(outcome);
    const [, form = answerProblem] = FORMS.find(([prefix]) => request.req.path.startsWith(prefix)) ?? [];
    return form(outcome, request.env.incoming);
  };
  const open = (path: string, route: OpenRoute) => {
    openPaths.add(path);
    app.get(path, (request) => answer(hostRefused(request.env.incoming) ?? route(request), request));
  };
  /** @param place `header` where Authorization is not the caller's own, but its client's */
  const admit = (incoming: IncomingMessage, may: Permission, place: KeyPlace): KnownCaller | ProblemAnswer => {
    const misdirected = hostRefused(incoming);
    if (misdirected !== null) return misdirected;
    const identified = identify(incoming, place);
    if (!identified.ok) return identified.problem;
    return identified.caller.may.has(may) ? identified.caller : mayNot(may);
  };
  const guarded =
    (may: Permission, route: CallerRoute, place: KeyPlace = 'bearer') =>
    (request: Request) => {
      const admitted = admit(request.env.incoming, may, place);
      if (!('servers' in admitted)) return answer(admitted, request);
      const outcome = route(request, admitted);
      return outcome instanceof Promise
        ? outcome.then((settled) => answer(settled, request))
        : answer(outcome, request);
    };

  app.post('/v1/decide', guarded('decide', createDecide(parts)));
  app.post('/v1/enforce', guarded('decide', createEnforce(parts), 'header'));
  const gateway = (incoming: IncomingMessage) => admit(incoming, 'decide', 'header');
  app.all(GATEWAYS, createGateways({ ...parts, admit: gateway, refuse: answer }));
  app.post('/v1/allowed', guarded('decide', createAllowed(parts)));
  app.post('/v1/explain', guarded('explain', createExplain(parts)));
  app.post('/v1/reach', guarded('explain', createReach(parts)));
  app.post('/v1/issuance/decide', guarded('issuance', createIssuance(parts)));
  app.post('/v1/events', guarded('events', createEvents(parts)));
  app.post('/v1/data/audgate/decide', guarded('decide', createData(parts)));
  app.post('/access/v1/evaluation', guarded('decide', createEvaluation(parts)));
  app.post('/access/v1/evaluations', guarded('decide', createEvaluations(parts)));
  for (const path of [WELL_KNOWN, `${WELL_KNOWN}/*`]) open(path, createAuthzenMetadata(parts.public_url));
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
    if (misdirected !== null) return answer(misdirected, request);
    const { path } = request.req;
    const matches = METHODS.map((method) => ({ method, routes: app.router.match(method, path)[0] }));
    const found = matches.filter(({ routes }) => routes.length > 0);
    const isOpen = found.some(({ routes }) => routes.some(([[, { path: pattern }]]) => openPaths.has(pattern)));
    const identified = isOpen ? null : identify(incoming, isForGateways(path) ? 'header' : 'bearer');
    if (identified?.ok === false) return answer(identified.problem, request);
    if (found.length === 0) return answer(NOTHING, request);
    const allowed = found.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    return answer(wrongMethod(allowed), request);
  });

  app.onError((err, request) => {
    log.error({ err }, 'a request could not be answered');
    return answer(INTERNAL, request);
  });
  return app;
}

/** Where Authorization is a gateway's client's, not the gateway's own: agentgateway hands it on by default, Envoy must. */
const isForGateways = (path: string) => path === '/v1/enforce' || path.startsWith(GATEWAYS);

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
