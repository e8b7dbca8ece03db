/** The sentence of each policy denial: what the token held, what this server wants, and what to do next. */
import { evidence } from '../decision/evidence.ts';
import type { PolicyInput } from '../decision/input.ts';
import type { Evidence } from '../decision/reason.ts';
import { entryOf } from '../decision/reasons.ts';
import type { CoreDenial } from '../decision/verdict.ts';
import { LISTEN } from '../registry/method.ts';
import { additionOf, listingOf, remedyFor } from '../registry/profile/remedy.ts';
import type { Registry, ServerRecord } from '../registry/registry.ts';
import { type Caller, mayAskAbout } from './ask.ts';
import { insufficientMessage } from './authentication.ts';
import { passthroughMessage, unknownBehind } from './message-hub.ts';
import { kindOfAudience, nearest, nearMiss, shown } from './near-miss.ts';

export interface Denied {
  readonly denial: CoreDenial;
  readonly input: PolicyInput;
  readonly server: ServerRecord;
  readonly registry: Registry;
  readonly caller: Caller;
}

type Writer = (denied: Denied) => string;

/** Foreign audiences of a token that are held against the accepted ones. One is the rule; sixteen are someone's attack. */
const MAX_NEAR_MISSES = 4;

const list = (values: Evidence | undefined) =>
  values === undefined || values.length === 0
    ? 'nothing'
    : evidence(values)
        .map((value) => shown(String(value)))
        .join(', ');

const instant = (seconds: number | undefined) =>
  seconds === undefined ? 'no time' : new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

/** What exceeded the limit: the whole life or, of a token without iat or with one that lies ahead, what is left of it. */
function lifetime({ actual = [] }: CoreDenial, { issued_at, expires_at }: PolicyInput['token']): string {
  const whole = issued_at === undefined || expires_at === undefined ? undefined : expires_at - issued_at;
  return actual[0] === whole
    ? `lives ${list(actual)} seconds (exp − iat)`
    : `has ${list(actual)} seconds left (exp − now)`;
}

const askForResource = (denied: Denied) =>
  `Ask the authorization server for a token with resource=${denied.server.resource}.${atTheIssuer(denied)}`;

/** What makes an issuer of this make bind its tokens; not every one does what the request asks for. */
function atTheIssuer({ input, registry, server }: Denied): string {
  const profile = registry.issuers.get(input.registered.issuer.key)?.profile;
  const remedy = profile === undefined ? undefined : remedyFor(profile, 'audience', server.resource);
  return remedy === undefined ? '' : ` ${remedy.sentence}`;
}

/** The same for what stands beside; some of that the issuer puts there itself, and can be told not to. */
function besides(denied: Denied): string {
  const { issuer } = denied.input.registered;
  const profile = denied.registry.issuers.get(issuer.key)?.profile;
  const addition = profile === undefined ? undefined : additionOf(profile, issuer.issuer);
  const values = foreignOf(denied);
  if (addition === undefined || !values.includes(addition.value)) return atTheIssuer(denied);
  const others = values.length > 1 ? atTheIssuer(denied) : '';
  return ` ${addition.sentence} ${listingOf(addition)}${others}`;
}

/** What the pseudo-methods stand for. */
const NO_MESSAGE: ReadonlyMap<string, string> = new Map([
  ['http/get', 'A GET request (method http/get)'],
  ['http/delete', 'A DELETE request (method http/delete)'],
  ['rpc/response', 'A response to the server (method rpc/response)'],
]);

