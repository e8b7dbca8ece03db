/** The tokens that the activation check shows a policy: one that is right for a server, and others wrong in one thing. */
import type { CallFacts, ProofFacts, TokenFacts } from '../decision/facts.ts';
import type { OperationInput } from '../decision/input.ts';
import type { FixedCode } from '../decision/reasons.ts';
import { isJsonObject, type Json } from '../json/value.ts';
import { ANY_CALL } from '../registry/method.ts';
import type { IssuerRecord, Registry, ServerRecord } from '../registry/registry.ts';

/** Seconds a probe's token lives, or the server's limit if that is less: a usual short token. */
const LIFETIME = 300;

export interface Probe {
  /** What the token is or lacks, as a problem names it. */
  readonly name: string;
  readonly token: TokenFacts;
  /** Absent: nothing was shown with the call. */
  readonly proof?: ProofFacts;
  readonly issuer: IssuerRecord;
  readonly call: CallFacts;
  /** Must be among the denials, where another rule denies the same token too. */
  readonly denied_as?: FixedCode;
}

export interface Probes {
  readonly right: Probe;
  /** Each differs from the right one in one thing, for which a core rule must deny it. */
  readonly wrong: readonly Probe[];
}

/**
 * @param now seconds since the epoch
 * @param neighbour another server's resource
 */
export function probesOf(server: ServerRecord, issuer: IssuerRecord, neighbour: string, now: number): Probes {
  const { call, scopes, ...authenticated } = chooseCall(server, now);
  const asking = chooseAsking(server);
  const tolerance = issuer.clock_tolerance_seconds;
  const limit = server.max_lifetime_seconds;
  const lifetime = Math.min(LIFETIME, limit);
  const { confirmation, proof } = BINDINGS[server.sender_constraint];
  const token: TokenFacts = {
    type: issuer.token_types[0] ?? 'at+jwt',
    algorithm: issuer.algorithms[0] ?? 'ES256',
    key_id: 'probe',
    issuer: issuer.issuer,
    audiences: [server.resource],
    scopes,
    subject: 'probe',
    client_id: unnamedClient(server),
    token_id: 'probe',
    issued_at: now,
    expires_at: now + lifetime,
    ...authenticated,
    ...(confirmation && { confirmation }),
    claims: {},
  };
  const stranger = strangerTo(issuer, server);
  const expiry = now - tolerance - 1;
  const start = now + tolerance + 1;
  const parent = parentOf(server.resource);
  const probe = (name: string, change: Partial<TokenFacts>): Probe => ({
    name,
    token: { ...token, ...change },
    ...(proof && { proof }),
    issuer,
    call,
  });
  const { confirmation: _, ...unbound } = token;
  return {
    right: probe('all that it needs', {}),
    wrong: [
      probe("another server's audience", { audiences: [neighbour] }),
      probe("this and another server's audience", { audiences: [server.resource, neighbour] }),
      ...server.hubsFor(issuer.key).map(({ key, audiences }) => ({
        ...probe(`the audience of hub "${key}", which stands in front of it`, { audiences: audiences.slice(0, 1) }),
        denied_as: 'token_passthrough' as const,
      })),
      probe('no audience', { audiences: [] }),
      ...(parent === null ? [] : [probe('the parent URL as audience', { audiences: [parent] })]),
      probe('an end in the past', { issued_at: expiry - lifetime, expires_at: expiry }),
      probe('an issue time ahead', { issued_at: start, expires_at: start + lifetime }),
      probe('too long a life', { expires_at: now + limit + tolerance + 1 }),
      { ...probe('an issuer that the server does not list', { issuer: stranger.issuer }), issuer: stranger },
      ...(scopes.length === 0 ? [] : [probe("none of the operation's scopes", { scopes: [] })]),
      ...(asking === null ? [] : [unauthenticated(probe('nothing about how the user was authenticated', {}), asking)]),
      probe('authorization details that the server does not know', {
        authorization_details: [{ type: unknownType(server) }],
      }),
      // A binding in a token is enforced at every server, whatever it requires.
      { name: 'a binding that nothing proves', token: { ...token, ...BOUND }, issuer, call },
      { ...probe('the binding to another key than the proof’s', { confirmation: { jkt: 'other' } }), proof: PROVED },
      ...(confirmation === undefined ? [] : [{ name: 'no binding', token: unbound, issuer, call }]),
    ],
  };
}

const BOUND = { confirmation: { jkt: 'probe' } };
const PROVED: ProofFacts = { dpop: { jkt: 'probe', algorithm: 'ES256', issued_at: 0 } };

/** What a right token is bound to, and what its client shows, by what the server requires. */
const BINDINGS: Readonly<
  Record<ServerRecord['sender_constraint'], Pick<TokenFacts, 'confirmation'> & { readonly proof?: ProofFacts }>
