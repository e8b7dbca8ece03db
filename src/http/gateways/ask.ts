/** From an adapter's request to the question: what the client asked, in the words of `decide/`. */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Ask } from '../../decide/ask.ts';
import { readCredentials } from '../../decide/credentials.ts';
import { forwardedIn } from '../../decide/forwarded.ts';
import type { ProofSource } from '../../decision/facts.ts';
import type { KnownCaller } from '../callers/identify.ts';
import { traceIdOf } from '../native/trace.ts';
import { readClientBody } from './body.ts';
import { callHeaders, onlyValue, type SentHeaders, sentHeaders, valuesOf } from './headers.ts';
import type { Profile } from './profiles.ts';
import { type AdapterTarget, isHostile } from './target.ts';

/**
 * Takes the server from `target.key` alone.
 * @param caller says which header holds its client's certificate, if any
 * @param limit bytes of the client's body
 */
export async function readAsk(
  incoming: IncomingMessage,
  target: AdapterTarget,
  profile: Profile,
  caller: Pick<KnownCaller, 'client_certificates'>,
  limit: number,
): Promise<Ask> {
  const sent = sentHeaders(incoming.rawHeaders);
  const body = await readClientBody(incoming, sent, profile, limit);
  const own = incoming.method ?? '';
  const method = profile.method === null ? own : onlyValue(sent, profile.method);
  const asked = profile.target === null ? target.rest : onlyValue(sent, profile.target);
  const malformed = unfit(sent, profile, target, asked);
  const trace_id = traceIdOf(incoming.headers);
  return {
    server: { key: target.key },
    ...readCredentials(valuesOf(sent, 'authorization')),
    source: { kind: 'request', method: method ?? '', body },
    headers: callHeaders(sent),
    ...proofOf(sent, caller),
    ...(asked !== undefined && { target: asked }),
    ...(malformed !== undefined && { malformed }),
    ...(trace_id !== undefined && { trace_id }),
    context: contextOf(sent),
    door: `audgate/gateways/${target.profile}`,
  };
}

/** What the client proves possession with. @param told what the gateway says beside the headers, which goes before them */
export function proofOf(
  sent: SentHeaders,
  { client_certificates: form }: Pick<KnownCaller, 'client_certificates'>,
  told?: Pick<ProofSource, 'certificate'>,
): Pick<Ask, 'proof'> {
  const dpop = valuesOf(sent, 'dpop');
  const proof = {
    ...(dpop.length > 0 && { dpop }),
    ...(told ?? forwardedIn(form, (name) => valuesOf(sent, name))),
  };
  return Object.keys(proof).length === 0 ? {} : { proof };
}

/** Completes "The client's request …". */
export const HOSTILE_PATH =
  'has a path with "..", "//", a backslash, or an encoded dot, slash or backslash, which others may read as another path. Send the plain path';

/** @returns what completes "The client's request …"; undefined: nothing */
function unfit(
  sent: SentHeaders,
  profile: Profile,
  { key, rest }: AdapterTarget,
  asked: string | undefined,
): string | undefined {
  for (const name of [profile.method, profile.target]) {
    const found = name === null ? 1 : valuesOf(sent, name).length;
    if (found !== 1)
      return `came with ${found} headers ${name}, and exactly one was expected. Have the gateway set it itself, in place of any that its client sent`;
  }
  if (profile.length !== null && valuesOf(sent, profile.length).length > 1)
    return `came with more than one header ${profile.length}. Have the gateway set it itself, in place of any that its client sent`;
  if (isHostile(key + rest) || (asked !== undefined && isHostile(asked))) return HOSTILE_PATH;
  return undefined;
}

/** `x-audgate-client-ip` is the gateway's word only where the gateway sets it in place of its client's own. */
function contextOf(sent: SentHeaders): NonNullable<Ask['context']> {
  const client_ip = onlyValue(sent, 'x-audgate-client-ip') ?? '';
  const request_id = onlyValue(sent, 'x-request-id');
  return { ...(isIP(client_ip) !== 0 && { client_ip }), ...(request_id !== undefined && { request_id }) };
}
