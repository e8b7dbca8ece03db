/** The sentence of each denial: what was asked for, what was expected, and what to do next. */
import { type Caller, mayAskAbout } from '../decide/ask.ts';
import { nearest, nearMiss, shown } from '../decide/near-miss.ts';
import { evidence } from '../decision/evidence.ts';
import type { IssuanceQuestion } from '../decision/issuance.ts';
import type { Reason } from '../decision/reason.ts';
import { entryOf } from '../decision/reasons.ts';
import type { CoreDenial } from '../decision/verdict.ts';
import type { Generic, Registry } from '../registry/registry.ts';
import type { Facts } from './facts.ts';
import { isIdJag } from './request.ts';

export interface Denied {
  readonly question: IssuanceQuestion;
  readonly facts: Facts;
  readonly caller: Caller;
  readonly registry: Registry;
}

type Writer = (denied: Denied, denial: CoreDenial) => string;

export function reasonOf(denial: CoreDenial, denied: Denied): Reason {
  const { code, rule } = denial;
  const { summary, remedy } = entryOf(code);
  const write = Object.hasOwn(WRITERS, code) ? WRITERS[code] : undefined;
  return {
    code,
    message: write?.(denied, denial) ?? `${summary} ${remedy}`,
    ...compared(denial, denied),
    ...(rule !== undefined && { rule }),
  };
}

/** What was expected and what was found, where the rule alone cannot say it. */
function compared(
  { code, expected, actual }: CoreDenial,
  { question, facts }: Denied,
): Pick<Reason, 'expected' | 'actual'> {
  const { resources = [], audiences = [], bound } = question;
  const asked = evidence([...resources, ...audiences]);
  if (code === 'issuer_unknown') return { actual: evidence([question.issuer]) };
  if (code === 'resource_multiple') return { actual: asked };
  if (code === 'resource_changed') return { expected: evidence(bound?.resources ?? []), actual: asked };
  const wanted = code === 'resource_unregistered' && facts.server !== undefined ? undefined : expected;
  return { ...(wanted && { expected: evidence(wanted) }), ...(actual && { actual: evidence(actual) }) };
}

const WRITERS: Readonly<Record<string, Writer>> = {
  issuer_unknown: ({ question }) =>
    `${shown(question.issuer)} is not a registered issuer. Send the exact iss of the authorization server that asks, or register it.`,
  issuer_disabled: ({ facts }) => {
    const disabled = [facts.issuer, facts.recipient].find((issuer) => issuer?.disabled === true);
    return `Issuer "${disabled?.key ?? ''}" is disabled in the registry. Use another authorization server, or enable it.`;
  },
  token_expired: ({ question: { bound }, facts }) =>
    `What this would be made from ended at ${bound?.expires_at ?? 'no time'}, and it is ${facts.input.now}. Get a new grant or subject token.`,
  resource_missing: ({ question }) => {
    if (isIdJag(question) && (question.resources?.length ?? 0) + (question.audiences?.length ?? 0) > 0)
      return "A request for an ID-JAG needs both: resource, the server's registered resource, and audience, the iss of the authorization server that the server trusts. Send one of each.";
    return `The request names no resource. MCP clients must send resource, the server's registered resource, in the authorization request and in each token request${
      question.grant === 'authorization_request' ? '' : ', this one too'
    }. Hand on what the client sent, and do not fill it in.`;
  },
  resource_multiple: () =>
    'The request names more than one target, or one twice. A token for several servers lets each replay it at the others: ask for one token a server, with one resource.',
  resource_generic: ({ registry }, { actual: [value] = [] }) => {
    const kind = registry.genericOf(String(value));
    return `${shown(String(value))} ${GENERIC[kind ?? 'issuer']}, so that a token for it is for no one server. Send the registered resource of the one server that the token is for.`;
  },
  resource_unregistered: unregistered,
  resource_changed: ({ facts, question }) => {
    const { servers = [], others = 0 } = facts.input.bound ?? {};
    const many = servers.length + others !== 1;
    if (many && servers.length > 0)
      return 'The grant was made for several targets, and serves none of them. Ask for a new grant with one resource.';
    const [only] = servers;
    if (only === undefined)
      return 'The grant was made for no registered server. Ask for a new grant with the resource of the one server that the token is for.';
    return `The ${question.grant} was made for server "${only}", and the request asks for another. Send the resource of the authorization request, or ask for a new grant.`;
  },
  exchange_not_allowed: exchangeRefused,
  scope_exceeds_grant: (_, { expected = [], actual = [] }) =>
    `The request asks for ${list(actual)}, and what was granted is ${list(expected)}. Ask for scopes of the grant, or for a new grant.`,
};