> = {
  none: {},
  dpop: { ...BOUND, proof: PROVED },
  any: { ...BOUND, proof: PROVED },
  mtls: { confirmation: { 'x5t#S256': 'probe' }, proof: { mtls: { 'x5t#S256': 'probe' } } },
};

/** Another server's resource, or, where there is only one server, one that no registry can hold (RFC 2606 §2). */
export function neighbourOf(server: ServerRecord, registry: Registry): string {
  for (const other of registry.servers.values()) if (other.key !== server.key) return other.resource;
  return 'https://neighbour.invalid/mcp';
}

/** A client that no waiver of the server names, so that no waiver can let a wrong token pass. */
function unnamedClient(server: ServerRecord): string {
  let client = 'audgate-probe';
  while (server.waivers.some(({ client_id }) => client_id === client)) client += '-';
  return client;
}

/** The issuer but for its identity (RFC 2606 §2). */
function strangerTo(issuer: IssuerRecord, server: ServerRecord): IssuerRecord {
  let key = 'stranger';
  while (server.issuers.includes(key)) key += '-';
  const iss = 'https://stranger.invalid';
  return { ...issuer, key, issuer: iss, input: { ...issuer.input, key, issuer: iss } };
}

/**
 * The resource without its last path segment and the slash before it; null for a bare origin. Text only: a parent that
 * needs normalising to be one is not what a client would send.
 */
export function parentOf(resource: string): string | null {
  return /^(https?:\/\/[^/?]+(?:\/[^?]*)?)\/[^/?]+\/?(?:\?.*)?$/.exec(resource)?.[1] ?? null;
}

interface Chosen extends Pick<TokenFacts, 'authentication_context' | 'authenticated_at'> {
  readonly call: CallFacts;
  readonly scopes: readonly string[];
}

/** An operation of the server, one that needs a scope if there is any; `ping` is open at every server. */
function chooseCall(server: ServerRecord, now: number): Chosen {
  const ping: CallFacts = { method: 'ping' };
  const chosen = (call: CallFacts): Chosen => {
    const { scopes = [], authentication } = server.operation(call) ?? {};
    const [context] = authentication?.acr_values ?? [];
    return {
      call,
      scopes,
      ...(context !== undefined && { authentication_context: context }),
      ...(authentication?.max_age_seconds !== undefined && { authenticated_at: now }),
    };
  };
  const needing = callsOf(server).find((call) => {
    const operation = server.operation(call);
    return operation !== undefined && operation.scopes.length > 0 && !isClosed(operation);
  });
  return chosen(needing ?? ping);
}

/** One that asks something of the user's authentication; null: none does. */
function chooseAsking(server: ServerRecord): { readonly call: CallFacts; readonly operation: OperationInput } | null {
  for (const call of [...callsOf(server), { method: 'ping' }]) {
    const operation = server.operation(call);
    if (operation?.authentication !== undefined) return { call, operation };
  }
  return null;
}

function callsOf(server: ServerRecord): readonly CallFacts[] {
  const { tools, prompts, resources, methods } = server.effective;
  return [
    // Where nobody looks at the call, this is what gateways ask.
    ...(server.call_from === 'none' ? [{ method: ANY_CALL }] : []),
    ...namesOf(tools).map((tool) => ({ method: 'tools/call', tool })),
    ...namesOf(prompts).map((prompt) => ({ method: 'prompts/get', prompt })),
    ...server.backends.flatMap(({ prefix, tools: behind }) =>
      behind.map((name) => ({ method: 'tools/call', tool: `${prefix}${name}` })),
    ),
    // An entry that ends in * stands for what begins so, itself among it.
    ...namesOf(resources).map((uri) => ({ method: 'resources/read', uri })),
    ...namesOf(methods).map((method) => ({ method })),
    // `unlisted_tools` may ask for a scope.
    { method: 'tools/call', tool: 'audgate-probe' },
  ];
}

/** Of several requirements that no acr value meets, no token is right. */
function isClosed({ authentication }: OperationInput): boolean {
  return authentication?.acr_values?.length === 0;
}

/** The same token for an operation that asks what it does not say. */
function unauthenticated(probe: Probe, { call, operation }: NonNullable<ReturnType<typeof chooseAsking>>): Probe {
  const { authentication_context: _, authenticated_at: __, ...token } = probe.token;
  return { ...probe, call, token: { ...token, scopes: operation.scopes } };
}

function unknownType({ authorization_details_types: listed }: ServerRecord): string {
  let type = 'audgate-probe';
  while (listed.includes(type)) type += '-';
  return type;
}

function namesOf(entries: Json | undefined): readonly string[] {
  return isJsonObject(entries) ? Object.keys(entries) : [];
}
