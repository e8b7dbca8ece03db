/**
 * The check before a policy and a registry come into force together: for every server and each of its issuers a right request
 * is allowed, and what is wrong in one thing is refused, as it should be. It finds mistakes, not malice: against malice stand the
 * pinned core and the floor.
 */
import type { Caller } from '../decide/ask.ts';
import type { Snapshot } from '../decide/snapshot.ts';
import { type IssuanceQuestion, TOKEN_EXCHANGE } from '../decision/issuance.ts';
import type { FixedCode } from '../decision/reasons.ts';
import { type ActivationParts, comparison } from '../policy/activate.ts';
import type { IssuerRecord, Registry, ServerRecord } from '../registry/registry.ts';
import { evaluateIssuance, type IssuanceEvaluation } from './evaluate.ts';

/** Milliseconds of work before others get their turn, as of `policy/activate.ts`. */
const SLICE_MS = 5;
/** One mistake in a rule shows at every server. */
const MAX_PROBLEMS = 50;
const CALLER: Caller = { name: 'audgate', servers: '*' };
/** No edge names it: a client_id has no line end. */
const CLIENT = 'audgate\n';
/** RFC 2606: nobody's. */
const STRANGER = 'https://nobody.invalid/mcp';

interface Probe {
  readonly name: string;
  readonly question: IssuanceQuestion;
  /** Undefined: it is allowed. */
  readonly denied_as?: FixedCode;
}

/** Off the request path: yields to the event loop between slices. @returns problems; none when all is right */
export async function activateIssuance(
  registry: Registry,
  policy: Snapshot['policy'],
  { now: clock, former }: Pick<ActivationParts, 'now' | 'former'>,
): Promise<readonly string[]> {
  const now = Math.floor(clock() / 1000);
  const at: Snapshot = { registry, policy, revision: '', loaded_at: clock() };
  const problems: string[] = [];
  let since = performance.now();
  const wasRight = comparison(registry, policy, former);
  let isFirst = true;
  for (const server of registry.servers.values()) {
    for (const issuer of server.issuers.map((key) => registry.issuers.get(key))) {
      // One is always asked about: the modules may have been opened anew. An unregistered issuer the other check tells.
      if (issuer === undefined || (!isFirst && wasRight(server, issuer))) continue;
      isFirst = false;
      for (const { name, question, denied_as } of probesOf(server, issuer, registry, now)) {
        const evaluation = evaluateIssuance(question, CALLER, now, at);
        if (isRight(evaluation, denied_as, server)) continue;
        const expected = denied_as === undefined ? 'be allowed' : `be denied as ${denied_as}`;
        problems.push(
          `Server "${server.key}", issuer "${issuer.key}": a request for issuance ${name} must ${expected}; the policy says ${say(evaluation)}.`,
        );
        if (problems.length >= MAX_PROBLEMS) return problems;
      }
      if (performance.now() - since < SLICE_MS) continue;
      await new Promise((resume) => setImmediate(resume));
      since = performance.now();
    }
  }
  return problems;
}

function isRight(found: IssuanceEvaluation, denied_as: FixedCode | undefined, { resource }: ServerRecord): boolean {
  if (denied_as === undefined) return found.outcome === 'allow' && found.issue.aud === resource;
  const codes = found.reasons.map(({ code }) => code);
  return found.outcome === 'deny' && codes.includes(denied_as) && !codes.includes('policy_error');
}

function say({ outcome, reasons }: IssuanceEvaluation): string {
  return outcome === 'deny' ? `deny (${reasons.map(({ code }) => code).join(', ')})` : outcome;
}

function probesOf(server: ServerRecord, issuer: IssuerRecord, registry: Registry, now: number): readonly Probe[] {
  const first = { issuer: issuer.issuer, client_id: CLIENT, grant: 'authorization_request' } as const;
  if (issuer.disabled)
    return [
      {
        name: 'of a disabled issuer',
        question: { ...first, resources: [server.resource] },
        denied_as: 'issuer_disabled',
      },
    ];
  const own = { resources: [server.resource], client_id: CLIENT };
  const refresh = { ...first, ...own, grant: 'refresh_token' } as const;
  const exchange = { ...first, ...own, grant: TOKEN_EXCHANGE } as const;
  const neighbour = neighbourOf(server, registry);
  const foreign = { resources: [neighbour ?? STRANGER], client_id: CLIENT };
  return [
    { name: 'for its resource', question: { ...first, ...own } },
    { name: 'with a refresh token for it', question: { ...refresh, bound: own } },
    { name: 'without a resource', question: first, denied_as: 'resource_missing' },
    {
      name: 'for two resources',
      question: { ...first, resources: [server.resource, neighbour ?? STRANGER] },
      denied_as: 'resource_multiple',
    },
    { name: 'for a stranger', question: { ...first, resources: [STRANGER] }, denied_as: 'resource_unregistered' },
    // The lint warns of a server that has an issuer's identifier; there it stands for that server.
    ...(registry.ownersOf(issuer.issuer).some(({ kind }) => kind === 'server')
      ? []
      : [
          {
            name: 'for its issuer',
            question: { ...first, resources: [issuer.issuer] },
            denied_as: 'resource_generic' as const,
          },
        ]),
    {
      name: 'of an issuer that nobody registered',
      question: { ...first, ...own, issuer: STRANGER },
      denied_as: 'issuer_unknown',
    },
    {
      name: 'with a refresh token for another',
      question: { ...refresh, bound: foreign },
      denied_as: 'resource_changed',
    },
    {
      name: 'with a refresh token of another client',
      question: { ...refresh, bound: { ...own, client_id: STRANGER } },
      denied_as: 'exchange_not_allowed',
    },
    {
      name: 'with a token for another',
      question: { ...exchange, bound: foreign },
      denied_as: 'exchange_not_allowed',
    },
    {
      name: 'with what has ended',
      question: { ...refresh, bound: { ...own, expires_at: now } },
      denied_as: 'token_expired',
    },
    {
      name: 'with more scope than was granted',
      question: { ...refresh, scope: 'audgate', bound: own },
      denied_as: 'scope_exceeds_grant',
    },
  ];
}

/** The resource of another server; undefined where there is none. */
function neighbourOf(server: ServerRecord, { servers }: Registry): string | undefined {
  for (const { key, resource } of servers.values()) if (key !== server.key) return resource;
  return undefined;
}
