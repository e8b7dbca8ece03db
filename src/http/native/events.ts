/** `POST /v1/events`: Security Event Tokens by push (RFC 8935), which revoke tokens. */
import { readBody } from '../body.ts';
import { count } from '../media.ts';
import type { ProblemAnswer } from '../problems.ts';
import type { CallerRoute, Parts } from '../route.ts';

/** RFC 8935 §2: the token itself is the body. */
const MEDIA_TYPE = 'application/secevent+jwt';

export function createEvents({ decider, limits, metrics }: Parts): CallerRoute {
  return async ({ env: { incoming } }) => {
    const { headers, rawHeaders } = incoming;
    if (decider.receive === undefined) return NO_TRANSMITTERS;
    const type = headers['content-type']?.trim().toLowerCase();
    if (type !== MEDIA_TYPE || count(rawHeaders, 'content-type') !== 1 || headers['content-encoding'] !== undefined)
      return UNSUPPORTED;
    const body = await readBody(incoming, limits.body_bytes);
    if (body.kind === 'too_large')
      return { name: 'body_too_large', detail: `Send at most ${limits.body_bytes} bytes (limits.body_bytes).` };
    if (body.kind === 'ended_early')
      return { name: 'invalid_request', detail: 'The body ended before it was complete.' };
    // A byte a character: what is not ASCII is no compact JWT either way.
    const receipt = await decider.receive(Buffer.from(body.bytes).toString('latin1'));
    switch (receipt.kind) {
      case 'taken':
        metrics.eventReceived(receipt.outcome);
        // RFC 8935 §2.2: an event that came before is acknowledged too, or it would come for ever.
        return new Response(null, { status: 202, headers: NOT_STORED });
      case 'refused':
        metrics.eventReceived('refused');
        return refusal(receipt.error, receipt.description);
      default:
        metrics.eventReceived('failed');
        return UNAVAILABLE;
    }
  };
}

/** RFC 8935 §2.3. */
function refusal(err: string, description: string): Response {
  const headers = { ...NOT_STORED, 'content-type': 'application/json', 'content-language': 'en' };
  return new Response(JSON.stringify({ err, description }), { status: 400, headers });
}

const NOT_STORED = { 'cache-control': 'no-store' };
const NO_TRANSMITTERS: ProblemAnswer = {
  name: 'not_found',
  detail: 'No transmitters of events are configured: see revocation.events.',
};
const UNSUPPORTED: ProblemAnswer = {
  name: 'media_type_unsupported',
  detail: `Content-Type must be ${MEDIA_TYPE}, once and without Content-Encoding.`,
};
const UNAVAILABLE: ProblemAnswer = {
  name: 'unavailable',
  detail: 'The event could not be verified or written down: send it again later. The reason is in the service’s log.',
  headers: { 'retry-after': '5' },
};