const GENERIC: Readonly<Record<Generic, string>> = {
  issuer: "is an authorization server's own identifier",
  extra: 'is what an issuer adds to every token',
  waived: 'is an audience that waivers let pass at servers until they end',
  parent: 'stands above several registered resources',
};

const list = (values: NonNullable<CoreDenial['actual']>) =>
  values.length === 0
    ? 'nothing'
    : evidence(values)
        .map((value) => shown(String(value)))
        .join(', ');

function unregistered({ question, facts, caller, registry }: Denied, { actual: [found] = [] }: CoreDenial): string {
  const value = String(found);
  const target = facts.input.targets.find((one) => one.value === value);
  const server = target?.server === undefined ? undefined : registry.servers.get(target.server);
  if (isIdJag(question) && target?.sent_as === 'audience') {
    return `The audience of an ID-JAG is the iss of an authorization server that the resource's server trusts, and ${shown(value)} is none. Send an issuer that the server lists.`;
  }
  if (server !== undefined)
    return `Server "${server.key}" is registered, and does not list issuer "${facts.issuer?.key ?? ''}". Use an authorization server that it trusts, or add the issuer to its issuers.`;
  const near = registry.nearestServer(value);
  if (near === undefined || !mayAskAbout(caller, near.key))
    return `No registered server has the resource ${shown(value)}. Send the registered resource, byte for byte, or register the server.`;
  const accepted = facts.issuer === undefined ? [near.resource] : near.inputFor(facts.issuer.key).audiences;
  const how = nearest(value, accepted)?.how ?? nearMiss(value, near.resource) ?? 'nearly';
  return `No registered server has the resource ${shown(value)}; it equals that of "${near.key}" ${how}. Send resource=${near.resource}, byte for byte.`;
}

function exchangeRefused({ question, facts }: Denied): string {
  const { bound, registered, request } = facts.input;
  if (question.grant !== 'urn:ietf:params:oauth:grant-type:token-exchange')
    return 'The grant was issued to another client, or does not say to whom. It serves the client alone that it was issued to: state bound.client_id as it was.';
  const [from, ...more] = bound?.servers ?? [];
  const to = registered.server?.key ?? '';
  if (request.requested_token_type !== undefined && !KNOWN_TYPES.test(request.requested_token_type))
    return 'What is asked for is no access token and no ID-JAG, so that nothing would bind it to one server. Ask for an access token.';
  if (from === undefined || more.length > 0 || (bound?.others ?? 0) > 0)
    return `The subject token is not for exactly one registered server, so that no exchange to "${to}" can be registered for it. Exchange a token that was issued for one server.`;
  if (from === to)
    return `The subject token is for "${to}" already, and was issued to another client. Only its own client may narrow it: ask for a token of your own.`;
  return `No registered exchange lets client ${shown(question.client_id)} turn a token for "${from}" into one for "${to}" at this issuer. Register {from: ${from}, to: ${to}, client, scopes} under exchanges, or send the token to the server that it is for.`;
}

const KNOWN_TYPES = /^urn:ietf:params:oauth:token-type:(?:access_token|jwt|id-jag)$/;
