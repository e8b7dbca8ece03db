/** `ANY /v1/gateways/{profile}/{key}[/…]` (contract 7): a gateway hands on its client's request and reads the status. */
import type { IncomingMessage } from 'node:http';
import type { KnownCaller } from '../callers/identify.ts';
import { refuseServer } from '../native/decide.ts';
import type { ProblemAnswer } from '../problems.ts';
import type { Parts, Request } from '../route.ts';
import { narrowed, respond } from './answer.ts';
import { readAsk } from './ask.ts';
import { type DecidingParts, decideForGateway, undecided } from './decide.ts';
import { PROFILES } from './profiles.ts';
import { readTarget, type TargetedRequest } from './target.ts';

export interface GatewayParts extends Parts, DecidingParts {
  /** Host, caller and the permission `decide`, in this order. */
  readonly admit: (incoming: IncomingMessage) => KnownCaller | ProblemAnswer;
  /** Counts a problem and answers it. */
  readonly refuse: (problem: ProblemAnswer) => Response;
}

/** Must be served by `listen`, which keeps the target from being parsed. Takes every method. */
export function createGateways(parts: GatewayParts): (request: Request) => Promise<Response> {
  const { admit, refuse, decider, limits } = parts;
  return async (request) => {
    const incoming: TargetedRequest = request.env.incoming;
    const target = readTarget(incoming.rawTarget ?? '');
    const profile = target === null ? undefined : PROFILES.get(target.profile);
    const statuses = profile?.statuses ?? null;
    try {
      const caller = admit(incoming);
      if (!('servers' in caller)) return narrowed(refuse(caller), statuses);
      if (target === null || profile === undefined) return refuse(NO_PROFILE);
      const refusal = refuseServer({ server: { key: target.key } }, caller, decider);
      if (refusal !== null) return narrowed(refuse(refusal), statuses);
      const ask = await readAsk(incoming, target, profile, caller, limits.body_bytes);
      return respond(await decideForGateway(parts, ask, caller), statuses);
    } catch (err) {
      return respond(undecided(parts, err), statuses);
    }
  };
}

const NO_PROFILE: ProblemAnswer = {
  name: 'not_found',
  detail: `No adapter has this path: ask /v1/gateways/PROFILE/KEY, with a profile of ${[...PROFILES.keys()].join(', ')}.`,
};
