/** Facts of a request for issuance: whom each value stands for, by the registry and byte for byte. No judgement. */
import { type Caller, mayAskAbout } from '../decide/ask.ts';
import type { IssuanceQuestion } from '../decision/issuance.ts';
import type { IssuanceInput, TargetInput } from '../decision/issuance-input.ts';
import type { IssuerRecord, Registry, ServerRecord } from '../registry/registry.ts';
import { isIdJag, scopesOf } from './request.ts';

/** Values of `resource`, and of `audience`, that are looked at. More than one of either is refused anyway. */
const MAX_TARGETS = 16;

export interface Facts {
  /** Who asks; undefined: it is not registered. */
  readonly issuer: IssuerRecord | undefined;
  /** Who is to take the ID-JAG. */
  readonly recipient: IssuerRecord | undefined;
  /** The first server that is asked for. */
  readonly server: ServerRecord | undefined;
  readonly input: IssuanceInput;
}

/**
 * @param caller servers that it may not ask about are, for it, as if nobody had registered them
 * @param now seconds since the epoch
 */
export function readFacts(question: IssuanceQuestion, caller: Caller, registry: Registry, now: number): Facts {
  const issuer = registry.issuerByIss.get(question.issuer);
  const [audience] = question.audiences ?? [];
  const idJag = isIdJag(question);
  const recipient = idJag && audience !== undefined ? registry.issuerByIss.get(audience) : undefined;
  const find = finder(registry, caller);
  // In whose tokens the value will stand.
  const trusted = idJag ? recipient : issuer;
  const stands = (value: string, sent_as: TargetInput['sent_as']): TargetInput => {
    const server = find(value, trusted);
    if (server !== undefined) return { value, sent_as, stands_for: 'server', server: server.key };
    const named = registry.issuerByIss.get(value);
    if (named !== undefined && idJag && sent_as === 'audience')
      return { value, sent_as, stands_for: 'issuer', issuer: named.key };
    const generic = registry.genericOf(value);
    // What servers there are, only who may ask about all of them learns.
    const told = caller.servers === '*' || generic === 'issuer' || generic === 'extra';
    return { value, sent_as, stands_for: generic !== undefined && told ? 'platform' : 'nothing' };
  };
  const { resources = [], audiences = [] } = question;
  const targets = [
    ...resources.slice(0, MAX_TARGETS).map((value) => stands(value, 'resource')),
    ...audiences.slice(0, MAX_TARGETS).map((value) => stands(value, 'audience')),
  ];
  const key = targets.find((target) => target.server !== undefined)?.server;
  const server = key === undefined ? undefined : registry.servers.get(key);
  const bound = boundOf(question, targets, (value) => find(value, issuer), issuer);
  const [from] = bound?.servers ?? [];
  const edges =
    from === undefined || server === undefined ? [] : registry.exchangesOf(from, server.key, question.client_id);

  const registered: IssuanceInput['registered'] = {
    exchanges: edges.map(({ source: _, scopes, ...edge }) => ({ ...edge, scopes: [...scopes] })),
  };
  if (issuer !== undefined) registered.issuer = issuerInput(issuer);
  if (recipient !== undefined) registered.recipient = issuerInput(recipient);
  if (server !== undefined) registered.server = serverInput(server);
  const input: IssuanceInput = {
    now,
    request: requestOf(question),
    targets,
    registered,
    context: { caller: caller.name },
  };
  if (bound !== undefined) input.bound = bound;
  if (question.context?.request_id !== undefined) input.context.request_id = question.context.request_id;
  return { issuer, recipient, server, input };
}

/** Whose accepted audience a value is, in tokens of this issuer (contract 1); without one, in anybody's. */
function finder(registry: Registry, caller: Caller) {
  return (value: string, issuer: IssuerRecord | undefined): ServerRecord | undefined => {
    for (const owner of registry.ownersOf(value)) {
      const server = owner.kind === 'server' ? registry.servers.get(owner.key) : undefined;
      if (server === undefined || !mayAskAbout(caller, server.key)) continue;
      const accepted =
        issuer === undefined
          ? [server.resource, ...server.audiences.filter((one) => typeof one === 'string')]
          : server.inputFor(issuer.key).audiences;
      if (accepted.includes(value)) return server;
    }
    return undefined;
  };
}

function boundOf(
  { bound, client_id }: IssuanceQuestion,
  targets: readonly TargetInput[],
  find: (value: string) => ServerRecord | undefined,
  issuer: IssuerRecord | undefined,
): IssuanceInput['bound'] {
  if (bound === undefined) return undefined;
  const found = bound.resources.map((value) => ({ value, server: find(value)?.key }));
  const servers = [...new Set(found.flatMap(({ server }) => (server === undefined ? [] : [server])))];
  const strangers = found.filter(({ server }) => server === undefined).map(({ value }) => value);
  // As at the door: what the issuer adds to every aud may stand beside a server's, never alone.
  const extra = servers.length > 0 ? (issuer?.extra_audiences ?? []) : [];
  const held = new Set(bound.resources);
  const facts: NonNullable<IssuanceInput['bound']> = {
    servers,
    others: strangers.filter((value) => !extra.includes(value)).length,
    repeated: targets.every(({ value }) => held.has(value)),
    to_client: bound.resources.length === 1 && strangers[0] === client_id,
    scopes: scopesOf(bound.scope) ?? [],
  };
  if (bound.client_id !== undefined) facts.client_id = bound.client_id;
  if (bound.expires_at !== undefined) facts.expires_at = bound.expires_at;
  return facts;
}

function requestOf(question: IssuanceQuestion): IssuanceInput['request'] {
  const { grant, client_id, resources = [], audiences = [], lifetime_seconds, requested_token_type } = question;
  const request: IssuanceInput['request'] = {
    grant,
    client_id,
    resources: resources.length,
    audiences: audiences.length,
  };
  const scopes = scopesOf(question.scope);
  if (scopes !== undefined) request.scopes = scopes;
  if (lifetime_seconds !== undefined) request.lifetime_seconds = lifetime_seconds;
  if (requested_token_type !== undefined) request.requested_token_type = requested_token_type;
  return request;
}

const issuerInput = ({ key, issuer, disabled }: IssuerRecord) => ({ key, issuer, disabled });

function serverInput(server: ServerRecord): NonNullable<IssuanceInput['registered']['server']> {
  const { key, resource, issuers, max_lifetime_seconds, advertised_scopes, known_scopes, sender_constraint } = server;
  return {
    key,
    resource,
    issuers: [...issuers],
    max_lifetime_seconds,
    advertised_scopes: [...advertised_scopes],
    known_scopes: [...known_scopes],
    sender_constraint,
  };
}