/** Codes whose registered summary and remedy say all there is to say are not listed. */
const WRITERS: Partial<Record<CoreDenial['code'], Writer>> = {
  issuer_not_trusted: ({ input, server }) =>
    `The issuer ${shown(input.registered.issuer.issuer)} is registered, but server "${server.key}" does not list it. Get a token from one of: ${list(input.registered.server.issuers)}.`,
  audience_missing: (denied) => `The token names no audience (aud). ${askForResource(denied)}`,
  audience_mismatch: (denied) => `The token was issued for ${foreign(denied)}. ${askForResource(denied)}`,
  audience_not_exclusive: (denied) =>
    `Besides this server the token names ${foreign(denied)}; either could replay it at the other. Ask the authorization server for a token with resource=${denied.server.resource} alone.${besides(denied)}`,
  token_passthrough: passthroughMessage,
  waiver_expired: ({ denial }) =>
    `A waiver would have covered this call, but it ended at ${list(denial.expected)}. Renew it with its owner, or make the issuer bind its tokens to this server.`,
  lifetime_missing: ({ input }) =>
    `The token lacks ${[input.token.expires_at === undefined ? 'exp' : '', input.token.issued_at === undefined ? 'iat' : ''].filter(Boolean).join(' and ')}. Have the issuer put both exp and iat into its access tokens (RFC 9068 §2.2).`,
  token_expired: ({ input }) =>
    `The token expired at ${instant(input.token.expires_at)}; it is ${instant(input.now)} now. Get a new token.`,
  token_not_yet_valid: ({ input }) =>
    `The token holds from ${instant(Math.max(input.token.issued_at ?? 0, input.token.not_before ?? 0))}; it is ${instant(input.now)} now. Compare the clocks of the issuer and of audgate, or wait.`,
  lifetime_exceeded: ({ denial, input, server }) =>
    `The token ${lifetime(denial, input.token)}, and server "${server.key}" accepts at most ${list(denial.expected)}. Have the issuer issue shorter tokens for this server.`,
  actor_not_allowed: ({ input, server }) =>
    `The token was issued to the actor ${shown(input.token.actor ?? '')}, which server "${server.key}" does not accept. Call as yourself, or list the actor under actors of the server.`,
  authentication_insufficient: ({ input }) => insufficientMessage(input),
  authorization_details_unknown: ({ denial, server }) =>
    `The token holds authorization details of ${types(denial.actual)}, and server "${server.key}" knows ${types(denial.expected)}. Ask for a token without them, or add a type that the server understands under authorization_details_types of the server.`,
  method_unknown: ({ input, server }) =>
    `${NO_MESSAGE.get(input.call.method) ?? `The method ${shown(input.call.method)}`} is not open at server "${server.key}". Call another, or add it under methods of the server.`,
  tool_unknown: (denied) =>
    unknownBehind(denied, 'tool') ??
    `Server "${denied.server.key}" has no registered tool ${shown(denied.input.call.tool ?? '')}. Call a registered tool, or add it under tools of the server.`,
  prompt_unknown: (denied) =>
    unknownBehind(denied, 'prompt') ??
    `Server "${denied.server.key}" has no registered prompt ${shown(denied.input.call.prompt ?? '')}. Get a registered prompt, or add it under prompts of the server.`,
  resource_unknown: ({ denial, server }) =>
    `Server "${server.key}" has no registered resource for ${list(denial.actual)}. Read a registered resource, or add it under resources of the server.`,
  task_unknown: ({ input, server }) =>
    `Server "${server.key}" does not open tasks to ${shown(input.call.method)}. Call tools without a task, or add ${input.call.method === LISTEN ? 'tasks/get' : 'the method'} under methods of the server.`,
  rule_not_satisfied: ({ denial }) =>
    `The rule ${denial.rule ?? 'unknown'} neither was satisfied nor gave a reason. Ask /v1/explain for what it saw, and mend the rule.`,
  scope_insufficient: ({ input, denial }) =>
    `The operation ${shown(input.registered.operation?.name ?? input.call.method)} needs ${list(denial.expected)}, and the token carries ${list(input.token.scopes)}. Ask the authorization server for a token with scope="${(denial.expected ?? []).join(' ')}".`,
};

function types(values: readonly (string | number)[] = []): string {
  return values.length === 0 ? 'no type' : `type ${list(values)}`;
}

/** The sentence of a core denial. What it quotes of the token is escaped and cut. */
export function messageOf(denied: Denied): string {
  const write = WRITERS[denied.denial.code];
  if (write !== undefined) return write(denied);
  const { summary, remedy } = entryOf(denied.denial.code);
  return `${summary} ${remedy}`;
}

function foreignOf({ input }: Denied): readonly string[] {
  const { server, issuer } = input.registered;
  return input.token.audiences.filter(
    (value) => !server.audiences.includes(value) && !issuer.extra_audiences.includes(value),
  );
}

/** The foreign audiences of a token in words, each with what it almost was. */
function foreign(denied: Denied): string {
  const values = foreignOf(denied);
  // Extra audiences alone make a mismatch too: then they are all that there is to name.
  const named = values.length > 0 ? values : denied.input.token.audiences;
  return named.map((value, at) => describe(value, denied, at < MAX_NEAR_MISSES)).join(' and ');
}

function describe(value: string, { input, server, registry, caller }: Denied, closely: boolean): string {
  for (const owner of registry.ownersOf(value)) {
    if (owner.kind === 'issuer') return `${shown(value)} (the identifier of an authorization server)`;
    // A caller learns the keys of its own servers only.
    if (owner.key !== server.key)
      return mayAskAbout(caller, owner.key)
        ? `${shown(value)} (registered server "${owner.key}")`
        : `${shown(value)} (another registered server)`;
  }
  const near = closely ? nearest(value, input.registered.server.audiences) : undefined;
  if (near !== undefined)
    return `${shown(value)}, which is ${near.accepted} ${near.how} (audiences are compared byte for byte)`;
  const kind = kindOfAudience(value, input.token.client_id);
  if (kind === 'client') return `${shown(value)}, the client's own id (as an ID token is)`;
  if (kind === 'opaque') return `${shown(value)}, an opaque identifier`;
  return shown(value);
}

/** The refusal of a `server` that is no registered resource; a near miss is named to a caller that may see it. */
export function serverUnknownMessage(asked: string, registry: Registry, caller: Caller): string {
  const what = `No registered server has the resource ${shown(asked)}.`;
  const byKey = registry.servers.get(asked);
  if (byKey !== undefined && mayAskAbout(caller, byKey.key))
    return `${what} It is the key of a server; send its resource, ${byKey.resource}, byte for byte.`;
  const near = registry.nearestServer(asked);
  if (near !== undefined && mayAskAbout(caller, near.key)) {
    const how = nearMiss(asked, near.resource) ?? 'but for its spelling';
    return `${what} It is ${near.resource} (server "${near.key}") ${how}; send the registered resource byte for byte.`;
  }
  return `${what} Send the registered resource of the server that you are about to call, from your own route, or add it to the registry.`;
}
