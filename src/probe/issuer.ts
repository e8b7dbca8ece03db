/** Whether an authorization server issues for the resource that it is asked for, and for no other (RFC 8707). */
import { legible } from '../decision/evidence.ts';
import type { Registry, ServerRecord } from '../registry/registry.ts';
import { TARGET_RULES } from './findings.ts';
import { type IssuerAttempt, type IssuerReport, TARGETS, type Target } from './report.ts';
import { RULES } from './rules.ts';
import { audiencesOf, type EndpointParts, type Issued, openEndpoint } from './token-endpoint.ts';

export interface IssuerParts extends EndpointParts {
  readonly registry: Registry;
  /** Whose resources are asked for: the first two. */
  readonly servers: readonly ServerRecord[];
  /** A resource of nobody. */
  readonly unknown: string;
}

type Judged = Pick<IssuerAttempt, 'verdict' | 'found'> & { readonly remedy?: string };

const EXPECTED: Readonly<Record<Target, string>> = {
  first: 'a token whose audience is this resource alone',
  second: 'a token whose audience is this resource alone',
  unknown: 'the error invalid_target',
  two: 'the error invalid_target, or a token for one of the two',
  none: 'an error, or a token that is for no registered server',
};

export async function probeIssuer(parts: IssuerParts): Promise<IssuerReport> {
  const { issuer } = parts;
  const opened = await openEndpoint(parts);
  const attempts: IssuerAttempt[] = [];
  let refusedClient = false;
  for (const target of TARGETS) {
    const resources = resourcesOf(target, parts);
    const judged = await attempt(target, resources);
    const made = {
      target,
      resources: resources ?? [],
      expected: EXPECTED[target],
      ...judged,
      found: legible(judged.found),
      remedy: judged.remedy ?? (judged.verdict === 'ignored' ? RULES[TARGET_RULES[target]].help : ''),
    };
    attempts.push(made);
  }
  return {
    issuer: issuer.key,
    iss: issuer.issuer,
    source: issuer.source,
    attempts,
    checks: [
      {
        check: 'issuer-metadata',
        verdict: opened.ok ? 'same' : opened.wrong ? 'differs' : 'unclear',
        expected: [issuer.issuer],
        found: [opened.ok ? issuer.issuer : legible(opened.detail)],
        remedy: opened.ok ? '' : RULES['issuer-metadata'].help,
      },
    ],
  };

  async function attempt(target: Target, resources: readonly string[] | null): Promise<Judged> {
    if (!opened.ok) return { verdict: 'not_sent', found: opened.detail };
    if (resources === null) {
      const remedy = 'Register another server of this issuer, or name two with --server.';
      return { verdict: 'not_sent', found: 'fewer than two servers of the registry list this issuer', remedy };
    }
    // Asking on with a wrong secret could lock the client out.
    if (refusedClient) return { verdict: 'not_sent', found: 'the client’s credentials were refused before' };
    const issued = await opened.endpoint.ask(resources);
    refusedClient = issued.kind === 'refused' && issued.error === 'invalid_client';
    return judge(target, issued, parts);
  }
}

/** Null: there is no second server. */
function resourcesOf(target: Target, { servers, unknown }: IssuerParts): readonly string[] | null {
  const [first, second] = servers.map(({ resource }) => resource);
  const all: Readonly<Record<Target, readonly (string | undefined)[]>> = {
    first: [first],
    second: [second],
    unknown: [unknown],
    two: [first, second],
    none: [],
  };
  const chosen = all[target];
  const present = chosen.filter((one) => one !== undefined);
  return present.length === chosen.length ? present : null;
}

function judge(target: Target, issued: Issued, parts: IssuerParts): Judged {
  if (issued.kind === 'failed') {
    const remedy = 'See whether the token endpoint answers, and probe again.';
    return { verdict: 'unclear', found: issued.detail, remedy };
  }
  if (issued.kind === 'refused') return judgeRefusal(target, issued.error);
  const audiences = issued.claims === null ? null : audiencesOf(issued.claims);
  const found = audiences === null ? 'an opaque token' : `a token with aud ${audiences.join(', ') || 'none'}`;
  // Nothing of a token says that it may be for what nobody serves.
  if (target === 'unknown') return { verdict: 'ignored', found };
  if (audiences === null) {
    if (target === 'none' && parts.issuer.key_source.kind !== 'introspection')
      return { verdict: 'honoured', found: `${found}, which no server of this issuer takes` };
    return {
      verdict: 'unclear',
      found,
      remedy: 'Let the authorization server issue JWTs (RFC 9068), whose audience can be read.',
    };
  }
  const { issuer, servers, registry } = parts;
  const isFor = (server: ServerRecord | undefined, values = audiences) =>
    server !== undefined && values.some((value) => server.inputFor(issuer.key).audiences.includes(value));
  const [first, second] = servers;
  if (target === 'none') {
    const listing = [...registry.servers.values()].filter(({ issuers }) => issuers.includes(issuer.key));
    const opened = listing.filter((server) => isFor(server)).map(({ key }) => key);
    return opened.length === 0
      ? { verdict: 'honoured', found }
      : { verdict: 'ignored', found: `${found}, which opens ${opened.join(', ')}` };
  }
  const foreign = (server: ServerRecord | undefined) =>
    audiences.some((value) => !isFor(server, [value]) && !issuer.extra_audiences.includes(value));
  const alone = (server: ServerRecord | undefined) => isFor(server) && !foreign(server);
  if (target === 'two') return { verdict: alone(first) || alone(second) ? 'honoured' : 'ignored', found };
  return { verdict: alone(target === 'first' ? first : second) ? 'honoured' : 'ignored', found };
}

/** RFC 8707 §2, RFC 6749 §5.2: errors that are about what was asked for, not about who asked. */
const OF_TARGET = ['invalid_target', 'invalid_request'];

function judgeRefusal(target: Target, error: string): Judged {
  const found = `the error ${error}`;
  if (target !== 'first' && target !== 'second' && OF_TARGET.includes(error)) return { verdict: 'honoured', found };
  const remedy = OF_TARGET.includes(error)
    ? 'Let the authorization server know the resource, and the client have tokens for it; then probe again.'
    : 'See whether the client may use client_credentials, and whether its secret is right; then probe again.';
  return { verdict: 'unclear', found, remedy };
}
